//go:build unix

package chaos_test

import (
	"syscall"
	"testing"
	"time"
)

// stopped is how long a replica stands still.
const stopped = 10 * time.Second

// A replica that stands still, as one whose machine is suspended, holds up
// nobody but its own clients, and those lose nothing.
func TestStoppedReplicaHoldsUpNobodyElse(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := begin(t, plan{replicas: 3, table: true})
	still := s.random.IntN(len(s.fleet))
	process := s.fleet[still].cmd.Process
	over := time.After(stopped)
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	before := s.acked(still)
	for range 10 {
		s.advance(10, elsewhere(still))
	}
	<-over
	s.advance(1, elsewhere(still))
	if after := s.acked(still); after-before > 3 {
		t.Errorf("%s acknowledged %d events while it stood still", s.fleet[still].name, after-before)
	}
	if err := process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.advance(10, at(still))
	s.end()
}

// acked returns how many events the publishers who stay at a replica know to be
// there.
func (s *scene) acked(i int) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.publishers {
		if p.at == i && p.home {
			n += p.acked
		}
	}
	return n
}
