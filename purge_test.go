package tidings_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// purge purges an owner who must be known.
func purge(t testing.TB, hub *tidings.Hub, user string) tidings.ID {
	t.Helper()
	id, err := hub.Purge(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// wantStrings compares what was read with what should have been.
func wantStrings(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPurgedOwnerHasNothingButWhatComesLater(t *testing.T) {
	hub := newHub(t, nil, nil)
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
}

func TestOnlyThePurgedOwnerIsTold(t *testing.T) {
	hub := newHub(t, nil, nil)
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
	for i, want := range [][]string{{"lost expired", "4"}, {"lost expired", "4"}, {"3", "5"}, {"3", "4", "5"}} {
		wantStrings(t, readAll(t, behind[i]), want)
	}
	for i, want := range [][]string{{"4"}, {"4"}, {"5"}, {"4", "5"}} {
		wantStrings(t, readAll(t, ahead[i]), want)
	}
}

func TestPurgeForgetsKeys(t *testing.T) {
	hub := newHub(t, nil, nil)
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
}

func TestPurgeTellsOfItselfOnTheControlChannel(t *testing.T) {
	hub := newHub(t, nil, nil)
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
