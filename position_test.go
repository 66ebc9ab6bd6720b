package tidings_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestPositionIsWhereTheSubscriptionGot(t *testing.T) {
	hub := newHub(t, nil, nil)
	first, err := hub.Publish(t.Context(), event("u", "s", `1`))
	if err != nil {
		t.Fatal(err)
	}
	sub, err := hub.Subscribe(tidings.Selector{User: "u"}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	second, err := hub.Publish(t.Context(), event("u", "s", `2`))
	if err != nil {
		t.Fatal(err)
	}
	if got := sub.Position(); got != first.ID {
		t.Errorf("got %v, want %v, where it began", got, first.ID)
	}
	if _, err := sub.Pending(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := sub.Position(); got != second.ID {
		t.Errorf("got %v, want %v, which was read", got, second.ID)
	}
}

func TestPositionFromTheOldestSkipsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		publishNumbers(t, hub, "u", "s", 0, 499)
		synctest.Wait()
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
		defer sub.Close()
		if at := sub.Position(); !at.IsZero() {
			t.Errorf("got position %s before anything was read, want none", at)
		}
	})
}

// Whoever was handed an event can go on after it at once, though its publisher
// is not done.
func TestPositionThatWasJustReachedIsTheLogs(t *testing.T) {
	for range 8 {
		hub := newHub(t, nil, nil)
		for _, sel := range []tidings.Selector{{Everyone: true}, {User: "u"}, {User: "u", Sessions: []string{"s"}}} {
			sub := subscribe(t, hub, sel, tidings.Live)
			var publisher sync.WaitGroup
			publisher.Go(func() { publishNumbers(t, hub, "u", "s", 1, 3000) })
			resumeEverywhere(t, hub, sub, 3000)
			publisher.Wait()
			sub.Close()
		}
	}
}

// resumeEverywhere reads n events and subscribes after each batch of them.
func resumeEverywhere(t *testing.T, hub *tidings.Hub, sub *tidings.Subscription, n int) {
	t.Helper()
	for n > 0 {
		batch, err := sub.Pending(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if n -= len(batch.Events); len(batch.Events) == 0 {
			continue
		}
		again := subscribe(t, hub, sub.Selector(), tidings.After(sub.Position()))
		if _, err := again.Pending(t.Context(), nil); err != nil {
			t.Errorf("after %v: %v", sub.Position(), err)
			return
		}
		again.Close()
	}
}

func TestPositionBeyondAMemoryLogIsForeign(t *testing.T) {
	log := smallLog(t, tidings.Retention{})
	hub := newHub(t, log, nil)
	publishNumbers(t, hub, "u", "s", 0, 4)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(log.Stamp(9)))
	publishNumbers(t, hub, "u", "s", 5, 9)
	want := append([]string{"lost foreign"}, numbers(0, 9)...)
	if got := readAll(t, sub); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A hub that was restarted has no event yet, and its clients come back.
func TestARestartIsToldBeforeTheFirstEvent(t *testing.T) {
	before := newHub(t, nil, nil)
	ids := append(publishNumbers(t, before, "u", "s", 0, 9), before.Stats().Floor)
	for _, id := range ids {
		after := newHub(t, nil, nil)
		sub := subscribe(t, after, tidings.Selector{User: "u"}, tidings.After(id))
		if got := readAll(t, sub); !slices.Equal(got, []string{"lost foreign"}) {
			t.Errorf("after %s: got %v, want the notice", id, got)
		}
		publishNumbers(t, after, "u", "s", 10, 11)
		if got, want := readAll(t, sub), numbers(10, 11); !slices.Equal(got, want) {
			t.Errorf("after %s: got %v, want %v", id, got, want)
		}
	}
}
