package herd

import (
	"errors"
	"os"
	"time"
)

// A Turn is how a goroutine that has much to do lets others have their turn.
//
// Go asks the network who has sent something when no goroutine can run, and
// otherwise once in 10 ms. Who always has something to do keeps those waiting who
// sent something meanwhile, and [runtime.Gosched] does not change that.
//
// The nil Turn does nothing. The methods may be called concurrently.
type Turn struct{ in, out *os.File } // the ends of a pipe

// NewTurn returns a Turn, which has to be closed. Where the system has no pipe
// that can be waited for the error is os.ErrNoDeadline.
func NewTurn() (*Turn, error) {
	in, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	if err := in.SetReadDeadline(time.Time{}); err != nil { // waiting would hold up a thread
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	return &Turn{in, out}, nil
}

// Give returns when everybody had a turn who could run, and everybody of whom the
// network told after that. It takes about 3 µs.
//
// It waits for the network to tell of a byte in the pipe. The goroutine that puts
// it there stands behind all that can run now, and the network is asked when none
// of them is left.
func (t *Turn) Give() {
	if t == nil {
		return
	}
	go func() { _, _ = t.out.Write([]byte{1}) }()
	_, _ = t.in.Read(make([]byte, 1)) // when it is closed there is nothing to wait for
}

// Close makes Give return at once.
func (t *Turn) Close() error {
	if t == nil {
		return nil
	}
	return errors.Join(t.in.Close(), t.out.Close())
}
