package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A gate keeps a backend that refuses connections from being asked too often:
// after a failure everybody is told of it, without asking, for about a second.
type gate struct {
	mu     sync.Mutex // guards what follows
	failed error
	until  time.Time
	open   chan struct{} // closed and made anew by every success
}

// pass returns the last failure if it was a moment ago.
func (g *gate) pass() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed != nil && time.Now().Before(g.until) {
		return g.failed
	}
	return nil
}

// fail notes a failure to connect.
func (g *gate) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed != nil && time.Now().Before(g.until) {
		return // this one was told, or is of the same moment
	}
	g.failed, g.until = err, time.Now().Add(time.Second/2+rand.N(time.Second/2)) // #nosec G404 -- it spreads load and keeps no secret
}

// succeed notes that the backend can be reached, and tells those who wait.
func (g *gate) succeed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failed = nil
	close(g.open)
	g.open = make(chan struct{})
}

// opened returns what is closed at the next success.
func (g *gate) opened() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// A patience is how long somebody waits after failures in a row: longer each
// time, from first to most, and never in step with others.
type patience struct {
	first, most time.Duration
	failures    int
}

// reconnecting is the patience of those who want to be told of news.
func reconnecting() patience { return patience{first: time.Second, most: time.Minute} }

// wait waits after one more failure, no longer than until done, which may be
// nil. It reports whether ctx goes on.
func (p *patience) wait(ctx context.Context, done <-chan struct{}) bool {
	pause := min(p.first<<min(p.failures, 10), p.most)
	p.failures++
	timer := time.NewTimer(pause/2 + rand.N(pause/2)) // #nosec G404 -- it spreads load and keeps no secret
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// A pace is the patience of several who do the same.
type pace struct {
	mu sync.Mutex // guards what follows
	patience
	due bool
}

// note notes whether a backend could be reached.
func (p *pace) note(err error) {
	_, failed := errors.AsType[*pgconn.ConnectError](err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !failed {
		p.failures = 0
	}
	p.due = failed
}

// wait waits if the backend could not be reached the last time.
func (p *pace) wait(ctx context.Context, opened <-chan struct{}) {
	p.mu.Lock()
	mine, due := p.patience, p.due
	if due {
		p.failures++
	}
	p.mu.Unlock()
	if due {
		mine.wait(ctx, opened)
	}
}
