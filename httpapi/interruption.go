package httpapi

import (
	"context"
	"sync"
)

// An interruption ends what waits while the client is gone already.
type interruption struct {
	mu       sync.Mutex // guards what follows
	cancel   context.CancelFunc
	happened bool
}

// Interrupt implements [delivery.Interrupter].
func (i *interruption) Interrupt() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.happened = true
	if i.cancel != nil {
		i.cancel()
	}
}

// context returns a context that ends with an interruption too, and what lets go
// of it.
func (i *interruption) context(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cancel = cancel
	if i.happened {
		cancel()
	}
	return ctx, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.cancel = nil
		cancel()
	}
}

// Wake implements [tidings.Waker].
func (s *stream) Wake() {
	if c := s.conn.Load(); c != nil {
		c.Wake()
	}
}
