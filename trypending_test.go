package tidings_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidings-dev/tidings"
)

// A server serves many Subscriptions by one goroutine, which never waits for one
// of them.
type server struct {
	woken chan *served
}

// A served is one of them.
type served struct {
	*tidings.Subscription
	server *server
	queued atomic.Bool
	got    []string
}

// Wake implements [tidings.Waker].
func (s *served) Wake() {
	if !s.queued.Swap(true) {
		s.server.woken <- s
	}
}

// serve calls whoever was woken, until all have what they want.
func (s *server) serve(t *testing.T, want int) {
	for done := 0; done < want; {
		sub := <-s.woken
		sub.queued.Store(false)
		for more := true; more; {
			var batch tidings.Batch
			var err error
			batch, more, err = sub.TryPending(nil)
			if errors.Is(err, tidings.ErrBehind) && sub.Behind() {
				batch, err = sub.Pending(t.Context(), nil)
			}
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range batch.Events {
				sub.got = append(sub.got, string(e.Data))
			}
			done += len(batch.Events)
		}
	}
}

// TestWhoeverIsServedAmongManyMissesNothing has Subscriptions that are asked only
// when they said that there is more, or were woken.
func TestWhoeverIsServedAmongManyMissesNothing(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		const events, users = 3000, 7
		s := &server{make(chan *served, 1000)}
		var subs []*served
		want := 0
		for i := range 10 * users {
			start, of := tidings.Live, fmt.Sprint("u", i%users)
			if i%2 == 0 {
				start = tidings.Oldest
			}
			sub := &served{Subscription: subscribe(t, hub, tidings.Selector{User: of}, start), server: s}
			sub.Notify(sub)
			sub.Wake()
			subs = append(subs, sub)
			want += events / users
		}
		var publishers sync.WaitGroup
		for p := range users {
			publishers.Go(func() {
				for i := range events / users {
					publish(t, hub, event(fmt.Sprint("u", p), "s", fmt.Sprint(i)))
				}
			})
		}
		s.serve(t, want)
		publishers.Wait()
		for i, sub := range subs {
			if !slices.Equal(sub.got, numbers(0, events/users-1)) {
				t.Fatalf("subscription %d got %v", i, sub.got)
			}
			sub.Close()
		}
	})
}

// TestAWakeComesWhenEverythingWasReturned has one for each time, and none before.
func TestAWakeComesWhenEverythingWasReturned(t *testing.T) {
	hub := newHub(t, nil, nil)
	s := &server{make(chan *served, 10)}
	sub := &served{Subscription: subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live), server: s}
	sub.Notify(sub)
	for i := range 10 {
		publish(t, hub, event("u", "s", fmt.Sprint(i)))
		if n := len(s.woken); n != min(i, 1) {
			t.Fatalf("woken %d times for event %d", n, i)
		}
		if i > 0 {
			(<-s.woken).queued.Store(false)
		}
		batch, more, err := sub.TryPending(nil)
		if len(batch.Events) != 1 || more || err != nil || batch.Through != batch.Events[0].ID {
			t.Fatalf("got %v, %v, %v", batch, more, err)
		}
	}
	publish(t, hub, event("u", "s", "1"), event("u", "s", "2"))
	if _, more, err := sub.TryPending(make([]tidings.Event, 0, 1)); !more || err != nil {
		t.Errorf("got %v, %v with one of two events", more, err)
	}
	sub.Close()
	if _, _, err := sub.TryPending(nil); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestTheEndWakes ends the hub under a Subscription that waits.
func TestTheEndWakes(t *testing.T) {
	hub := newHub(t, nil, nil)
	s := &server{make(chan *served, 1)}
	sub := &served{Subscription: subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live), server: s}
	sub.Notify(sub)
	if _, more, err := sub.TryPending(nil); more || err != nil {
		t.Errorf("got %v, %v", more, err)
	}
	hub.Close()
	if _, _, err := (<-s.woken).TryPending(nil); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
