package main

import "testing"

func TestMemoryIsGivenBackWhenManyCameOrWentAndThatIsOver(t *testing.T) {
	m := new(memory)
	for i, look := range []struct {
		streams int
		want    bool
	}{
		{0, false}, {499, false}, {499, false}, // few
		{3000, false}, {9000, false}, {9990, false}, {9999, true}, // many, still more, and that is all
		{9999, false}, {9980, false}, {10010, false}, // it was
		{9500, false}, {9499, true}, // so many less
		{100, false}, {100, true}, {0, false}, {0, false},
	} {
		if got := m.due(look.streams); got != look.want {
			t.Errorf("look %d, %d streams: got %v", i, look.streams, got)
		}
	}
}
