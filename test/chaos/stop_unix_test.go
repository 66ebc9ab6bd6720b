//go:build unix

package chaos_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/natstest"
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

// A server of NATS that stands still holds up everybody, and nothing is lost.
func TestStoppedNATSLosesAndDoublesNothing(t *testing.T) {
	skipShort(t)
	t.Parallel() // it waits most of the time
	server := natstest.NewProcess(t, t.TempDir())
	s := begin(t, plan{replicas: 2, nats: server})
	over := time.After(stopped)
	server.Pause(t)
	before := s.acked(0) + s.acked(1)
	<-over
	if after := s.acked(0) + s.acked(1); after-before > 10 {
		t.Errorf("%d events were acknowledged while it stood still", after-before)
	}
	server.Continue(t)
	s.advance(10, everybody)
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
