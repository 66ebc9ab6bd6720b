package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// BenchmarkReplica is how long an event takes from just before Publish on one
// replica to a subscriber's hands on the other: 500 events/s come whether or not
// those before have arrived, and each is timed from when it was due. Every
// subscription is another owner's, and of 100 one gets events.
func BenchmarkReplica(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("subscriptions=%d", n), func(b *testing.B) {
			url := durable(b)
			from, to := openHub(b, url, nil), openHub(b, url, nil)
			r := newRace()
			r.watch(b, to, n)
			r.publish(b, from, max(1, n/100))
			r.report(b)
		})
	}
}

// A race is between events: when each set out, and when it arrived.
type race struct {
	mu      sync.Mutex // guards what follows
	began   map[uint64]time.Time
	arrived map[uint64]time.Time
	missing sync.WaitGroup // one for each that is under way
}

func newRace() *race {
	return &race{began: make(map[uint64]time.Time), arrived: make(map[uint64]time.Time)}
}

// watch subscribes n owners, each read by a goroutine that ends with the
// benchmark.
func (r *race) watch(b *testing.B, hub *tidings.Hub, n int) {
	subs := make([]*tidings.Subscription, n)
	var readers sync.WaitGroup
	for i := range subs {
		sub, err := hub.Subscribe(tidings.Selector{User: owner(i)}, tidings.Live)
		if err != nil {
			b.Fatal(err)
		}
		subs[i] = sub
		readers.Go(func() { r.read(sub) })
	}
	b.Cleanup(func() {
		for _, sub := range subs {
			sub.Close()
		}
		readers.Wait()
	})
}

// read notes what arrives, until the subscription is closed.
func (r *race) read(sub *tidings.Subscription) {
	for event, err := range sub.Events(context.Background()) {
		if err != nil {
			return
		}
		r.arrive(event.ID.Seq(), time.Now())
	}
}

// arrive notes an arrival.
func (r *race) arrive(seq uint64, at time.Time) {
	r.mu.Lock()
	r.arrived[seq] = at
	r.mu.Unlock()
	r.missing.Done()
}

// publish publishes to so many owners in turn, 500 times a second, until the
// benchmark has enough, and waits until all have arrived. Each owner gets one
// event before: readers who have just begun, and connections that have to be
// made, are no part of it.
func (r *race) publish(b *testing.B, hub *tidings.Hub, owners int) {
	for i := range owners {
		r.start(b, hub, owner(i*100), time.Now())
		r.missing.Wait()
	}
	r.forget()
	const pause = time.Second / 500
	due, i := time.Now(), 0
	for b.Loop() {
		due, i = due.Add(pause), i+1
		time.Sleep(time.Until(due))
		r.missing.Add(1)
		set, to := due, owner(i%owners*100)
		go func() {
			defer r.missing.Done()
			r.start(b, hub, to, set)
		}()
	}
	r.missing.Wait()
}

// start publishes an event that was due.
func (r *race) start(b *testing.B, hub *tidings.Hub, to string, due time.Time) {
	r.missing.Add(1) // ends with its arrival
	receipt, err := hub.Publish(context.Background(), token(to))
	if err != nil {
		b.Error(err)
		r.missing.Done()
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began[receipt.ID.Seq()] = due
}

// forget forgets what arrived.
func (r *race) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.began)
	clear(r.arrived)
}

// report tells the percentiles.
func (r *race) report(b *testing.B) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []time.Duration
	for seq, at := range r.arrived {
		if began, ok := r.began[seq]; ok {
			all = append(all, at.Sub(began))
		}
	}
	b.ReportMetric(0, "ns/op") // it is the pause between two events
	b.ReportMetric(percentile(all, 50), "p50-ms")
	b.ReportMetric(percentile(all, 99), "p99-ms")
}
