package postgres_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/tidings-dev/tidings"
)

// publishers is how many publish at the same time, each of them one event after
// the other.
const publishers = 64

// BenchmarkPublish is 64 publishers who wait for the receipt of each event, in
// events/s. "hub" is one hub, which also follows the log as a replica does.
// "outbox" is what services do that have no hub: a row and a notification with
// its id for each event, in a transaction of its own, here in one round trip;
// nobody listens. Small pools spare the server, large ones share its fsync, so
// there are several sizes, and the fastest counts.
func BenchmarkPublish(b *testing.B) {
	url := durable(b)
	hub := openHub(b, url, nil)
	b.Run("hub", func(b *testing.B) {
		inParallel(b, func(ctx context.Context, user string) error {
			_, err := hub.Publish(ctx, token(user))
			return err
		})
	})
	execute(b, url, `CREATE TABLE usual_outbox (
    id bigserial PRIMARY KEY, "user" text NOT NULL, channel text NOT NULL, payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now())`)
	for _, n := range []int{64, 16, 4} {
		b.Run(fmt.Sprintf("outbox/connections=%d", n), func(b *testing.B) { usualOutbox(b, url, n) })
	}
}

// usualOutbox is the way of the others.
func usualOutbox(b *testing.B, url string, connections int) {
	p := pool(b, url, connections)
	inParallel(b, func(ctx context.Context, user string) error {
		e := token(user)
		_, err := p.Exec(ctx, `
WITH kept AS (INSERT INTO usual_outbox ("user", channel, payload) VALUES ($1, $2, $3) RETURNING id)
SELECT pg_notify('usual_outbox', id::text) FROM kept`, e.User, string(e.Channel), e.Data)
		return err
	})
}

// BenchmarkAppendBatch is one caller of Append and what batches bring: events/s
// by the number of events in each.
func BenchmarkAppendBatch(b *testing.B) {
	log := openLog(b, durable(b), nil)
	for _, size := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) {
			events := make([]tidings.Event, size)
			for i := range events {
				events[i] = token(owner(i))
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := log.Append(b.Context(), events); err != nil {
					b.Fatal(err)
				}
			}
			eventsPerSecond(b, size)
		})
	}
}

// BenchmarkAppendKeys is BenchmarkAppendBatch with 100 events, each of which has
// a key of its own: what it costs that retries change nothing.
func BenchmarkAppendKeys(b *testing.B) {
	const size = 100
	log := openLog(b, durable(b), nil)
	events := make([]tidings.Event, size)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range events {
			events[i] = token(owner(i))
			events[i].Key = fmt.Sprintf("d0d2e5c4-f923-4efc-829e-%012d", n)
			n++
		}
		if _, err := log.Append(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
	eventsPerSecond(b, size)
}

// BenchmarkTransactions is 64 connections whose transactions each publish by
// tidings_publish beside a row of their own, in transactions/s: as it is, with
// notifications turned off, which lets them commit together, and without
// publishing. Two replicas listen and move what was published.
func BenchmarkTransactions(b *testing.B) {
	url := durable(b)
	for range 2 {
		openHub(b, url, nil)
	}
	execute(b, url, `CREATE TABLE orders (id bigserial PRIMARY KEY, "user" text NOT NULL)`)
	for _, c := range []struct{ name, statement string }{
		{"alone", `WITH o AS (INSERT INTO orders ("user") VALUES ($1) RETURNING id) SELECT $2::text FROM o`},
		{"publishing", `WITH o AS (INSERT INTO orders ("user") VALUES ($1) RETURNING id)
SELECT tidings.tidings_publish($1, 'agui', 's', 'CUSTOM', $2::text) FROM o`},
		{"publishing/notify=off", `WITH o AS (INSERT INTO orders ("user") VALUES ($1) RETURNING id)
SELECT tidings.tidings_publish($1, 'agui', 's', 'CUSTOM', $2::text) FROM o, set_config('tidings.notify', 'off', true)`},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := pool(b, url, publishers)
			inParallel(b, func(ctx context.Context, user string) error {
				_, err := p.Exec(ctx, c.statement, user, token(user).Data)
				return err
			})
		})
	}
}

// inParallel has every publisher publish, and reports events/s.
func inParallel(b *testing.B, publish func(ctx context.Context, user string) error) {
	var users atomic.Int64
	b.SetParallelism(publishers / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		user := owner(int(users.Add(1)))
		for pb.Next() {
			if err := publish(b.Context(), user); err != nil {
				b.Error(err)
				return
			}
		}
	})
	eventsPerSecond(b, 1)
}

// eventsPerSecond reports events/s, for so many in each operation.
func eventsPerSecond(b *testing.B, events int) {
	b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
}
