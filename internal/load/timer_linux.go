package load

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// A timer is a descriptor that becomes readable, exact to some microseconds,
// which a timeout of epoll_wait is not.
type timer int

// newTimer returns a timer that stands still. The caller closes it.
func newTimer() (timer, error) {
	const monotonic = 1 // CLOCK_MONOTONIC, see timerfd_create(2)
	fd, _, errno := syscall.RawSyscall(syscall.SYS_TIMERFD_CREATE, monotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return -1, fmt.Errorf("timerfd: %w", errno)
	}
	return timer(fd), nil
}

// every makes the timer ready once in an interval; 0 stops it.
func (t timer) every(interval time.Duration) error {
	spec := [2]syscall.Timespec{syscall.NsecToTimespec(int64(interval)), syscall.NsecToTimespec(int64(interval))}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(t), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("timerfd: %w", errno)
	}
	return nil
}

// tick takes note that the timer was ready.
func (t timer) tick() {
	var times [8]byte
	_, _ = read(int(t), times[:]) // how often does not matter
}

// close lets go of the timer.
func (t timer) close() { syscall.Close(int(t)) }
