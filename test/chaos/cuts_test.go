package chaos_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

// Connections to the database are ended by the server, or lost after it did what
// it was asked for and before it said so, again and again.
func TestLostConnectionsLoseAndDoubleNothing(t *testing.T) {
	s := begin(t, plan{replicas: 3, proxied: true, table: true})
	admin := s.connect()
	defer admin.Close(s.ctx)
	const rounds = 5
	ended, cut := 0, 0
	for range rounds {
		ended += s.terminate(admin)
		s.advance(3, everybody)
		for _, p := range s.proxies {
			n := 3 + s.random.IntN(8)
			p.CutAnswers(n)
			cut += n
		}
		s.advance(10, everybody)
		for _, p := range s.proxies {
			cut -= p.Pending()
			p.CutAnswers(0)
		}
	}
	s.end()
	t.Logf("%d connections were ended, %d answers cut", ended, cut)
	if ended < rounds*len(s.fleet) || cut < rounds*len(s.fleet) {
		t.Error("that is too few")
	}
}

// terminate ends all connections to the scene's database but this one, and
// returns how many there were.
func (s *scene) terminate(admin *pgx.Conn) (n int) {
	s.t.Helper()
	const all = `select count(pg_terminate_backend(pid)) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`
	if err := admin.QueryRow(s.ctx, all).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// The database crashes and comes back.
func TestDatabaseThatCrashesLosesAndDoublesNothing(t *testing.T) {
	skipShort(t)
	server := pgtest.New(t, nil)
	s := begin(t, plan{replicas: 3, server: server, table: true})
	for range 2 {
		server.Restart(t, pgtest.Immediate)
		s.advance(20, everybody)
	}
	s.end()
	t.Log("2 crashes")
}
