package tidings_test

import (
	"slices"
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
