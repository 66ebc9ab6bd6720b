package tidings_test

import (
	"slices"
	"testing"

	"github.com/tidings-dev/tidings"
)

func TestEventsThatGoBeforeAFloorAreLostToo(t *testing.T) {
	for name, c := range map[string]struct {
		sel   tidings.Selector
		first int // notices before anything is read
	}{
		"sessions": {tidings.Selector{User: "u", Sessions: []string{"a", "b"}}, 0},
		"owner":    {tidings.Selector{User: "u"}, 1},
		"everyone": {tidings.Selector{Everyone: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t, smallLog(t, tidings.Retention{Events: 300}), nil)
			zero := hub.Stats().Head
			publishNumbers(t, hub, "u", "a", 1, 300)
			publishNumbers(t, hub, "u", "noisy", 301, 1000) // discards 301 to 700
			sub := subscribe(t, hub, c.sel, tidings.After(zero))
			want := append(slices.Repeat([]string{"lost expired"}, c.first), numbers(1, 128)...)
			if got := read(t, sub, len(want)); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
			publishNumbers(t, hub, "u", "a", 1001, 1300) // discards what is left of 1 to 300
			if got := read(t, sub, 1); got[0] != "lost expired" {
				t.Errorf("after 128 got %s, but 129 to 300 are gone", got)
			}
			if lost := sub.Lost(); lost == nil || lost.Reason != tidings.LostExpired {
				t.Errorf("lost is %v", lost)
			}
		})
	}
}

func TestDroppedIsKnownWhenALongTopicIsRead(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 30_000}), nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	for round := range 2 {
		publishNumbers(t, hub, "u", "s", 1, 50_000)
		want := append([]string{"lost expired"}, numbers(20_001, 50_000)...)
		if got := readAll(t, sub); !slices.Equal(got, want) {
			t.Fatalf("got %d, want a notice and the 30,000 retained", len(got))
		}
		if got, want := sub.Dropped(), uint64(round+1)*20_000; got != want {
			t.Errorf("dropped %d, want %d", got, want)
		}
	}
}
