package delivery

import (
	"os"
	"syscall"
)

// A poller hears what happens to a writer's connections. Its epoll is itself
// watched by Go's poller, so no thread waits for it.
//
// Events are told by their edges: a client that closes its end, and a socket
// that has room after it was full. What a client sends is no event.
type poller struct {
	fd     int
	file   *os.File // of fd
	conn   syscall.RawConn
	events [256]syscall.EpollEvent

	ready chan []syscall.EpollEvent // what happened, to be dealt with before
	taken chan struct{}             // is received
	stop  chan struct{}
}

const (
	edgeTriggered = syscall.EPOLLET & 0xffffffff // is negative on some systems
	hangUp        = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
)

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	_ = syscall.SetNonblock(fd, true) // so that os.NewFile gives it to Go's poller
	p := &poller{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	p.ready, p.taken, p.stop = make(chan []syscall.EpollEvent), make(chan struct{}), make(chan struct{})
	if p.conn, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	return p, nil
}

// add begins to watch a connection, which has its slot.
func (p *poller) add(c *Conn) error {
	return syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, int(c.fd), c.interest())
}

// interest is what the poller shall tell, and to whom: by slot and generation,
// because a descriptor may have become another connection's when it is told.
func (c *Conn) interest() *syscall.EpollEvent {
	return &syscall.EpollEvent{
		Events: syscall.EPOLLRDHUP | syscall.EPOLLOUT | edgeTriggered,
		Fd:     c.slot,
		Pad:    int32(c.generation),
	}
}

// run passes events on until the poller is closed.
func (p *poller) run() {
	for {
		n := p.wait()
		if n == 0 {
			return
		}
		select {
		case p.ready <- p.events[:n]:
		case <-p.stop:
			return
		}
		select {
		case <-p.taken:
		case <-p.stop:
			return
		}
	}
}

// wait waits for events, and returns 0 if the poller was closed.
func (p *poller) wait() (n int) {
	_ = p.conn.Read(func(fd uintptr) bool {
		n = poll(int(fd), p.events[:])
		return n > 0
	})
	return n
}

// poll returns how many events there are, without waiting for them.
func poll(fd int, events []syscall.EpollEvent) int {
	for {
		n, err := syscall.EpollWait(fd, events, 0)
		if err != syscall.EINTR {
			return max(n, 0)
		}
	}
}

// close ends run, and closes the epoll.
func (p *poller) close() {
	close(p.stop)
	_ = p.file.Close()
}
