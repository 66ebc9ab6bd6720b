package chaos_test

import (
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// restarts is how often all replicas are restarted.
const restarts = 2

// A restart of all replicas is a pause: everybody goes on where he was, and what
// he missed comes out of memory. The application publishes all the while.
func TestRestartOfAllReplicasIsAPause(t *testing.T) {
	s := begin(t, plan{replicas: 3, table: true})
	s.countCalls()
	for range restarts {
		s.advance(20, everybody)
		endAll(t, s.fleet)
		s.advance(20, at(-1))
		startAll(t, s.ctx, s.fleet)
	}
	s.end()
	s.fromWindow()
}

// countCalls has the database count calls of functions on connections that come.
func (s *scene) countCalls() {
	s.t.Helper()
	s.exec(`do $$ begin execute format('alter database %I set track_functions = pl', current_database()); end $$`)
}

// fromWindow sees that the replicas have all there is in memory, and that the
// database was not read for those who came back. Then it ends the replicas: only
// then the database has counted all calls.
func (s *scene) fromWindow() {
	s.t.Helper()
	c := s.connect()
	defer c.Close(s.ctx)
	var seq, nano int64
	if err := c.QueryRow(s.ctx, `select floor, floor_nano from tidings.head`).Scan(&seq, &nano); err != nil {
		s.t.Fatal(err)
	}
	floor := tidings.NewID(time.Unix(0, nano), uint64(seq)).String()
	for _, r := range s.fleet {
		figures, err := r.stats(s.ctx, s.http)
		if err != nil || figures.Floor != floor {
			s.t.Errorf("%s has in memory what follows %s, error %v, want %s", r.name, figures.Floor, err, floor)
		}
	}
	endAll(s.t, s.fleet)
	var appends, pages int
	const calls = `select coalesce(sum(calls) filter (where funcname = 'append'), 0),
		coalesce(sum(calls) filter (where funcname = 'page'), 0) from pg_stat_user_functions`
	if err := c.QueryRow(s.ctx, calls).Scan(&appends, &pages); err != nil {
		s.t.Fatal(err)
	}
	// Each replica reads once for its own state, and for each of those who came
	// at last and read from the start.
	most := len(s.fleet)*restarts + len(s.fleet)*(1+len(owners))
	if appends == 0 || pages > most {
		s.t.Errorf("the database was read %d times, after %d appends, want at most %d times", pages, appends, most)
	}
	s.t.Logf("%d restarts; the database was read %d times, and %d are not for those who came back", restarts, pages, most)
}
