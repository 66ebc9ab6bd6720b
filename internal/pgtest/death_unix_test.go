//go:build unix

package pgtest_test

import (
	"io"
	"syscall"
	"testing"
)

// A terminal sends the interrupt to all processes of a group.
func TestServersEndInOrderWhenTheTerminalInterrupts(t *testing.T) {
	cmd := childCommand(t, "")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	serverEnds(t, cmd, func(io.Closer) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) })
}
