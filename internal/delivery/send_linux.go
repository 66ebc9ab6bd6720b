package delivery

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	// turn is how many bytes a connection is offered in a round: what a Fill
	// may add goes in one write, and something larger in several rounds.
	turn = 2 * MaxFill

	// maxParts is how many parts one write takes; the system's limit is 1024.
	maxParts = 64
)

// A sendFunc writes to a descriptor that does not block, and returns how many
// bytes that took.
type sendFunc func(fd int, iov []syscall.Iovec) (int, syscall.Errno)

// send is a write, or a writev.
//
// RawSyscall does not tell Go's scheduler: a small event for each of 10,000
// connections cost 6.4 µs of a processor with it, and 8.1 with Syscall. The
// scheduler has to know of calls that wait. This one does not: the descriptor
// has O_NONBLOCK since it was taken over, so the call lasts as long as the
// kernel needs to copy the bytes, and a stop of the world waits for it as it
// would for a loop of Go code. The garbage collector finds the bytes through
// iov, which is kept alive by the call.
func send(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
	if len(iov) == 1 {
		// #nosec G103 -- the comment above says why that is safe
		n, _, err := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(iov[0].Base)), uintptr(iov[0].Len))
		return int(n), err
	}
	// #nosec G103 -- the same
	n, _, err := syscall.RawSyscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)))
	return int(n), err
}

// send sends what was filled, or as much of it as one write takes. more and
// err are what Fill returned.
func (w *writer) send(c *Conn, b *Buffer, more bool, err error) {
	all := appendParts(w.parts[:0], b)
	w.parts = all
	defer clear(all) // or they would hold what was referred to
	n, full, failed := w.write(c, all)
	if failed != nil {
		w.end(c, failed)
		return
	}
	left := advance(all, n)
	if len(left) == 0 {
		w.sent(c, more, err)
		return
	}
	c.rest = &rest{parts: keep(left), more: more, err: err}
	w.hold(c, full)
}

// resume sends more of the rest.
func (w *writer) resume(c *Conn) {
	c.miss()
	r := c.rest
	n, full, failed := w.write(c, r.parts)
	if failed != nil {
		w.end(c, failed)
		return
	}
	r.parts = advance(r.parts, n)
	if r.room -= n; r.room <= 0 {
		r.deadline = time.Time{}
	}
	if len(r.parts) == 0 {
		w.sent(c, r.more, r.err)
		return
	}
	w.hold(c, full)
}

// write offers parts to the socket, and returns how many bytes it took and
// whether it is full.
func (w *writer) write(c *Conn, parts []part) (n int, full bool, err error) {
	if len(parts) == 0 {
		return 0, false, nil
	}
	used, offered := vector(w.iov[:], parts, turn)
	n, failed := w.sendTo(int(c.fd), w.iov[:used])
	clear(w.iov[:used])
	switch failed {
	case 0:
		// A short write has met the end of the room, so the system tells
		// when there is some again.
		return n, n < offered, nil
	case syscall.EAGAIN:
		return 0, true, nil
	case syscall.EINTR:
		return 0, false, nil
	case syscall.EPIPE, syscall.ECONNRESET:
		return 0, false, fmt.Errorf("%w: %w", ErrHungUp, failed)
	default:
		return 0, false, os.NewSyscallError("write", failed)
	}
}

// hold keeps a connection that has a rest for the next round, or until its
// socket has room.
func (w *writer) hold(c *Conn, full bool) {
	if !full {
		c.state = sending
		w.again = append(w.again, c)
		return
	}
	c.state = parked
	if r := c.rest; r.deadline.IsZero() {
		r.room = min(MaxFill, size(r.parts))
		r.deadline = time.Now().Add(w.s.opts.WriteTimeout)
		w.roster.hasten(c.slot, r.deadline.Sub(w.s.began))
	}
}

// writable resumes a connection whose socket has room again.
func (w *writer) writable(c *Conn) {
	if c.state == parked {
		c.state = sending
		w.again = append(w.again, c)
	}
}

// sent goes on with a connection that has nothing left to send.
func (w *writer) sent(c *Conn, more bool, err error) {
	c.rest, c.state = nil, idle
	switch {
	case err != nil:
		w.part(c, err)
	case more || c.missed:
		w.requeue(c)
	}
}
