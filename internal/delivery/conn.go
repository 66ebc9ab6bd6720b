package delivery

import (
	"errors"
	"sync/atomic"
)

// A Conn is a connection that a Server or a Portable sends on. There may be
// many, so it is small.
type Conn struct {
	push func(*Conn) // tells who fills

	// queued says that there will be a Fill, and nobody needs to be told again.
	// It is true from the start, because the first Fill comes by itself. Only a
	// Fill makes it false, so after the end one wake-up is the last.
	queued atomic.Bool

	record
}

// errNoStream says that Serve was used wrongly.
var errNoStream = errors.New("delivery: start returned a nil Stream")

// Wake says that there may be more to Fill. Any goroutine may call it at any
// time, also after the end; it is cheap and waits for nobody.
func (c *Conn) Wake() {
	if !c.queued.Swap(true) {
		c.push(c)
	}
}
