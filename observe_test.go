package tidings_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

const own tidings.Channel = "tidings.own"

func TestObserversAreNotCounted(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		o, err := hub.Observe(tidings.Selector{Everyone: true}, tidings.Live)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		subscribe(t, hub, tidings.Selector{Everyone: true}, tidings.Live)
		if r := publishOne(t, hub, event("u", "s", "1")); r.Subscribers != 1 {
			t.Errorf("the receipt says %d subscribers, want 1", r.Subscribers)
		}
		if got := read(t, o, 1); got[0] != "1" {
			t.Errorf("got %v", got)
		}
		if s := hub.Stats(); s.Subscribers != 1 || s.Delivered != 0 {
			t.Errorf("got %d subscribers and %d delivered, want 1 and 0", s.Subscribers, s.Delivered)
		}
		o.Close()
		if s := hub.Stats(); s.Subscribers != 1 {
			t.Errorf("after the end got %d subscribers, want 1", s.Subscribers)
		}
	})
}

func TestObserversReadReservedChannelsByName(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		o, err := hub.Observe(tidings.Selector{Everyone: true, Channels: []tidings.Channel{own, tidings.AGUI}}, tidings.Oldest)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		note := tidings.Event{User: "u", Channel: own, Data: []byte("1")}
		if _, err := hub.PublishReserved(t.Context(), note); err != nil {
			t.Fatal(err)
		}
		publishOne(t, hub, event("u", "s", "2"))
		if got := read(t, o, 2); got[0] != "1" || got[1] != "2" {
			t.Errorf("the observer got %v", got)
		}
		if got := read(t, sub, 1); got[0] != "2" {
			t.Errorf("the subscriber got %v", got)
		}
		if s := hub.Stats(); s.Published != 1 {
			t.Errorf("%d events are counted as published, want 1", s.Published)
		}
		if _, err := hub.Publish(t.Context(), note); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("Publish: got error %v", err)
		}
		if _, err := hub.PublishBatch(t.Context(), []tidings.Event{note}); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("PublishBatch: got error %v", err)
		}
		if _, err := hub.PublishReserved(t.Context(), event("u", "s", "3")); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("PublishReserved elsewhere: got error %v", err)
		}
	})
}

func TestGoEndsWithTheHub(t *testing.T) {
	hub := newHub(t, nil, nil)
	ended := false
	if err := hub.Go(func(ctx context.Context) { <-ctx.Done(); ended = true }); err != nil {
		t.Fatal(err)
	}
	hub.Close()
	if !ended {
		t.Error("Close did not wait")
	}
	if err := hub.Go(func(context.Context) { t.Error("runs after Close") }); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got error %v", err)
	}
	if _, err := hub.Observe(tidings.Selector{}, tidings.Live); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("Observe: got error %v", err)
	}
	if _, err := hub.Synced(t.Context()); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("Synced: got error %v", err)
	}
}

func TestGoMeetsClose(t *testing.T) {
	for range 200 {
		hub := newHub(t, nil, nil)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { hub.Go(func(ctx context.Context) { <-ctx.Done() }) })
		}
		hub.Close()
		all.Wait()
	}
}

func TestSyncedWaitsForOtherReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, other := newHub(t, log, nil), newHub(t, log.Replica(), nil)
		log.Tails.Hold()
		receipt := publishOne(t, other, event("u", "s", "1"))
		began := time.Now()
		time.AfterFunc(time.Minute, log.Tails.Release)
		at, err := hub.Synced(t.Context())
		if err != nil || at != receipt.ID || time.Since(began) < time.Minute {
			t.Errorf("got %s and error %v after %s, want %s", at, err, time.Since(began), receipt.ID)
		}
		if got := hub.Stats().Head; got != receipt.ID {
			t.Errorf("the head is %s, want %s", got, receipt.ID)
		}
	})
}

func TestSyncedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, other := newHub(t, log, nil), newHub(t, log.Replica(), nil)
		log.Tails.Hold()
		publishOne(t, other, event("u", "s", "1"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := hub.Synced(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v", err)
		}
		time.AfterFunc(time.Second, func() { hub.Close() })
		if _, err := hub.Synced(t.Context()); !errors.Is(err, tidings.ErrClosed) {
			t.Errorf("got error %v", err)
		}
	})
}

func TestNothingIsLeftOfWhoNoLongerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, other := newHub(t, log, nil), newHub(t, log.Replica(), nil)
		log.Tails.Hold()
		publishOne(t, other, event("u", "s", "1"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := hub.Synced(ctx); err == nil || hub.Awaited() != 0 {
			t.Errorf("%d wait, error %v", hub.Awaited(), err)
		}
	})
}

func TestSyncedIsToldThatTheLogWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, other := newHub(t, log, nil), newHub(t, log.Replica(), nil)
		log.Tails.Hold()
		publishOne(t, other, event("u", "s", "1"))
		time.AfterFunc(time.Minute, func() {
			log.Replace()
			log.Tails.Release()
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := hub.Synced(ctx); !errors.Is(err, tidings.ErrReplaced) {
			t.Errorf("got error %v", err)
		}
	})
}

func TestLossesOfObserversAreNotCounted(t *testing.T) {
	told := 0
	log := smallLog(t, tidings.Retention{Events: 1})
	hub := newHub(t, log, &tidings.Options{Hooks: tidings.Hooks{Lost: func(tidings.Selector, *tidings.LostError) { told++ }}})
	o, err := hub.Observe(tidings.Selector{Everyone: true}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for range 3 {
		publishOne(t, hub, event("u", "s", "1"))
	}
	if _, err := o.Pending(t.Context(), nil); !tidings.IsLost(err) {
		t.Errorf("got error %v", err)
	}
	if s := hub.Stats(); told != 0 || s.Lost != 0 || s.Dropped != 0 {
		t.Errorf("%d losses were told, %d and %d events counted", told, s.Lost, s.Dropped)
	}
}

func TestDurable(t *testing.T) {
	if newHub(t, nil, nil).Durable() {
		t.Error("a hub over a memory log says it is durable")
	}
	if !newHub(t, tidingstest.NewSliceLog(nil), nil).Durable() {
		t.Error("a hub over another log says it is not durable")
	}
}
