package herd_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/herd"
)

// TestWhoIsConnectedDoesNotWaitForAHerd has one processor, hundreds who wait to be
// accepted and take work, and one before them who sends something.
func TestWhoIsConnectedDoesNotWaitForAHerd(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l := herd.InTurns(listen(t))
	first, accepted := dial(t, l), take(t, l)
	for range 300 {
		dial(t, l)
	}
	var served, before atomic.Int32
	heard := make(chan error, 1)
	go func() {
		_, err := accepted.Read(make([]byte, 1))
		before.Store(served.Load())
		heard <- err
	}()
	runtime.Gosched() // it waits for the network now
	if _, err := first.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		take(t, l)
		go func() {
			work()
			served.Add(1)
		}()
	}
	if err := <-heard; err != nil {
		t.Fatal(err)
	}
	if n := before.Load(); n > 3 {
		t.Errorf("%d of 300 were served before who had come first", n)
	}
}

// work uses the processor for a while.
func work() {
	for began := time.Now(); time.Since(began) < 100*time.Microsecond; {
	}
}

// TestClosedListener has a listener closed while it is waited for, and again.
func TestClosedListener(t *testing.T) {
	before := descriptors(t)
	l := herd.InTurns(listen(t))
	ended := make(chan error)
	for range 2 {
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors were open before and %d after", before, after)
	}
}

// listen returns a listener for this machine.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// dial connects to a listener.
func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// take accepts a connection.
func take(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// descriptors returns how many are open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, os.ErrNotExist) {
		return 0 // not on this system
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
