package delivery

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// How a connection ends. The stream is always closed first, so that what it
// held is free before its client can know and come back; only one that is in a
// Fill that blocks is closed when that has returned.

// end ends a connection whose client is gone, or will be.
func (w *writer) end(c *Conn, err error) {
	w.closeStream(c, err)
	w.free(c)
}

// hungUp ends a connection that the client has closed.
func (w *writer) hungUp(c *Conn) {
	if c.state == lingering {
		w.leave(c)
		return
	}
	w.end(c, ErrHungUp)
}

// late ends a connection whose client took too long.
func (w *writer) late(c *Conn) {
	if c.state == lingering {
		w.leave(c)
		return
	}
	// The kernel holds what such a client does not read, and would for long
	// after a close. A reset lets it go.
	_ = syscall.SetsockoptLinger(int(c.fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	w.end(c, fmt.Errorf("delivery: a client did not accept what it gets in %v: %w", w.s.opts.WriteTimeout, os.ErrDeadlineExceeded))
}

// part ends a stream of which the client shall get what was sent. Were the
// descriptor closed now, bytes of the client that nobody read, or that come
// later, would make the kernel reset the connection, and what is under way
// would be lost (RFC 1122 4.2.2.13). So only our half is closed, and the rest
// when the client has closed its own.
func (w *writer) part(c *Conn, err error) {
	w.closeStream(c, err)
	if syscall.Shutdown(int(c.fd), syscall.SHUT_WR) != nil {
		w.free(c)
		return
	}
	c.state = lingering
	c.rest = &rest{deadline: time.Now().Add(w.s.opts.WriteTimeout)}
	w.roster.due[c.slot] = c.rest.deadline.Sub(w.s.began)
}

// leave closes a connection without a reset, unless its client sent very much.
func (w *writer) leave(c *Conn) {
	var b [4096]byte
	for range 64 {
		if n, err := syscall.Read(int(c.fd), b[:]); n <= 0 || err != nil {
			break
		}
	}
	w.free(c)
}

// endAll ends all connections that there are.
func (w *writer) endAll() {
	for _, c := range w.roster.members {
		switch {
		case c == nil:
		case c.state == lingering:
			w.leave(c)
		default:
			w.closeStream(c, ErrClosed)
			w.leave(c)
		}
	}
}

// closeStream closes the stream of a connection, or sees to it that collect
// does.
func (w *writer) closeStream(c *Conn, err error) {
	if c.load != nil && c.load.abandon(err) {
		return
	}
	stream := c.stream
	c.stream, c.load = nil, nil
	stream.Close(err)
}

// free gives back the descriptor and the slot.
func (w *writer) free(c *Conn) {
	_ = syscall.Close(int(c.fd))
	w.roster.remove(c.slot)
	c.state, c.rest = gone, nil
	if c.stream == nil {
		w.release()
	}
}
