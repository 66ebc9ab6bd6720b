package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
)

// A meter counts what a server is asked, by its own statistics.
type meter struct{ *session }

// newMeter returns a meter, and a backend on a server of its own.
func newMeter(t *testing.T) (*meter, *backend) {
	server := pgtest.New(t, &pgtest.Options{Settings: map[string]string{
		"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top", "autovacuum": "off",
	}})
	b := newBackendIn(t, server.Database(t), "")
	b.exec(t, `CREATE EXTENSION pg_stat_statements SCHEMA public`)
	return &meter{b.connect(t)}, b
}

// reset begins to count.
func (m *meter) reset() { m.exec(`SELECT public.pg_stat_statements_reset()`) }

// asked returns how many statements were executed since then, and which.
func (m *meter) asked() (n int, which string) {
	const others = `FROM public.pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'`
	m.scan(`SELECT coalesce(sum(calls), 0), coalesce(string_agg(calls || ' ' || query, E'\n'), '') `+others, nil, &n, &which)
	return n, which
}

func TestAnIdleLogAsksOncePerInterval(t *testing.T) {
	t.Parallel()
	m, b := newMeter(t)
	b.opts.Poll = 200 * time.Millisecond
	const hubs = 3
	for range hubs {
		l := b.open(t)
		hub, err := tidings.New(t.Context(), l, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer hub.Close()
		if _, err := hub.Publish(t.Context(), note("a", 0)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "listening", func() bool { return listens(l) })
	}
	began := time.Now()
	m.reset()
	<-time.After(4 * time.Second)
	n, which := m.asked()
	if most := hubs * (1 + int(time.Since(began)/b.opts.Poll)); n > most || n < hubs {
		t.Errorf("%d statements in %s, want at most %d:\n%s", n, time.Since(began), most, which)
	}
}

// TestWhatTheDatabaseIsAskedDoesNotDependOnOwners attaches many cursors to a
// hub, and publishes for some of them.
func TestWhatTheDatabaseIsAskedDoesNotDependOnOwners(t *testing.T) {
	t.Parallel()
	m, b := newMeter(t)
	b.opts.Poll, b.opts.Partition = time.Hour, 100_000
	l := b.open(t)
	hub, err := tidings.New(t.Context(), l, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	eventually(t, "listening", func() bool { return listens(l) })
	keep(t, l, note("nobody", 0)) // what is asked once, such as for partitions

	ask := func(owners int) int {
		var all sync.WaitGroup
		for i := range owners {
			sub, err := hub.Subscribe(tidings.Selector{User: fmt.Sprint("owner", i)}, tidings.Live)
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
			if i < 100 {
				all.Go(func() {
					for e, err := range sub.Events(t.Context()) {
						if err != nil || e.User != fmt.Sprint("owner", i) {
							t.Errorf("owner %d: %v, %v", i, e.User, err)
						}
						break
					}
				})
			}
		}
		m.reset()
		for i := range 100 {
			if _, err := hub.Publish(t.Context(), note(fmt.Sprint("owner", i), i)); err != nil {
				t.Fatal(err)
			}
		}
		all.Wait()
		n, which := m.asked()
		if strings.Contains(which, ".page(") {
			t.Errorf("subscribers were sent to the log:\n%s", which)
		}
		return n
	}
	few, many := ask(100), ask(10_000)
	if few > 100*2+10 || many > 100*2+10 {
		t.Errorf("%d statements with 100 owners, %d with 10,000, want one append and one look for each of 100 events", few, many)
	}
}
