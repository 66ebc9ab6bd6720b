package load_test

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/tidings-dev/tidings/internal/load"
)

// TestASignalDoesNotEndADial has one wait at a listener whose queue is full, and
// the thread that waits get signals, as Go's scheduler sends them.
func TestASignalDoesNotEndADial(t *testing.T) {
	listener, addr := fullListener(t)
	thread, dialed := make(chan int), make(chan error, 1)
	go func() { // ends with the dial
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- syscall.Gettid()
		fd, err := load.Dial(addr, 0)
		if err == nil {
			syscall.Close(fd)
		}
		dialed <- err
	}()
	tid := <-thread
	for interrupted := 0; interrupted < 20 && len(dialed) == 0; runtime.Gosched() {
		if connecting(t, tid) {
			interrupted++
			if err := syscall.Tgkill(syscall.Getpid(), tid, syscall.SIGURG); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // who stood in the queue, and who waited for that
		fd, _, err := syscall.Accept(listener)
		if err != nil {
			t.Fatal(err)
		}
		syscall.Close(fd)
	}
	if err := <-dialed; err != nil {
		t.Error(err)
	}
}

// connecting reports whether a thread is in the system call connect.
func connecting(t *testing.T, tid int) bool {
	t.Helper()
	call, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", tid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.HasPrefix(string(call), fmt.Sprintf("%d ", syscall.SYS_CONNECT))
}

// fullListener returns a listener that has no place for another connection.
func fullListener(t *testing.T) (fd int, addr netip.AddrPort) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 10}); err != nil {
		t.Fatal(err) // of Accept
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in := name.(*syscall.SockaddrInet4)
	addr = netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
	c, err := load.Dial(addr, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(c) })
	return fd, addr
}
