package delivery

import (
	"errors"
	"time"
)

// A Stream is what a connection carries. The methods of one stream are called
// one after the other, not always by the same goroutine; [Interrupter] has the
// one exception. None may block, except Fill while Blocks says so: others wait
// for it. None may call Close of the server.
type Stream interface {
	// Fill adds to b, which is empty, what is to be sent next, about MaxFill
	// bytes at most (more for one thing that is larger by itself), and reports
	// whether there may be more at once. If not, it is called again after
	// Conn.Wake or when Tick asks for it, and now and then without a reason:
	// adding nothing is fine. An error ends the stream after what is in b was
	// sent. Fill must not hold on to b.
	Fill(b *Buffer) (more bool, err error)

	// Blocks reports whether the next Fill may wait, for a log or a program.
	// A Server then calls that on a goroutine of its own.
	Blocks() bool

	// Tick returns when it is to be called next: in time, but for Options.Tick. If
	// that is not after now there is something to Fill because of the time. It is
	// first called after the first Fill, and never during one, whether or not
	// something is being sent; now and then it is called early. An error ends the
	// stream at once: what its client did not accept yet is not sent.
	Tick(now time.Time) (next time.Time, err error)

	// Close is called once, after all other methods. err says why the stream
	// ended: it is that of Fill or Tick, or matches ErrHungUp,
	// os.ErrDeadlineExceeded or ErrClosed, or is another one of the
	// connection. A client that is told the end of its stream is told after
	// Close.
	Close(err error)
}

// An Interrupter is a Stream that hears of the end of its connection while it
// is in a Fill that blocks. Interrupt is called during that Fill or just after
// it, at most once in the life of the stream, and must not block. Fill shall
// return soon, and Close follows.
type Interrupter interface {
	Interrupt()
}

// MaxFill is about how many bytes a Fill adds at most. It is also what a
// client has to accept in Options.WriteTimeout. Of a client over TCP that reads
// slowly Linux keeps half of it at most that it could not send yet, where it would
// keep megabytes otherwise.
const MaxFill = 64 << 10

// Reasons for which a connection ends.
var (
	// ErrHungUp says that the client closed its end of the connection.
	ErrHungUp = errors.New("delivery: the client hung up")

	// ErrClosed says that Close of the server was called.
	ErrClosed = errors.New("delivery: the server is closed")
)
