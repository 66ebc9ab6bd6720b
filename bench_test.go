package tidings_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/tidings-dev/tidings"
)

// payload200 is 200 bytes, as models stream them.
const payload200 = `{"type":"TEXT_MESSAGE_CONTENT","messageId":"d0d2e5c4-f923-4efc-829e-50affaf28678","delta":"Here is a sentence of the length that models like to stream to those who wait for them, more or less"}`

// BenchmarkPublish is one publisher in process and one subscriber who reads
// each event before the next: what an event costs from end to end without a
// connection.
func BenchmarkPublish(b *testing.B) {
	hub := newHub(b, nil, nil)
	sub := subscribe(b, hub, tidings.Selector{User: "u"}, tidings.Live)
	e := event("u", "s", payload200)
	buffer := make([]tidings.Event, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		publishOne(b, hub, e)
		drain(b, sub, buffer)
	}
}

// BenchmarkPublishParallel is a publisher on each processor.
func BenchmarkPublishParallel(b *testing.B) {
	hub := newHub(b, nil, nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		e := event("u", "s", payload200)
		for pb.Next() {
			publishOne(b, hub, e)
		}
	})
}

// BenchmarkMark is an event for 10,000 idle cursors on one topic: what it
// costs the publisher to mark each ready.
func BenchmarkMark(b *testing.B) {
	const cursors = 10_000
	hub := newHub(b, nil, nil)
	subs := followers(b, hub, cursors)
	e := event("u", "s", payload200)
	buffer := make([]tidings.Event, 0, 128)
	for b.Loop() {
		b.StopTimer()
		for _, sub := range subs {
			drain(b, sub, buffer)
		}
		b.StartTimer()
		publishOne(b, hub, e)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cursors, "ns/cursor")
}

// BenchmarkFanout is the reading side of the same: 10,000 cursors take one
// event each.
func BenchmarkFanout(b *testing.B) {
	const cursors = 10_000
	hub := newHub(b, nil, nil)
	subs := followers(b, hub, cursors)
	e := event("u", "s", payload200)
	buffer := make([]tidings.Event, 0, 128)
	for b.Loop() {
		publishOne(b, hub, e)
		for _, sub := range subs {
			drain(b, sub, buffer)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cursors, "ns/delivery")
}

// BenchmarkServe is BenchmarkFanout for who serves many and is woken for each.
func BenchmarkServe(b *testing.B) {
	const cursors = 10_000
	hub := newHub(b, nil, nil)
	s := &server{make(chan *served, cursors)}
	for _, sub := range followers(b, hub, cursors) {
		one := &served{Subscription: sub, server: s}
		one.Notify(one)
		if _, _, err := one.TryPending(nil); err != nil {
			b.Fatal(err)
		}
	}
	e := event("u", "s", payload200)
	buffer := make([]tidings.Event, 0, 128)
	for b.Loop() {
		publishOne(b, hub, e)
		for range cursors {
			sub := <-s.woken
			sub.queued.Store(false)
			if batch, more, err := sub.TryPending(buffer); len(batch.Events) != 1 || more || err != nil {
				b.Fatal(batch, more, err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cursors, "ns/delivery")
}

// followers returns n subscriptions of one owner.
func followers(b *testing.B, hub *tidings.Hub, n int) []*tidings.Subscription {
	subs := make([]*tidings.Subscription, n)
	for i := range subs {
		subs[i] = subscribe(b, hub, tidings.Selector{User: "u"}, tidings.Live)
	}
	return subs
}

// BenchmarkMemory reports the heap that things cost, each measured over many
// of them.
func BenchmarkMemory(b *testing.B) {
	const many = 100_000
	unbounded := &tidings.MemoryOptions{Retain: tidings.Retention{Events: -1, Bytes: -1, Total: -1}}
	var users []string
	for i := range 100 {
		users = append(users, fmt.Sprint("u", i))
	}
	for _, c := range []struct {
		name string
		make func(hub *tidings.Hub, i int) any
	}{
		{"event", func(hub *tidings.Hub, i int) any {
			return publishOne(b, hub, event(fmt.Sprint("u", i%100), fmt.Sprint("s", i%1000), payload200))
		}},
		{"cursor", func(hub *tidings.Hub, i int) any {
			return subscribed(hub, tidings.Selector{User: users[i%100]})
		}},
		{"session", func(hub *tidings.Hub, i int) any {
			return subscribed(hub, tidings.Selector{User: users[i%100], Sessions: []string{fmt.Sprint("s", i)}})
		}},
		{"key", func(hub *tidings.Hub, i int) any {
			e := event("u", "s", `1`)
			e.Key = fmt.Sprintf("d0d2e5c4-f923-4efc-829e-%012d", i)
			return publishOne(b, hub, e)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				options := *unbounded
				if c.name == "key" {
					options.Retain = tidings.Retention{Events: 1}
				}
				log := tidings.NewMemoryLog(&options)
				defer log.Close()
				hub := newHub(b, log, nil)
				before := heap()
				var kept []any
				if c.name == "cursor" || c.name == "session" {
					kept = make([]any, 0, many)
				}
				for i := range many {
					if thing := c.make(hub, i); kept != nil {
						kept = append(kept, thing)
					}
				}
				b.ReportMetric(float64(heap()-before)/many, "B/"+c.name)
				runtime.KeepAlive(kept)
			}
		})
	}
}

// subscribed returns a subscription that ends with its hub.
func subscribed(hub *tidings.Hub, sel tidings.Selector) *tidings.Subscription {
	sub, err := hub.Subscribe(sel, tidings.Live)
	if err != nil {
		panic(err)
	}
	return sub
}

// heap returns the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func publishOne(b testing.TB, hub *tidings.Hub, e tidings.Event) tidings.Receipt {
	receipt, err := hub.Publish(context.Background(), e)
	if err != nil {
		b.Fatal(err)
	}
	return receipt
}

// drain reads what is pending, until the cursor waits.
func drain(b testing.TB, sub *tidings.Subscription, buffer []tidings.Event) {
	for {
		batch, err := sub.Pending(context.Background(), buffer)
		if err != nil {
			b.Fatal(err)
		}
		if len(batch.Events) == 0 {
			break
		}
	}
	select {
	case <-sub.Ready():
	default:
	}
}
