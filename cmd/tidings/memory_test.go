package main

import (
	"testing"

	"github.com/tidings-dev/tidings"
)

func TestMemoryIsGivenBackWhenManyCameOrWentAndThatIsOver(t *testing.T) {
	m := new(memory)
	hooks := m.hooks()
	for i, look := range []struct {
		came, went int
		want       bool
	}{
		{0, 0, false}, {400, 99, false}, {0, 0, false}, // few
		{3000, 0, false}, {6000, 0, false}, {90, 0, false}, {49, 0, true}, // many, still more, and that is all
		{0, 0, false}, {0, 20, false}, {30, 0, false}, // it was
		{200, 249, false}, {0, 1, true},
		{10_000, 10_000, false}, {0, 0, true}, {0, 0, false}, // nobody stayed
	} {
		for range look.came {
			hooks.Subscribed(tidings.Selector{})
		}
		for range look.went {
			hooks.Unsubscribed(tidings.Selector{})
		}
		if got := m.due(); got != look.want {
			t.Errorf("look %d: got %v", i, got)
		}
	}
}
