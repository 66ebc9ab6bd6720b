package postgres_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

// The benchmarks run against a server that loses nothing: what is acknowledged
// is on the disk. "make bench-postgres" runs them; docs/benchmarks/postgres.md
// has what came out.

// durable returns the URL of a database on a server of the benchmark's own. As
// one that has run for a while it has files of WAL that were used before: to make
// them costs as much again as to write them.
func durable(b *testing.B) string {
	b.Helper()
	url := pgtest.New(b, &pgtest.Options{Settings: map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
		"shared_buffers": "512MB", "min_wal_size": "1GB", "max_wal_size": "4GB", "max_connections": "200",
		"shared_preload_libraries": "pg_stat_statements",
	}}).Database(b)
	execute(b, url, `CREATE TABLE used ()`)
	for range 64 {
		execute(b, url, `INSERT INTO used DEFAULT VALUES`)
		execute(b, url, `SELECT pg_switch_wal()`)
	}
	execute(b, url, `CHECKPOINT`)
	return url
}

// openLog returns a log that ends with the benchmark.
func openLog(b *testing.B, url string, opts *postgres.Options) *postgres.Log {
	b.Helper()
	l, err := postgres.Open(b.Context(), url, opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// openHub returns a hub over a log of its own: a replica.
func openHub(b *testing.B, url string, opts *postgres.Options) *tidings.Hub {
	b.Helper()
	hub, err := tidings.New(b.Context(), openLog(b, url, opts), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { hub.Close() })
	return hub
}

// pool returns n connections that are open.
func pool(b *testing.B, url string, n int) *pgxpool.Pool {
	b.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns, config.MinConns = int32(n), int32(n)
	p, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Close)
	return p
}

// query returns the one value that a statement returns.
func query[T any](b *testing.B, url, statement string, args ...any) (value T) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, statement, args...).Scan(&value); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
	return value
}

// token is the event that agents publish most: about 200 bytes of it are
// payload.
func token(user string) tidings.Event {
	return tidings.Event{
		User: user, Channel: tidings.AGUI, Session: "d0d2e5c4-f923-4efc-829e-50affaf28678", Type: "TEXT_MESSAGE_CONTENT",
		Data: []byte(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"9a1f0f1c-6d5c-4a56-8c2b-1d6a5b0e7f21","delta":"Here is a sentence of the length that models like to stream to those who wait for them, more or less"}`),
	}
}

// owner returns the name of an owner.
func owner(i int) string { return fmt.Sprintf("user-%05d", i) }

// load puts n events of many owners into the log, each of about 300 bytes as
// rows, as if they had been appended so long ago, and has the server write them
// and know how many there are.
func load(b *testing.B, url string, n, owners int, width int64, ago time.Duration) {
	b.Helper()
	if _, err := postgres.Migrate(b.Context(), url, ""); err != nil {
		b.Fatal(err)
	}
	at := time.Now().Add(-ago).UnixNano()
	for _, s := range []struct {
		statement string
		args      []any
	}{
		{`SELECT tidings.extend($1, $2)`, []any{width, int64(n)}},
		{`INSERT INTO tidings.event (seq, nano, owner, channel, session, type, key, trace, data)
SELECT i, $2::bigint + i, 'user-' || lpad((i % $3)::text, 5, '0'), 'agui', 's-' || i % 7, 'TEXT_MESSAGE_CONTENT', '', '', $4::bytea
FROM generate_series(1, $1::bigint) i`, []any{n, at, owners, token("").Data}},
		{`VACUUM (ANALYZE) tidings.event`, nil},
		{`CHECKPOINT`, nil},
	} {
		execute(b, url, s.statement, s.args...)
	}
}

// execute executes a statement.
func execute(b *testing.B, url, statement string, args ...any) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement, args...); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}

// percentile returns the p-th percentile, in milliseconds. It sorts.
func percentile(all []time.Duration, p float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return float64(all[min(int(float64(len(all))*p/100), len(all)-1)]) / float64(time.Millisecond)
}

// freeAddress returns an address to listen on.
func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
