package tidings_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// purge purges an owner, and waits until the hub has heard of it.
func purge(t testing.TB, hub *tidings.Hub, user string) tidings.ID {
	t.Helper()
	id, err := hub.Purge(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	hear(t, hub)
	return id
}

// hear waits until the hub has heard of everything that was acknowledged.
func hear(t testing.TB, hub *tidings.Hub) {
	t.Helper()
	if _, err := hub.Synced(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// wantStrings compares what was read with what should have been.
func wantStrings(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPurgedOwnerHasNothingButWhatComesLater(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		publishNumbers(t, hub, "u", "s", 1, 3)
		publishNumbers(t, hub, "other", "s", 4, 5)
		publishNumbers(t, hub, "u", "t", 6, 7)
		purge(t, hub, "u")
		publishNumbers(t, hub, "u", "s", 8, 8)
		for _, c := range []struct {
			sel  tidings.Selector
			want []string
		}{
			{tidings.Selector{User: "u"}, numbers(8, 8)},
			{tidings.Selector{User: "u", Sessions: []string{"t"}}, nil},
			{tidings.Selector{User: "other"}, numbers(4, 5)},
			{tidings.Selector{Everyone: true}, []string{"4", "5", "8"}},
		} {
			wantStrings(t, readAll(t, subscribe(t, hub, c.sel, tidings.Oldest)), c.want)
		}
		if lie := hub.Audit(); lie != "" {
			t.Errorf("wrong account: %s", lie)
		}
	})
}

func TestOnlyThePurgedOwnerIsTold(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		selectors := []tidings.Selector{{User: "u"}, {User: "u", Sessions: []string{"s"}}, {User: "other"}, {Everyone: true}}
		var behind, ahead []*tidings.Subscription
		for _, sel := range selectors {
			behind = append(behind, subscribe(t, hub, sel, tidings.Live))
		}
		publishNumbers(t, hub, "u", "s", 1, 2)
		publishNumbers(t, hub, "other", "s", 3, 3)
		for _, sel := range selectors {
			sub := subscribe(t, hub, sel, tidings.Oldest)
			readAll(t, sub)
			ahead = append(ahead, sub)
		}
		purge(t, hub, "u")
		publishNumbers(t, hub, "u", "s", 4, 4)
		publishNumbers(t, hub, "other", "s", 5, 5)
		hear(t, hub)
		for i, want := range [][]string{{"lost expired", "4"}, {"lost expired", "4"}, {"3", "5"}, {"3", "4", "5"}} {
			wantStrings(t, readAll(t, behind[i]), want)
		}
		for i, want := range [][]string{{"4"}, {"4"}, {"5"}, {"4", "5"}} {
			wantStrings(t, readAll(t, ahead[i]), want)
		}
	})
}

func TestPurgeForgetsKeys(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		e := event("u", "s", "1")
		e.Key = "k"
		others := e
		others.User = "other"
		publish(t, hub, e, others)
		purge(t, hub, "u")
		if r := publishOne(t, hub, e); r.Duplicate {
			t.Error("the owner's key is still known")
		}
		if r := publishOne(t, hub, others); !r.Duplicate {
			t.Error("the other owner's key is forgotten")
		}
	})
}

func TestPurgeTellsOfItselfOnTheControlChannel(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		o, err := hub.Observe(tidings.Selector{Everyone: true, Channels: []tidings.Channel{tidings.Control}}, tidings.Oldest)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		id := purge(t, hub, "nobody")
		batch, err := o.Pending(t.Context(), nil)
		if err != nil || len(batch.Events) != 1 {
			t.Fatalf("got %d events, error %v", len(batch.Events), err)
		}
		if e := batch.Events[0]; e.ID != id || e.User != "nobody" || string(e.Data) != "{}" || !e.Purged() {
			t.Errorf("got %+v, want the purge %s", e, id)
		}
	})
}

func TestWhatCannotBePurged(t *testing.T) {
	hub := newHub(t, nil, nil)
	if _, err := hub.Purge(t.Context(), " u"); !errors.Is(err, tidings.ErrInvalid) {
		t.Errorf("a name that cannot be: got %v", err)
	}
	plain := newHub(t, struct{ tidings.Log }{tidingstest.NewSliceLog(nil)}, nil)
	if _, err := plain.Purge(t.Context(), "u"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a log that cannot purge: got %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := hub.Purge(ended, "u"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: got %v", err)
	}
	hub.Close()
	if _, err := hub.Purge(t.Context(), "u"); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("a closed hub: got %v", err)
	}
}

func TestEveryWindowLetsGoOfAPurgedOwner(t *testing.T) {
	onReplicas(t, func(t *testing.T, log *tidingstest.SliceLog, hubs [2]*tidings.Hub) {
		ids := publishNumbers(t, hubs[0], "u", "s", 1, 3)
		publishNumbers(t, hubs[0], "other", "s", 4, 5)
		synctest.Wait()
		purge(t, hubs[0], "u")
		publishNumbers(t, hubs[1], "u", "s", 6, 6)
		synctest.Wait()
		for i, hub := range hubs {
			if s := hub.Stats(); s.Events != 4 { // one says that there was a purge
				t.Errorf("replica %d has %d events, want 4", i, s.Events)
			}
			if lie := hub.Audit(); lie != "" {
				t.Errorf("replica %d: wrong account: %s", i, lie)
			}
			feed := subscribe(t, hub, tidings.Selector{Everyone: true}, tidings.After(ids[1]))
			wantStrings(t, readAll(t, feed), numbers(4, 6))
			feed.Close()
			own := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(ids[1]))
			wantStrings(t, readAll(t, own), []string{"lost expired", "6"})
			own.Close()
		}
	})
}

// A window that is filled meets purges of the past.
func TestAFilledWindowHasNothingOfAPurgedOwner(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	history(t, log, 1, 3)
	if _, err := log.Purge(t.Context(), "u"); err != nil {
		t.Fatal(err)
	}
	history(t, log, 4, 5)
	hub := newHub(t, log.Recalling(), nil)
	if s := hub.Stats(); s.Events != 3 {
		t.Errorf("the window has %d events, want two and what says that there was a purge", s.Events)
	}
	wantStrings(t, readAll(t, subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)), numbers(4, 5))
}
