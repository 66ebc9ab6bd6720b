package postgres_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

func TestANotificationWakesAtOnce(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Poll = time.Hour
	follower, publisher := b.open(t), b.open(t)
	events := follow(t, follower, tidings.ID{})
	eventually(t, "listening", func() bool { return listens(follower) })
	s := b.connect(t)
	for n := range 20 {
		began := time.Now()
		keep(t, publisher, note("append", n))
		events.next(1)
		s.publish("outbox", n)
		events.next(1)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("event %d took %s", n, took)
		}
	}
	if follower.Health().Figures["notifications_total"] < 20 {
		t.Errorf("got %v", follower.Health().Figures)
	}
}

// listens reports whether a log listens.
func listens(l *postgres.Log) bool { return l.Health().Figures["listening"] == 1 }

// TestEventsComeWithoutNotificationToo ends the connection that listens, and
// has no other made for a while.
func TestEventsComeWithoutNotificationToo(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	told := new(journal)
	publisher := b.open(t)
	b.opts.Poll = 50 * time.Millisecond
	b.opts.Logger = slog.New(slog.NewTextHandler(told, nil))
	role := newRole(t, b)
	if err := postgres.GrantServe(t.Context(), b.url, "", role); err != nil {
		t.Fatal(err)
	}
	b.through, b.opts.NoMigrate = as(t, b.through, role), true
	follower := b.open(t)
	events := follow(t, follower, tidings.ID{})
	eventually(t, "listening", func() bool { return listens(follower) })
	keep(t, publisher, note("a", 0))
	events.next(1)

	for range 3 { // attempts to listen are refused, other connections are there
		b.exec(t, "ALTER ROLE "+role+" CONNECTION LIMIT 0")
		b.exec(t, endListeners, role)
		eventually(t, "not listening", func() bool { return errors.Is(follower.Health().Err, postgres.ErrNotListening) })
		keep(t, publisher, note("a", 1), note("a", 2))
		b.connect(t).publish("a", 3)
		if got := shown(events.next(3)); got != "a:1 a:2 a:3" {
			t.Errorf("got %s", got)
		}
		if follower.Health().Err == nil {
			t.Error("it listens")
		}
		b.exec(t, "ALTER ROLE "+role+" CONNECTION LIMIT -1")
		eventually(t, "listening again", func() bool { return listens(follower) && follower.Health().Err == nil })
	}
	if lost, again := told.count("not listening"), told.count("listening again"); lost != 3 || again != 3 {
		t.Errorf("%d losses and %d recoveries were told, want 3 of each:\n%s", lost, again, told)
	}
}

// endListeners ends the sessions of a role that listen.
const endListeners = `
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = $1 AND query LIKE 'LISTEN%'`

func TestADeafListenerIsReplaced(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	publisher := b.open(t)
	b.reach(t, b.url) // of the follower's own
	b.opts.Poll = 100 * time.Millisecond
	follower := b.open(t)
	events := follow(t, follower, tidings.ID{})
	eventually(t, "listening", func() bool { return listens(follower) })
	for round := range 2 {
		b.proxy.FreezeExisting()
		heard := follower.Health().Figures["notifications_total"]
		eventually(t, "a notification", func() bool {
			keep(t, publisher, note("a", round))
			events.next(1)
			return follower.Health().Figures["notifications_total"] > heard
		})
		if err := follower.Health().Err; err != nil {
			t.Error(err)
		}
	}
}
