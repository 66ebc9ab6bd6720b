package httpapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A drain is the end of all streams of a Handler.
type drain struct {
	begun   chan struct{} // closed when streams are to end
	cut     chan struct{} // closed when they are to end at once
	empty   chan struct{} // closed when all have ended after begun
	mu      sync.Mutex    // guards what follows
	streams int
	started bool
	over    bool // cut is closed
}

func newDrain() drain {
	return drain{begun: make(chan struct{}), cut: make(chan struct{}), empty: make(chan struct{})}
}

// Drain ends the service without making all clients return at once: readiness
// goes, new streams are refused, and each running stream ends at a moment of
// its own within Options.DrainWindow. Its client resumes elsewhere, where
// nothing is missing. Publishing and everything else goes on, but answers ask
// clients to make a new connection for what comes next.
//
// Drain returns nil when all streams have ended. If ctx ends first, the rest is
// cut at once and Drain returns the cause without waiting for it. It may be
// called more than once.
func (h *Handler) Drain(ctx context.Context) error {
	h.drain.start()
	h.ask()
	select {
	case <-h.drain.empty:
		return nil
	case <-ctx.Done():
	}
	h.drain.stop()
	h.ask()
	return context.Cause(ctx)
}

// on reports whether streams are to end.
func (d *drain) on() bool { return closed(d.begun) }

// errFull says that there are as many streams as there may be.
var errFull = errors.New("full")

// enter counts a stream, unless no more may begin or there are as many as there
// may be; most is negative if those are any number.
func (d *drain) enter(most int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started {
		return draining()
	}
	if most >= 0 && d.streams >= most {
		return errFull
	}
	d.streams++
	return nil
}

// count returns how many streams there are.
func (d *drain) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.streams
}

// leave counts a stream that has ended.
func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.streams--
	if d.started && d.streams == 0 {
		close(d.empty)
	}
}

// start begins the end.
func (d *drain) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started {
		return
	}
	d.started = true
	close(d.begun)
	if d.streams == 0 {
		close(d.empty)
	}
}

// stop ends what is left.
func (d *drain) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.over {
		d.over = true
		close(d.cut)
	}
}

// draining is the answer to those who come too late.
func draining() error {
	return refusal(wire.Unavailable, "this server is about to stop: connect again, to another").after(time.Second)
}

// upTo returns a random duration below d, zero if d is not positive.
func upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) // #nosec G404 -- it spreads load and keeps no secret
}
