package tidings_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

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
	if n == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	for e, err := range sub.Events(ctx) {
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

func TestLeavingWhileOthersWait(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		var subs []*tidings.Subscription
		for range 10 {
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
			readAll(t, sub) // nothing: it waits
			subs = append(subs, sub)
		}
		for len(subs) > 1 { // each time from another place, until one is left
			subs[len(subs)/3].Close()
			subs = append(subs[:len(subs)/3], subs[len(subs)/3+1:]...)
			if lie := hub.Audit(); lie != "" {
				t.Fatalf("wrong account: %s", lie)
			}
			if len(subs)%2 == 0 {
				continue
			}
			publishOne(t, hub, event("u", "s", "1"))
			for _, sub := range subs {
				<-sub.Ready()
				if got := read(t, sub, 1); got[0] != "1" {
					t.Fatalf("got %v", got)
				}
				readAll(t, sub)
			}
		}
	})
}
