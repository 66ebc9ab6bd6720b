package load

import (
	"fmt"
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

// A poll waits for descriptors, each of which has an id.
type poll struct {
	fd    int
	ready [256]syscall.EpollEvent
}

// newPoll returns a poll. The caller closes it.
func newPoll() (*poll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &poll{fd: fd}, nil
}

// close closes the poll and not what it watches.
func (p *poll) close() { syscall.Close(p.fd) }

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
