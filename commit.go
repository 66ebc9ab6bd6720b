package tidings

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// A committer appends for many callers: one append is in flight, and those who
// call meanwhile share the next. The order within one call is kept, and so is
// that of calls which follow each other. A log that is Pipelined gets single
// events from their callers.
type committer struct {
	hub       *Hub
	pipelined bool

	mu    sync.Mutex // guards what follows
	queue []*commit
	busy  bool // the hub's work goroutine is at it
}

// A commit is one caller's events.
type commit struct {
	events   []Event
	receipts []Receipt
	err      error
	done     chan struct{}
	left     atomic.Bool // nobody waits for it
}

// commit appends events and fills in receipts. If ctx ends while the log is
// busy with them, the error matches ErrUnknownOutcome; before that, nothing
// was done.
func (c *committer) commit(ctx context.Context, events []Event, receipts []Receipt) error {
	if c.pipelined && len(events) == 1 {
		return c.commitAlone(ctx, events, receipts)
	}
	own := &commit{events: events, receipts: make([]Receipt, len(events)), done: make(chan struct{})}
	if !c.enqueue(own) {
		return ErrClosed
	}
	select {
	case <-own.done:
	case <-ctx.Done():
		if c.withdraw(own) {
			return fmt.Errorf("publish: %w", context.Cause(ctx))
		}
	}
	select {
	case <-own.done: // perhaps as ctx ended: what is known is not guessed
		copy(receipts, own.receipts)
		return own.err
	default:
		own.left.Store(true)
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, context.Cause(ctx))
	}
}

// commitAlone appends what shares nothing with others, while ctx and the hub last.
func (c *committer) commitAlone(ctx context.Context, events []Event, receipts []Receipt) error {
	if !c.enter() {
		return ErrClosed
	}
	defer c.hub.work.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.hub.life, func() { cancel(ErrClosed) })()
	got, err := c.hub.log.Append(ctx, events)
	copy(receipts, got)
	if err != nil {
		return c.outcome(fmt.Errorf("append: %w", err))
	}
	return nil
}

// enter has who closes the hub wait for the caller, and reports whether it is
// open.
func (c *committer) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hub.life.Err() != nil {
		return false
	}
	c.hub.work.Add(1)
	return true
}

// enqueue adds a commit and sees to it that somebody works. It reports whether
// the hub is open.
func (c *committer) enqueue(own *commit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hub.life.Err() != nil {
		return false
	}
	c.queue = append(c.queue, own)
	if !c.busy {
		c.busy = true
		c.hub.work.Go(c.work)
	}
	return true
}

// close ends the hub's life. A committer that begins has begun before that, so
// that who waits for the hub's goroutines waits for it.
func (c *committer) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hub.end(ErrClosed)
}

// withdraw takes a commit out that nobody has begun with.
func (c *committer) withdraw(own *commit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.queue, own)
	if i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
	}
	return i >= 0
}

// work appends until the queue is empty.
func (c *committer) work() {
	for group := c.next(); len(group) > 0; group = c.next() {
		c.append(group)
		for _, own := range group {
			close(own.done)
		}
		for range 4 { // those who publish one event after the other share the next append
			runtime.Gosched()
		}
	}
}

// next takes whole commits from the queue, as many as one batch may hold;
// none if it is empty.
func (c *committer) next() []*commit {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit, events, bytes, n := c.hub.opts.Limits, 0, 0, 0
	for n < len(c.queue) {
		events += len(c.queue[n].events)
		bytes += c.queue[n].bytes()
		if n > 0 && (events > limit.Batch || bytes > limit.BatchBytes) {
			break
		}
		n++
	}
	group := slices.Clone(c.queue[:n])
	c.queue = slices.Delete(c.queue, 0, n)
	c.busy = n > 0
	return group
}

// bytes returns the size of the payloads.
func (own *commit) bytes() int {
	n := 0
	for i := range own.events {
		n += len(own.events[i].Data)
	}
	return n
}

// append appends a group at once. If the log refuses it, each commit is tried
// by itself, as long as somebody waits for it: nobody's events fail for
// somebody else's, and a log that fails slowly for many is not asked once for
// each who gave up.
func (c *committer) append(group []*commit) {
	if len(group) > 1 {
		err := c.appendAll(group)
		if err == nil || errors.Is(err, ErrUnknownOutcome) || c.hub.life.Err() != nil {
			c.settle(group, err)
			return
		}
	}
	for _, own := range group {
		if !own.left.Load() {
			own.err = c.outcome(c.appendAll([]*commit{own}))
		}
	}
}

// settle gives every commit of a group the same outcome.
func (c *committer) settle(group []*commit, err error) {
	for _, own := range group {
		own.err = c.outcome(err)
	}
}

// outcome turns the log's error into the caller's. An append that the end of
// the hub interrupted may have happened.
func (c *committer) outcome(err error) error {
	if err != nil && c.hub.life.Err() != nil {
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, ErrClosed)
	}
	return err
}

// appendAll appends the events of all commits as one batch.
func (c *committer) appendAll(group []*commit) error {
	events := group[0].events
	if len(group) > 1 {
		events = nil
		for _, own := range group {
			events = append(events, own.events...)
		}
	}
	receipts, err := c.hub.log.Append(c.hub.life, events)
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	for _, own := range group {
		receipts = receipts[copy(own.receipts, receipts):]
	}
	return nil
}
