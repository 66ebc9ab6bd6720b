package chaos_test

import (
	"fmt"
	"testing"
)

// All subscribers on all replicas see one order, and each event once, also those
// of their own replica.
func TestReplicasHaveOneOrder(t *testing.T) {
	for _, replicas := range []int{2, 5} {
		t.Run(fmt.Sprint(replicas), func(t *testing.T) {
			s := begin(t, plan{replicas: replicas, table: true})
			s.advance(50, everybody)
			s.end()
			s.undisturbed()
		})
	}
}

// undisturbed sees that where nothing was wrong nobody had to try again.
func (s *scene) undisturbed() {
	s.t.Helper()
	for _, v := range s.views {
		if v.connected != 1 {
			s.t.Errorf("%s connected %d times, want once", v.name, v.connected)
		}
	}
	for _, p := range s.publishers {
		if p.acked != len(p.attempts) {
			s.t.Errorf("%s: %d of %d acknowledged, want all", p.name, p.acked, len(p.attempts))
		}
	}
}
