package delivery_test

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// TestAPortableCutsAClientWhoseSocketWasMadeToBlock has a socket that somebody else
// changed: a write that waits for room in the system would wait for ever.
func TestAPortableCutsAClientWhoseSocketWasMadeToBlock(t *testing.T) {
	s := newPortable(t, &delivery.Options{WriteTimeout: 50 * time.Millisecond})
	_, c := connect(t, listen(t, "tcp"))
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.SetNonblock(int(fd), false) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	stream := serve(t, s, c, endless())
	if err := stream.why(t); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}
