package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/logproc"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
	"github.com/tidings-dev/tidings/tidingstest"
)

// harness tests logs over the backends that place makes.
func harness(place func(testing.TB) *backend) tidingstest.Harness[*backend] {
	return tidingstest.Harness[*backend]{
		New:           place,
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
			if _, err := postgres.Migrate(t.Context(), b.url, b.opts.Schema); err != nil {
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
	b.exec(t, `CREATE SEQUENCE tidings.rows`)
	b.exec(t, `CREATE FUNCTION tidings.fail() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF nextval(tg_argv[0]) = 3 THEN
        RAISE EXCEPTION 'midway';
    END IF;
    RETURN new;
END $$`)
	b.exec(t, fmt.Sprintf(`CREATE TRIGGER midway BEFORE INSERT ON tidings.event FOR EACH ROW EXECUTE FUNCTION tidings.fail(%s)`,
		literal(b.in("tidings.rows"))))
}

// TestLogKeepsTheContract has each log in a schema by the default name, in a
// database that others had before it.
func TestLogKeepsTheContract(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex // guards free
	var free []string
	tidingstest.TestLog(t, harness(func(f testing.TB) *backend {
		mu.Lock()
		defer mu.Unlock()
		if len(free) == 0 {
			free = append(free, pgtest.Shared(t).Database(t))
		}
		b := newBackendIn(f, free[len(free)-1], "")
		free = free[:len(free)-1]
		f.Cleanup(func() {
			b.exec(t, `DROP SCHEMA tidings CASCADE`)
			mu.Lock()
			defer mu.Unlock()
			free = append(free, b.url)
		})
		return b
	}))
}

// TestPooledLogKeepsTheContract has each log in a schema of its own, by a name
// that needs care, and reaches it through a PgBouncer that has fewer sessions
// than the logs have connections.
func TestPooledLogKeepsTheContract(t *testing.T) {
	t.Parallel()
	url := pgtest.Shared(t).Database(t)
	bouncer := pgtest.NewBouncer(t, url, 3)
	var n atomic.Int64
	tidingstest.TestLog(t, harness(func(f testing.TB) *backend {
		b := newBackendIn(f, url, fmt.Sprintf(`Tidings "x" 猫's %d`, n.Add(1)))
		b.opts.Pooled = true
		b.reach(f, bouncer)
		return b
	}))
}

// TestLogKeepsTheContractWhereEachIsAProcess has logs that have nothing in common
// but the database.
func TestLogKeepsTheContractWhereEachIsAProcess(t *testing.T) {
	t.Parallel()
	url := pgtest.Shared(t).Database(t)
	var n atomic.Int64
	h := harness(func(f testing.TB) *backend { return newBackendIn(f, url, fmt.Sprint("tidings", n.Add(1))) })
	h.Open = func(t testing.TB, b *backend) tidings.Log { return logproc.Start(t, opening{b.through, b.opts}) }
	tidingstest.TestLog(t, h)
}

// An opening is what a process needs to know to open a log.
type opening struct {
	URL     string
	Options postgres.Options
}

func openAs(ctx context.Context, o opening) (*postgres.Log, error) {
	return postgres.Open(ctx, o.URL, &o.Options)
}
