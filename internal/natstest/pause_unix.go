//go:build unix

package natstest

import (
	"syscall"
	"testing"
)

// Pause has the server stand still, as one whose machine is suspended, until
// Continue.
func (p *Process) Pause(t testing.TB) { p.signal(t, syscall.SIGSTOP) }

// Continue has the server go on.
func (p *Process) Continue(t testing.TB) { p.signal(t, syscall.SIGCONT) }

func (p *Process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
