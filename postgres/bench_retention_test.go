package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// BenchmarkRetention is what publishers notice of the housekeeping that discards
// 1,000,000 events: 64 of them publish one event after the other, for three
// seconds without it and three with it, which begins at once. The percentiles of
// both are of the same run. By default so many events are one partition; 16 at
// once are the herd that a shorter retention sets loose.
func BenchmarkRetention(b *testing.B) {
	const events = 1_000_000
	for _, parts := range []int64{1, 16} {
		b.Run(fmt.Sprintf("partitions=%d", parts), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				url := durable(b)
				load(b, url, events, 5_000, events/parts, 2*time.Hour)
				execute(b, url, `UPDATE tidings.head SET least = $1`, events+1)
				hub := openHub(b, url, &postgres.Options{RetainAge: time.Hour, Partition: events})
				b.StartTimer()
				usual := busy(b, hub, 3*time.Second, func() {})
				var took time.Duration
				during := busy(b, hub, 3*time.Second, func() { took = discard(b, url, events) })
				compare(b, usual, during)
				b.ReportMetric(float64(took)/float64(time.Millisecond), "discarding-ms")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// discard makes housekeeping due, and waits until that many events are gone.
func discard(b *testing.B, url string, events int64) time.Duration {
	if floor := query[int64](b, url, `SELECT floor FROM tidings.head`); floor > 0 {
		b.Fatalf("events up to %d were discarded before", floor)
	}
	began := time.Now()
	execute(b, url, `UPDATE tidings.housekeeping SET done = '-infinity'`)
	for query[int64](b, url, `SELECT floor FROM tidings.head`) < events {
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

// BenchmarkPurge is what publishers notice of the purge of an owner who has
// 100,000 events of 200,000, and how long it takes.
func BenchmarkPurge(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		url := durable(b)
		load(b, url, 200_000, 2, 1_000_000, time.Hour)
		hub := openHub(b, url, nil)
		b.StartTimer()
		usual := busy(b, hub, 3*time.Second, func() {})
		var took time.Duration
		during := busy(b, hub, 3*time.Second, func() {
			began := time.Now()
			if _, err := hub.Purge(context.Background(), owner(1)); err != nil {
				b.Error(err)
			}
			took = time.Since(began)
		})
		compare(b, usual, during)
		b.ReportMetric(float64(took)/float64(time.Millisecond), "purge-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// compare reports how long publishes took, usually and meanwhile.
func compare(b *testing.B, usual, during []time.Duration) {
	b.ReportMetric(percentile(usual, 99), "usual-p99-ms")
	b.ReportMetric(percentile(during, 99), "during-p99-ms")
	b.ReportMetric(percentile(usual, 100), "usual-max-ms")
	b.ReportMetric(percentile(during, 100), "during-max-ms")
}

// busy has publishers publish for a while, does something meanwhile, and returns
// how long each publish took.
func busy(b *testing.B, hub *tidings.Hub, while time.Duration, do func()) (all []time.Duration) {
	var mu sync.Mutex
	var work sync.WaitGroup
	var over atomic.Bool
	for i := range publishers {
		work.Go(func() {
			took := oneAfterTheOther(b, hub, owner(i), &over)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	end := time.After(while)
	do()
	<-end
	over.Store(true)
	work.Wait()
	return all
}

// oneAfterTheOther publishes until it is over.
func oneAfterTheOther(b *testing.B, hub *tidings.Hub, user string, over *atomic.Bool) (took []time.Duration) {
	for !over.Load() {
		began := time.Now()
		if _, err := hub.Publish(context.Background(), token(user)); err != nil {
			b.Error(err)
			return took
		}
		took = append(took, time.Since(began))
	}
	return took
}
