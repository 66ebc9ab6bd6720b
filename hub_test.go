package tidings_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newHub returns a hub over a log that both end with the test.
func newHub(t testing.TB, log tidings.Log, opts *tidings.Options) *tidings.Hub {
	t.Helper()
	hub, err := tidings.New(t.Context(), log, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	return hub
}

// event returns a publishable event of an owner.
func event(user, session, data string) tidings.Event {
	return tidings.Event{User: user, Channel: tidings.AGUI, Session: session, Type: "CUSTOM", Data: []byte(data)}
}

// publish publishes events that must be kept.
func publish(t testing.TB, hub *tidings.Hub, events ...tidings.Event) []tidings.Receipt {
	t.Helper()
	receipts, err := hub.PublishBatch(context.Background(), events)
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

// subscribe subscribes until the end of the test.
func subscribe(t testing.TB, hub *tidings.Hub, sel tidings.Selector, start tidings.Start) *tidings.Subscription {
	t.Helper()
	sub, err := hub.Subscribe(sel, start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	return sub
}

// read takes n deliveries and shows them: the data of events, "lost" with its
// reason for a notice.
func read(t testing.TB, sub *tidings.Subscription, n int) []string {
	t.Helper()
	var got []string
	for e, err := range sub.Events(t.Context()) {
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			got = append(got, "lost "+lost.Reason)
		} else if err != nil {
			t.Fatalf("after %d: %v", len(got), err)
		} else {
			got = append(got, string(e.Data))
		}
		if len(got) == n {
			break
		}
	}
	return got
}

// numbers returns the data of events from..to.
func numbers(from, to int) []string {
	var s []string
	for i := from; i <= to; i++ {
		s = append(s, fmt.Sprint(i))
	}
	return s
}

func TestReplayThenLiveUnderConcurrentPublishing(t *testing.T) {
	hub := newHub(t, nil, nil)
	const events, subscribers = 20_000, 10_000
	ids := make([]tidings.ID, events)
	progress := make(chan int, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(progress)
		for i := range events {
			ids[i] = publish(t, hub, event("u", fmt.Sprint("s", i%7), fmt.Sprint(i)))[0].ID
			progress <- i
		}
	})
	rng := rand.New(rand.NewPCG(1, 2))
	for range subscribers {
		p, ok := <-progress
		if !ok {
			break
		}
		from := max(0, p-rng.IntN(500))
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(ids[from]))
		next := from + 1
		for e, err := range sub.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(e.Data), fmt.Sprint(next); got != want {
				t.Fatalf("after %d: got %s, want %s", next-1, got, want)
			}
			if next++; next > min(p+2, events-1) {
				break
			}
		}
		sub.Close()
	}
	for range progress { // let the publisher finish
	}
	wg.Wait()
}
