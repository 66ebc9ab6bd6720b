package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// BenchmarkIdle is what a replica asks of the database while nothing happens:
// statements per polling interval, which is a second, by what the server counts.
// How many owners are attached does not matter. A minute has one more, for
// housekeeping, so it is measured over at least so many intervals:
// -benchtime=10x.
func BenchmarkIdle(b *testing.B) {
	for _, n := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("owners=%d", n), func(b *testing.B) {
			url := durable(b)
			execute(b, url, `CREATE EXTENSION pg_stat_statements`)
			hub := openHub(b, url, nil)
			for i := range n {
				if _, err := hub.Subscribe(tidings.Selector{User: owner(i)}, tidings.Live); err != nil {
					b.Fatal(err)
				}
			}
			// What a start asks for is over.
			if _, err := hub.Publish(context.Background(), token("somebody")); err != nil {
				b.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			before := calls(b, url)
			for b.Loop() {
				time.Sleep(time.Second)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(calls(b, url)-before)/b.Elapsed().Seconds(), "statements/interval")
		})
	}
}

// calls returns how many statements the database executed for logs.
func calls(b *testing.B, url string) int64 {
	return query[int64](b, url, `
SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'`)
}
