package postgres_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// publishers is how many publish at the same time, each of them one event after
// the other.
const publishers = 64

// BenchmarkPublish is 64 publishers who wait for the receipt of each event, in
// events/s. "hub" is one hub, which also follows the log as a replica does. The
// others are what services do that have no hub: for each event a row, and a
// notification with its id. "outbox" does so by two statements, each in its own
// transaction; if the second fails nobody hears of the first. "outbox/atomic"
// does so by one, which is one round trip, and notifications let no two
// transactions commit together. Nobody listens. Small pools spare the server,
// large ones share its fsync, so there are several sizes, and the fastest counts.
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
    id text PRIMARY KEY, channel text NOT NULL, user_id text NOT NULL, payload jsonb NOT NULL,
    actor_kind text NOT NULL, actor_id text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`)
	execute(b, url, `CREATE INDEX ON usual_outbox (created_at)`)
	execute(b, url, `CREATE INDEX ON usual_outbox (actor_kind, actor_id)`)
	for _, n := range []int{64, 16, 4} {
		b.Run(fmt.Sprintf("outbox/connections=%d", n), func(b *testing.B) { usualOutbox(b, url, n, separately) })
		b.Run(fmt.Sprintf("outbox/atomic/connections=%d", n), func(b *testing.B) { usualOutbox(b, url, n, atOnce) })
	}
}

// insertUsual is the row of an outbox.
const insertUsual = `INSERT INTO usual_outbox (id, channel, user_id, payload, actor_kind, actor_id) VALUES ($1, $2, $3, $4, 'user', $3)`

// usualOutbox is the way of the others.
func usualOutbox(b *testing.B, url string, connections int, keep func(context.Context, *pgxpool.Pool, string, *tidings.Event) error) {
	p := pool(b, url, connections)
	inParallel(b, func(ctx context.Context, user string) error {
		e := token(user)
		return keep(ctx, p, rand.Text(), &e)
	})
}

// separately keeps and notifies by two statements.
func separately(ctx context.Context, p *pgxpool.Pool, id string, e *tidings.Event) error {
	if _, err := p.Exec(ctx, insertUsual, id, string(e.Channel), e.User, e.Data); err != nil {
		return err
	}
	_, err := p.Exec(ctx, `SELECT pg_notify('usual_outbox', $1)`, id)
	return err
}

// atOnce keeps and notifies by one.
func atOnce(ctx context.Context, p *pgxpool.Pool, id string, e *tidings.Event) error {
	_, err := p.Exec(ctx, `WITH kept AS (`+insertUsual+` RETURNING id) SELECT pg_notify('usual_outbox', id) FROM kept`,
		id, string(e.Channel), e.User, e.Data)
	return err
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
