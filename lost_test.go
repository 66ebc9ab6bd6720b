package tidings_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// publishNumbers publishes from..to, one by one, to a session.
func publishNumbers(t testing.TB, hub *tidings.Hub, user, session string, from, to int) []tidings.ID {
	t.Helper()
	var ids []tidings.ID
	for i := from; i <= to; i++ {
		ids = append(ids, publishOne(t, hub, event(user, session, fmt.Sprint(i))).ID)
	}
	return ids
}

func TestSlowSubscriberIsToldOnceWhatItLost(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 10}), nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	publishNumbers(t, hub, "u", "s", 1, 2)
	if got, want := read(t, sub, 2), numbers(1, 2); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	publishNumbers(t, hub, "u", "s", 3, 30)
	got, want := read(t, sub, 11), append([]string{"lost expired"}, numbers(21, 30)...)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := sub.Dropped(); got != 18 {
		t.Errorf("dropped %d, want 18", got)
	}
	publishNumbers(t, hub, "u", "s", 31, 31)
	if got, want := read(t, sub, 1), numbers(31, 31); !slices.Equal(got, want) {
		t.Errorf("then got %v, want %v", got, want)
	}
	stats := hub.Stats()
	sub.Close()
	if got := hub.Stats().Dropped; got != 18 || stats.Lost != 1 {
		t.Errorf("stats count %d dropped and %d lost, want 18 and 1", got, stats.Lost)
	}
}

func TestSlowSubscriberLosesNothingThatTheLogRetains(t *testing.T) {
	hub := newHub(t, tidingstest.NewSliceLog(nil), smallWindow())
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	publishNumbers(t, hub, "u", "s", 1, 3000)
	if got, want := read(t, sub, 3000), numbers(1, 3000); !slices.Equal(got, want) {
		t.Errorf("got %d events that are not the %d published", len(got), len(want))
	}
}

func TestSubscriberThatReadsNothingCostsNothingElse(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		other := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		for i := range 2000 {
			publishNumbers(t, hub, "u", "s", i, i)
			if got := read(t, other, 1); got[0] != fmt.Sprint(i) {
				t.Fatalf("got %s, want %d", got, i)
			}
		}
	})
}

func TestOnlyThePositionBeforeTheFloorIsLost(t *testing.T) {
	for name, log := range map[string]tidings.Log{
		"memory": smallLog(t, tidings.Retention{Events: 10}),
		"slice":  tidingstest.NewSliceLog(&tidingstest.SliceOptions{Retain: 10}),
	} {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t, log, &tidings.Options{WindowBytes: 2000})
			ids := publishNumbers(t, hub, "u", "s", 0, 29)
			for i, id := range ids {
				sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(id))
				want := numbers(max(i+1, 20), 29)
				if i < 19 {
					want = append([]string{"lost expired"}, want...)
				}
				if got := read(t, sub, len(want)); !slices.Equal(got, want) {
					t.Errorf("after %d: got %v, want %v", i, got, want)
				}
				if lost := sub.Lost(); (lost != nil) != (i < 19) || lost != nil && (lost.After != id || lost.Oldest != ids[19]) {
					t.Errorf("after %d: lost %v", i, lost)
				}
				sub.Close()
			}
		})
	}
}

func TestViewIsLostOnlyIfSomethingOfItIsGone(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 5}), nil)
	start := publishOne(t, hub, event("u", "quiet", "0")).ID
	publishNumbers(t, hub, "u", "noisy", 1, 50)
	publishNumbers(t, hub, "u", "calm", 51, 53)
	publishOne(t, hub, tidings.Event{User: "u", Session: "noisy", Channel: tidings.Analytics, Data: []byte("54")})
	for _, c := range []struct {
		sel  tidings.Selector
		want string
	}{
		{tidings.Selector{User: "u", Sessions: []string{"calm"}}, "[51 52 53]"},
		{tidings.Selector{User: "u", Sessions: []string{"calm", "quiet"}}, "[51 52 53]"},
		{tidings.Selector{User: "u", Sessions: []string{"calm", "noisy"}}, "[lost expired 47 48 49 50 51 52 53 54]"},
		{tidings.Selector{User: "u", Channels: []tidings.Channel{tidings.Analytics}}, "[54]"},
		{tidings.Selector{User: "u", Channels: []tidings.Channel{tidings.AGUI}}, "[lost expired 47 48 49 50 51 52 53]"},
		{tidings.Selector{User: "u"}, "[lost expired 47 48 49 50 51 52 53 54]"},
		{tidings.Selector{Everyone: true}, "[lost expired 47 48 49 50 51 52 53 54]"},
	} {
		sub := subscribe(t, hub, c.sel, tidings.After(start))
		if got := fmt.Sprint(readAll(t, sub)); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.sel, got, c.want)
		}
	}
}

func TestWhatRemainsIsDeliveredAfterANotice(t *testing.T) {
	log := smallLog(t, tidings.Retention{Events: 3})
	hub := newHub(t, log, nil)
	zero := hub.Stats().Head
	first := publishOne(t, hub, event("u", "quiet", "0")).ID
	publishNumbers(t, hub, "u", "calm", 1, 2)
	publishNumbers(t, hub, "u", "noisy", 3, 20)
	rest := "1 2 18 19 20"
	for _, c := range []struct {
		sel   tidings.Selector
		start tidings.Start
		want  string
	}{
		{tidings.Selector{User: "u"}, tidings.Oldest, "[0 " + rest + "]"},
		{tidings.Selector{Everyone: true}, tidings.Oldest, "[0 " + rest + "]"},
		{tidings.Selector{User: "u", Sessions: []string{"calm", "noisy"}}, tidings.Oldest, "[" + rest + "]"},
		{tidings.Selector{User: "u"}, tidings.After(zero), "[lost expired 0 " + rest + "]"},
		{tidings.Selector{User: "u"}, tidings.After(first), "[lost expired " + rest + "]"},
		{tidings.Selector{User: "u"}, tidings.After(tidings.NewID(time.Now(), 7)), "[lost foreign 0 " + rest + "]"},
	} {
		sub := subscribe(t, hub, c.sel, c.start)
		if got := fmt.Sprint(readAll(t, sub)); got != c.want {
			t.Errorf("%+v from %v: got %s, want %s", c.sel, c.start, got, c.want)
		}
	}
	var got []string
	for batch, err := range log.Read(t.Context(), tidings.Selector{User: "u"}, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			got = append(got, string(e.Data))
		}
	}
	if want := "0 " + rest; strings.Join(got, " ") != want {
		t.Errorf("the log read %v, want %s", got, want)
	}
}

func TestPendingHoldsFewLargeEvents(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		large := `"` + strings.Repeat("x", 400_000) + `"`
		for range 20 {
			publishOne(t, hub, event("u", "s", large))
		}
		for left := 20; left > 0; {
			batch, err := sub.Pending(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(batch.Events) > 3 && hub.Stats().Events > 1 {
				t.Errorf("got %d events of 400 kB at once", len(batch.Events))
			}
			if left -= len(batch.Events); len(batch.Events) == 0 {
				<-sub.Ready()
			}
		}
	})
}

// readAll reads what is pending and shows it.
func readAll(t testing.TB, sub *tidings.Subscription) []string {
	t.Helper()
	got := []string{}
	for {
		batch, err := sub.Pending(t.Context(), nil)
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			got = append(got, "lost "+lost.Reason)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Events) == 0 {
			return got
		}
		for _, e := range batch.Events {
			got = append(got, string(e.Data))
		}
	}
}

func TestForeignPositionIsLost(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		other := newHub(t, nil, nil) // or this one, before a restart
		publishNumbers(t, hub, "u", "s", 0, 9)
		ids := publishNumbers(t, other, "u", "s", 0, 99)
		for _, id := range []tidings.ID{
			other.Stats().Floor, ids[0], ids[3], ids[9], ids[10], ids[99],
			tidings.NewID(time.Now(), 3), tidings.NewID(time.Now(), 1<<63), tidings.NewID(time.Unix(1, 0), 0),
		} {
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(id))
			got, want := read(t, sub, 11), append([]string{"lost foreign"}, numbers(0, 9)...)
			if !slices.Equal(got, want) {
				t.Errorf("after %s: got %v, want %v", id, got, want)
			}
			sub.Close()
		}
	})
}

func TestPositionBeforeTheFirstEventIsValid(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		zero := hub.Stats().Head
		publishNumbers(t, hub, "u", "s", 0, 4)
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(zero))
		if got, want := read(t, sub, 5), numbers(0, 4); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestPositionAheadOfALaggingWindowWaits(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	fast, late := newHub(t, log, nil), newLateHub(t, log)
	ids := publishNumbers(t, fast, "u", "s", 0, 9)
	sub := subscribe(t, late.Hub, tidings.Selector{User: "u"}, tidings.After(ids[5]))
	if got := readAll(t, sub); len(got) > 0 {
		t.Fatalf("got %v from a window that is behind", got)
	}
	late.catchUp()
	if got, want := read(t, sub, 4), numbers(6, 9); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := sub.Dropped(); got != 0 {
		t.Errorf("dropped %d of what was read from the log", got)
	}
}

// A lateHub is a hub on a replica whose tail lags until catchUp.
type lateHub struct {
	*tidings.Hub
	catchUp func()
}

func newLateHub(t testing.TB, log *tidingstest.SliceLog) lateHub {
	replica := log.Replica()
	hub := newHub(t, replica, nil)
	if err := replica.Tails.Await(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	replica.Tails.Hold()
	t.Cleanup(replica.Tails.Release)
	return lateHub{hub, replica.Tails.Release}
}

func TestCutBeforeTheFirstEventResumes(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		batch, err := sub.Pending(t.Context(), nil)
		if err != nil || batch.Through.IsZero() {
			t.Fatalf("told position %q, error %v", batch.Through, err)
		}
		sub.Close()
		publishNumbers(t, hub, "u", "s", 0, 4)
		sub = subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(batch.Through))
		if got, want := read(t, sub, 5), numbers(0, 4); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestIdleForHoursResumesWithoutLoss(t *testing.T) {
	for _, kind := range []string{"memory", "slice"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log tidings.Log
				if kind == "slice" {
					log = tidingstest.NewSliceLog(nil)
				}
				hub := newHub(t, log, nil)
				defer hub.Close()
				sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
				defer sub.Close()
				publishNumbers(t, hub, "u", "s", 0, 0)
				read(t, sub, 1)
				for hour := range 100 { // others are busy, and what u had is gone from the memory log
					time.Sleep(time.Hour)
					publishNumbers(t, hub, fmt.Sprint("other", hour), "s", 0, 9)
				}
				synctest.Wait()
				batch, err := sub.Pending(t.Context(), nil)
				if err != nil || len(batch.Events) > 0 {
					t.Fatalf("got %d events, error %v", len(batch.Events), err)
				}
				sub.Close()
				time.Sleep(time.Hour)
				publishNumbers(t, hub, "u", "s", 1, 3)
				back := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(batch.Through))
				defer back.Close()
				if got, want := read(t, back, 3), numbers(1, 3); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		})
	}
}

func TestFreedTopicsCannotExcludeLoss(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 1, Total: 20_000}), nil)
	first := publishOne(t, hub, event("u", "s", payload200)).ID
	publishOne(t, hub, event("u", "s", payload200))
	for i := range 100 { // push u out altogether
		publishOne(t, hub, event(fmt.Sprint("other", i), "s", payload200))
	}
	if rings := hub.Rings("u"); len(rings) > 0 {
		t.Fatalf("u still has %v", rings)
	}
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(first))
	if got := fmt.Sprint(readAll(t, sub)); got != "[lost expired]" {
		t.Errorf("got %s, want the notice", got)
	}
	fresh := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(hub.Stats().Head))
	if got := readAll(t, fresh); len(got) > 0 {
		t.Errorf("at the head: got %v, want nothing", got)
	}
}

func TestLostIsAnErrorThatDoesNotEndEvents(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 2}), nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	publishNumbers(t, hub, "u", "s", 0, 4)
	for _, err := range sub.Events(t.Context()) {
		if !tidings.IsLost(err) {
			t.Errorf("got %v, want a notice", err)
		}
		break
	}
	if got, want := read(t, sub, 2), numbers(3, 4); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEventsGoesOnWhereTheLoopWasLeft(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		publishNumbers(t, hub, "u", "s", 0, 299)
		var got []string
		for len(got) < 300 {
			got = append(got, read(t, sub, min(1+len(got)%7, 300-len(got)))...)
		}
		if want := numbers(0, 299); !slices.Equal(got[:300], want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := hub.Stats().Delivered; got != 300 {
			t.Errorf("delivered counts %d, want 300", got)
		}
	})
}

func TestChannelFormDeliversAndCloses(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 3}), nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	publishNumbers(t, hub, "u", "s", 0, 9)
	deliveries := sub.Deliveries()
	if first := <-deliveries; first.Lost == nil {
		t.Errorf("got %s, want a notice first", first.Event.Data)
	}
	for _, want := range numbers(7, 9) {
		if got := <-deliveries; string(got.Event.Data) != want {
			t.Errorf("got %s, want %s", got.Event.Data, want)
		}
	}
	sub.Close()
	if _, open := <-deliveries; open {
		t.Error("open after Close")
	}
	if _, err := sub.Pending(context.Background(), nil); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
