package load

import (
	"fmt"
	"math"
	"syscall"
	"time"
	"unsafe"
)

// What a descriptor is watched for. A constant of the package syscall for
// edges is negative; none is needed here.
const (
	readable = syscall.EPOLLIN
	writable = syscall.EPOLLOUT
	gone     = syscall.EPOLLHUP | syscall.EPOLLERR | syscall.EPOLLRDHUP
)

// timerID is what poll says of its timer.
const timerID = math.MinInt32

// A poll waits for descriptors, each of which has an id, and for a timer that
// is exact to some microseconds, which a timeout of epoll_wait is not.
type poll struct {
	fd, timer int
	ready     [256]syscall.EpollEvent
}

// newPoll returns a poll. The caller closes it.
func newPoll() (*poll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	const monotonic = 1 // CLOCK_MONOTONIC, see timerfd_create(2)
	timer, _, errno := syscall.RawSyscall(syscall.SYS_TIMERFD_CREATE, monotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		syscall.Close(fd)
		return nil, fmt.Errorf("timerfd: %w", errno)
	}
	p := &poll{fd: fd, timer: int(timer)}
	return p, p.add(p.timer, timerID, readable)
}

// close closes the poll and not what it watches.
func (p *poll) close() {
	syscall.Close(p.timer)
	syscall.Close(p.fd)
}

// add begins to watch fd.
func (p *poll) add(fd int, id int32, events uint32) error {
	return p.control(syscall.EPOLL_CTL_ADD, fd, id, events)
}

// change changes what fd is watched for.
func (p *poll) change(fd int, id int32, events uint32) error {
	return p.control(syscall.EPOLL_CTL_MOD, fd, id, events)
}

func (p *poll) control(op, fd int, id int32, events uint32) error {
	e := syscall.EpollEvent{Events: events, Fd: id}
	if err := syscall.EpollCtl(p.fd, op, fd, &e); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// wait returns what is ready, after a time at the latest. The next call
// overwrites it.
func (p *poll) wait(timeout time.Duration) ([]syscall.EpollEvent, error) {
	n, err := syscall.EpollWait(p.fd, p.ready[:], int((timeout+time.Millisecond-1)/time.Millisecond))
	if err == syscall.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return p.ready[:n], nil
}

// every makes the timer ready once in an interval; 0 stops it.
func (p *poll) every(interval time.Duration) error {
	spec := [2]syscall.Timespec{syscall.NsecToTimespec(int64(interval)), syscall.NsecToTimespec(int64(interval))}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(p.timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("timerfd: %w", errno)
	}
	return nil
}

// tick takes note that the timer was ready.
func (p *poll) tick() {
	var times [8]byte
	_, _ = read(p.timer, times[:]) // how often does not matter
}

// read reads from a descriptor that does not block, so the scheduler need not
// be told.
func read(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

// write writes to a descriptor that does not block.
func write(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

// later reports whether an error says to try again.
func later(errno syscall.Errno) bool { return errno == syscall.EAGAIN || errno == syscall.EINTR }
