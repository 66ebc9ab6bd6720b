package httpapi

import (
	"context"
	"sync/atomic"
)

// An interruption ends what waits while the client is gone already.
type interruption struct {
	cancel atomic.Pointer[context.CancelFunc] // of what waits; nothing may after &interrupted
}

var interrupted context.CancelFunc = func() {}

// Interrupt implements [delivery.Interrupter].
func (i *interruption) Interrupt() {
	if cancel := i.cancel.Swap(&interrupted); cancel != nil {
		(*cancel)()
	}
}

// context returns a context that ends with an interruption too, and what lets go
// of it. There is one at a time.
func (i *interruption) context(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if !i.cancel.CompareAndSwap(nil, &cancel) {
		cancel()
	}
	return ctx, func() {
		i.cancel.CompareAndSwap(&cancel, nil)
		cancel()
	}
}

// Wake implements [tidings.Waker].
func (s *stream) Wake() {
	if c := s.conn.Load(); c != nil {
		c.Wake()
	}
}
