package postgres_test

import (
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// BenchmarkRead is how fast history comes, in events/s: "everyone" is the feed of
// all, "owner" an owner with 1,000 of 200,000 events, which is what a client
// reads who was away, and "session" one of his seven sessions.
func BenchmarkRead(b *testing.B) {
	const events, owners = 200_000, 200
	url := durable(b)
	load(b, url, events, owners, 1_000_000, time.Hour)
	log := openLog(b, url, nil)
	for _, c := range []struct {
		name string
		sel  tidings.Selector
	}{
		{"everyone", tidings.Selector{Everyone: true}},
		{"owner", tidings.Selector{User: owner(7)}},
		{"session", tidings.Selector{User: owner(7), Sessions: []string{"s-3"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				for batch, err := range log.Read(b.Context(), c.sel, tidings.ID{}) {
					if err != nil {
						b.Fatal(err)
					}
					n += len(batch.Events)
				}
			}
			if n == 0 {
				b.Fatal("no events")
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
