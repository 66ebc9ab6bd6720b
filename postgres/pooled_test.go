package postgres_test

import (
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
)

// TestAPooledLogLeavesNothingInASession looks at the sessions that a pooler
// gives to others next.
func TestAPooledLogLeavesNothingInASession(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	bouncer := pgtest.NewBouncer(t, b.url, 1)
	b.reach(t, bouncer)
	b.opts.Pooled = true
	l, other := b.open(t), b.open(t)
	events := follow(t, l, tidings.ID{})
	for n := range 60 {
		keep(t, other, note("append", n))
	}
	events.next(60)
	b.exec(t, `SELECT tidings.tidings_publish('outbox', 'system', 's', 'note', '1')`)
	events.next(1)
	if _, err := l.Purge(t.Context(), "append"); err != nil {
		t.Fatal(err)
	}
	read(t, l, tidings.ID{})

	s := connect(t, bouncer+"&default_query_exec_mode=exec")
	for what, query := range map[string]string{
		"prepared statements": `SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared%'`,
		"channels":            `SELECT count(*) FROM pg_listening_channels()`,
		"settings":            `SELECT count(*) FROM pg_settings WHERE source = 'session' AND name <> 'application_name'`, // that is the pooler's
		"temporary tables":    `SELECT count(*) FROM pg_class WHERE pg_my_temp_schema() = relnamespace`,
		"locks":               `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
	} {
		if n := s.number(query); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	if n := b.number(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); n != 1 {
		t.Errorf("%d sessions, want the pooler's one", n)
	}
	if h := l.Health(); h.Err != nil || h.Figures["listening"] != 0 {
		t.Errorf("got %+v", h)
	}
}

func TestAPooledLogHearsOfOthersSoon(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.reach(t, pgtest.NewBouncer(t, b.url, 2))
	b.opts.Pooled = true
	events := follow(t, b.open(t), tidings.ID{})
	other := b.open(t)
	began := time.Now()
	for n := range 5 {
		keep(t, other, note("a", n))
		events.next(1)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("five events took %s", took)
	}
}
