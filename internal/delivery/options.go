package delivery

import (
	"runtime"
	"time"
)

// Options change how a Server or a Portable works. A field that is not positive
// has the default.
type Options struct {
	// Writers is how many goroutines of a Server send: by default GOMAXPROCS.
	// More only get in each other's way.
	Writers int

	// WriteTimeout is how long a client whose socket is full may take to
	// accept MaxFill bytes, or what is left if that is less: by default 10
	// seconds. It is also how long a client may take to close its end of a
	// connection after the end of the stream.
	WriteTimeout time.Duration

	// Tick is how often is looked for streams whose Tick is due and for deadlines,
	// and so how late both may be: by default every 250 ms.
	Tick time.Duration

	// Loads is how many Fills of a Server that block run at once: by default
	// 16,384. Others wait for their turn. Each costs a goroutine, of about 8 KB, and
	// nothing else while it waits. Those who wait for the same are to wait together,
	// so it is what they wait for that limits how much it is asked.
	Loads int
}

// withDefaults returns a copy of o, which may be nil.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	c.Writers = positive(c.Writers, runtime.GOMAXPROCS(0))
	c.WriteTimeout = positive(c.WriteTimeout, 10*time.Second)
	c.Tick = positive(c.Tick, 250*time.Millisecond)
	c.Loads = positive(c.Loads, 16384)
	return c
}

// positive returns v, or what is otherwise if v is not positive.
func positive[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
