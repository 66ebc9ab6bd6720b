package delivery

import (
	"syscall"
	"time"
)

// A record is what a writer knows of a connection. Nobody else touches it.
// With it a Conn has 64 bytes, and 8 in its writer's table.
type record struct {
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
	c := &Conn{push: w.pushes, record: record{fd: int32(fd)}}
	c.queued.Store(true)
	return c
}

// start makes the stream. Without one, as after a panic, all that was reserved
// is given back.
func (c *Conn) start(w *writer, start func(*Conn) Stream) error {
	defer func() {
		if c.stream == nil {
			_ = syscall.Close(int(c.fd))
			w.release()
		}
	}()
	if c.stream = start(c); c.stream == nil {
		return errNoStream
	}
	return nil
}
