package embedded_test

import (
	"strings"
	"sync/atomic"
	"testing"

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
			b.SetParallelism(64)
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
