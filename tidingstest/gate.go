package tidingstest

import (
	"context"
	"sync"
)

// A Gate holds back calls on their way. The zero Gate is open. It is safe for
// concurrent use and must not be copied.
type Gate struct {
	mu      sync.Mutex
	shut    chan struct{} // closed by Release; nil while the gate is open
	waiting int
	changed signal // waiting changed
}

// Hold shuts the gate: calls that come to it wait until Release or the end of
// their context. Shutting it twice is the same as once.
func (g *Gate) Hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = make(chan struct{})
	}
}

// Release opens the gate. Every call that waits passes, even if Hold follows
// at once.
func (g *Gate) Release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

// Await returns nil as soon as at least n calls wait at the gate, or the cause
// of ctx's end.
func (g *Gate) Await(ctx context.Context, n int) error {
	for {
		enough, changed := g.holds(n)
		if enough {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// holds reports whether n calls wait, and what to wait for if not.
func (g *Gate) holds(n int) (bool, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting >= n, g.changed.wait()
}

// pass returns nil when the gate is open, or the cause of ctx's end if that
// comes first.
func (g *Gate) pass(ctx context.Context) error {
	shut := g.enter()
	if shut == nil {
		return nil
	}
	defer g.leave()
	select {
	case <-shut:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter counts the caller as waiting if the gate is shut.
func (g *Gate) enter() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		g.waiting++
		g.changed.fire()
	}
	return g.shut
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
	g.changed.fire()
}

// A signal wakes everybody who waits for it. Its owner's mutex guards it.
type signal struct{ ch chan struct{} }

// wait returns a channel that the next fire closes.
func (s *signal) wait() <-chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

// fire wakes everybody who waits.
func (s *signal) fire() {
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
