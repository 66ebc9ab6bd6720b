package chaos_test

import (
	"testing"
)

// Replicas are killed at any moment and started again. Those who were connected
// come back by themselves.
func TestKilledReplicasLoseAndDoubleNothing(t *testing.T) {
	s := begin(t, plan{replicas: 3, table: true})
	const kills = 6
	for range kills {
		i := s.random.IntN(len(s.fleet))
		s.advance(1+s.random.IntN(10), everybody)
		s.fleet[i].kill()
		s.advance(1+s.random.IntN(10), elsewhere(i))
		if err := s.fleet[i].start(s.ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.end()
	t.Logf("%d kills", kills)
}
