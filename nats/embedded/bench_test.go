package embedded_test

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// BenchmarkPublish is 64 publishers of 200 bytes, each of whom waits for his
// receipt.
func BenchmarkPublish(b *testing.B) {
	for name, opts := range map[string]*embedded.Options{"interval": nil, "always": {SyncAlways: true}} {
		b.Run(name, func(b *testing.B) {
			hub, err := tidings.New(b.Context(), open(b, b.TempDir(), opts), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer hub.Close()
			event := tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(`"` + strings.Repeat("x", 198) + `"`)}
			var failed atomic.Pointer[error]
			b.SetParallelism(64 / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := hub.Publish(b.Context(), event); err != nil {
						failed.Store(&err)
						return
					}
				}
			})
			if err := failed.Load(); err != nil {
				b.Fatal(*err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkDelivery is how long it takes from before an event is published until a
// subscriber of the hub has it, at 1,000 events a second.
func BenchmarkDelivery(b *testing.B) {
	hub, err := tidings.New(b.Context(), open(b, b.TempDir(), nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer hub.Close()
	sub, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.Live)
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Close()
	sent, took := make([]time.Time, b.N), make([]time.Duration, 0, b.N)
	b.ResetTimer()
	var publishing sync.WaitGroup
	publishing.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for n := range b.N {
			<-tick.C
			sent[n] = time.Now()
			event := tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(strconv.Itoa(n))}
			if _, err := hub.Publish(b.Context(), event); err != nil {
				b.Error(err)
				return
			}
		}
	})
	for e, err := range sub.Events(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		n, _ := strconv.Atoi(string(e.Data))
		if took = append(took, time.Since(sent[n])); len(took) == b.N {
			break
		}
	}
	publishing.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
