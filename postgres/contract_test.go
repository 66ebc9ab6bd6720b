package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A backend is a database, and how the logs of a test reach it.
type backend struct {
	url, through string
	proxy        *pgtest.Proxy
	opts         postgres.Options
}

func newBackend(t testing.TB) *backend {
	b := &backend{url: pgtest.Shared(t).Database(t), opts: postgres.Options{Partition: 25}}
	b.proxy = pgtest.NewProxy(t, b.url)
	b.through = b.proxy.URL()
	return b
}

// open returns a log over the backend.
func (b *backend) open(t testing.TB) *postgres.Log {
	t.Helper()
	l, err := postgres.Open(t.Context(), b.through, &b.opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// exec executes statements past all logs.
func (b *backend) exec(t testing.TB, statements string, args ...any) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, b.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statements, args...); err != nil {
		t.Fatal(err)
	}
}

// harness tests logs over databases.
func harness(opts postgres.Options) tidingstest.Harness[*backend] {
	return tidingstest.Harness[*backend]{
		New: func(t testing.TB) *backend {
			b := newBackend(t)
			b.opts = opts
			return b
		},
		Open:          func(t testing.TB, b *backend) tidings.Log { return b.open(t) },
		PassKeyWindow: func(t testing.TB, b *backend) { b.exec(t, `UPDATE tidings.key SET until = 0`) },
		Truncate: func(t testing.TB, b *backend, through tidings.ID) {
			if err := b.open(t).DiscardThrough(t.Context(), through.Seq()); err != nil {
				t.Fatal(err)
			}
		},
		FailMidway: failMidway,
		Break:      func(_ testing.TB, b *backend) { b.proxy.Cut() },
		Restore:    func(_ testing.TB, b *backend) { b.proxy.Restore() },
		Replace: func(t testing.TB, b *backend) {
			b.exec(t, `DROP SCHEMA tidings CASCADE`)
			if _, err := postgres.Migrate(t.Context(), b.url, ""); err != nil {
				t.Fatal(err)
			}
		},
		Rollback: func(t testing.TB, b *backend, to tidings.ID) {
			b.exec(t, `WITH gone AS (DELETE FROM tidings.event WHERE seq > $1), keys AS (DELETE FROM tidings.key WHERE seq > $1)
DELETE FROM tidings.batch WHERE first > $1`, int64(to.Seq()))
		},
	}
}

// failMidway makes one insert fail at its third row. A sequence counts on
// although the transaction was rolled back.
func failMidway(t testing.TB, b *backend) {
	b.exec(t, `CREATE SEQUENCE rows`)
	b.exec(t, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('public.rows') = 3 THEN
        RAISE EXCEPTION 'midway';
    END IF;
    RETURN new;
END $$`)
	b.exec(t, `CREATE TRIGGER midway BEFORE INSERT ON tidings.event FOR EACH ROW EXECUTE FUNCTION public.fail()`)
}

func TestLogKeepsTheContract(t *testing.T) {
	tidingstest.TestLog(t, harness(postgres.Options{Partition: 25}))
}

func TestPooledLogKeepsTheContract(t *testing.T) {
	tidingstest.TestLog(t, harness(postgres.Options{Partition: 25, Pooled: true}))
}
