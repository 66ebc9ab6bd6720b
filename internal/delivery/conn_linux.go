package delivery

import (
	"sync/atomic"
	"syscall"
	"time"
)

// A Conn is a connection that a Server sends on. There may be many, so it is
// small: 64 bytes, and 8 in its writer's table.
type Conn struct {
	w *writer

	// queued says that the writer will Fill, and needs not be told again. It
	// is true from the start, because the first Fill comes by itself. Only a
	// Fill makes it false, so after the end one wake-up is the last.
	queued atomic.Bool

	// Only the writer touches what follows.

	missed     bool // was woken while it could not be filled
	state      state
	fd         int32
	slot       int32  // where it stands in the writer's table
	generation uint32 // tells it from who had the slot before
	stream     Stream // nil when it was closed
	rest       *rest
	load       *load // nil unless loading
}

// A state is what a connection waits for.
type state uint8

const (
	joining   state = iota // is on its way to its writer
	idle                   // can be filled
	sending                // rest is to be offered to the socket
	parked                 // rest did not fit into the socket, which is full
	loading                // Fill runs on a goroutine of its own
	lingering              // the stream is over, the client has still to close
	gone                   // the descriptor is closed
)

// A rest is what is left to do for a connection besides filling it.
type rest struct {
	parts    []part
	more     bool  // what Fill returned
	err      error // what Fill returned
	room     int   // how much the client has to accept before the deadline
	deadline time.Time
}

func newConn(w *writer, fd int) *Conn {
	c := &Conn{w: w, fd: int32(fd)}
	c.queued.Store(true)
	return c
}

// Wake says that there may be more to Fill. Any goroutine may call it at any
// time, also after the end; it is cheap and waits for nobody.
func (c *Conn) Wake() {
	if !c.queued.Swap(true) {
		c.w.push(c)
	}
}

// start makes the stream. Without one, as after a panic, all that was reserved
// is given back.
func (c *Conn) start(start func(*Conn) Stream) error {
	defer func() {
		if c.stream == nil {
			_ = syscall.Close(int(c.fd))
			c.w.release()
		}
	}()
	if c.stream = start(c); c.stream == nil {
		return errNoStream
	}
	return nil
}
