//go:build !race

package tidings_test

import (
	"testing"

	"github.com/tidings-dev/tidings"
)

// The race detector allocates too, so these hold without it only.

func TestPublishAllocatesThreeTimes(t *testing.T) {
	hub := newHub(t, nil, nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	e := event("u", "s", payload200)
	buffer := make([]tidings.Event, 0, 128)
	got := testing.AllocsPerRun(10_000, func() {
		publishOne(t, hub, e)
		drain(t, sub, buffer)
	})
	if got > 3 {
		t.Errorf("%v allocations for an event and its delivery, want at most 3", got)
	}
}

func TestFramesAreEncodedOnceForAll(t *testing.T) {
	hub := newHub(t, nil, nil)
	var subs []*tidings.Subscription
	for range 100 {
		subs = append(subs, subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live))
	}
	publishOne(t, hub, event("u", "s", payload200))
	var first *byte
	for _, sub := range subs {
		batch, err := sub.Pending(t.Context(), nil)
		if err != nil || len(batch.Events) != 1 {
			t.Fatalf("got %d events, error %v", len(batch.Events), err)
		}
		e := &batch.Events[0]
		if first == nil {
			first = &e.Data[0]
		}
		if first != &e.Data[0] {
			t.Fatal("a subscriber has bytes of its own")
		}
		frame, prefix, suffix := make([]byte, 0, 1000), []byte(`{"event":`), []byte(`}`)
		if n := testing.AllocsPerRun(10, func() { e.AppendFrame(frame, prefix, suffix) }); n > 0 {
			t.Fatalf("%v allocations for a frame", n)
		}
	}
}
