package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

// mostPending is how many events of a Publishing are on their way at most.
const mostPending = 1000

// A Publishing publishes over a request that stays open: for who emits many
// events, one after the other. All methods may be called concurrently.
//
// Its events are kept in the order in which they were handed over. What has no
// answer when a connection ends is sent again, in that order and with the same
// keys, so nothing is lost, repeated or out of order for it; for each event that
// goes on for [Options].Patience. An event that the server refuses leaves the
// others alone.
type Publishing struct {
	client  *Client
	room    chan struct{}  // holds one for each event on its way
	work    sync.WaitGroup // run
	mu      sync.Mutex     // guards what follows
	changed sync.Cond      // something of it, for which run or a body may wait
	queue   []*Pending     // have no answer yet, in order
	next    int            // of the queue, the first that was not sent over this connection
	rest    []byte         // of the line before that
	answers int            // had over this connection
	silence *time.Timer    // gives this connection up; nil if there is none
	closed  bool           // nothing is handed over any more
	over    error          // why, if not for Close
}

// A Pending is an event on its way.
type Pending struct {
	line    []byte
	until   time.Time     // when it is given up
	doubt   bool          // it may have been kept without an answer
	left    bool          // nobody waits for it
	done    chan struct{} // closed when what follows is set
	receipt tidings.Receipt
	err     error
}

// Open returns a Publishing, which connects when it has something to send, and
// again whenever it has to. It has a goroutine of its own until Close, or until
// ctx ends: then nothing more is sent, and what has no answer fails with the
// cause. Hooks are called from that goroutine.
func (c *Client) Open(ctx context.Context) *Publishing {
	p := &Publishing{client: c, room: make(chan struct{}, mostPending)}
	p.changed.L = &p.mu
	p.work.Go(func() { p.run(ctx) })
	return p
}

// Publish is [Client.Publish] over the open request. If ctx ends before the
// event was sent it is taken back; if it was, the error matches
// tidings.ErrUnknownOutcome. After Close the error is tidings.ErrClosed.
func (p *Publishing) Publish(ctx context.Context, event tidings.Event) (tidings.Receipt, error) {
	sent, err := p.Send(ctx, event)
	if err != nil {
		return tidings.Receipt{}, err
	}
	select {
	case <-sent.done:
	case <-ctx.Done():
		p.leave(sent, context.Cause(ctx))
	}
	<-sent.done
	return sent.receipt, sent.err
}

// Send hands an event over and does not wait for its receipt: its place is after
// all that were handed over before. It waits while 1,000 events are on their way,
// as long as ctx allows; after that ctx means nothing to the event.
func (p *Publishing) Send(ctx context.Context, event tidings.Event) (*Pending, error) {
	line, err := appendPublication(nil, &event)
	if err != nil {
		return nil, err
	}
	if bytes.ContainsAny(line, "\r\n") { // between tokens of the payload; nowhere else may they be
		line = slices.DeleteFunc(line, func(c byte) bool { return c == '\r' || c == '\n' })
	}
	select {
	case p.room <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("publish: %w", context.Cause(ctx))
	}
	sent := &Pending{line: append(line, '\n'), until: time.Now().Add(p.client.opts.Patience), done: make(chan struct{})}
	if err := p.add(sent); err != nil {
		<-p.room
		return nil, fmt.Errorf("publish: %w", err)
	}
	return sent, nil
}

// Receipt waits for the event's receipt, as long as ctx allows, and may be called
// again. The errors are those of [Client.Publish]; where ctx ends, the error
// matches tidings.ErrUnknownOutcome, and the event is still on its way.
func (s *Pending) Receipt(ctx context.Context) (tidings.Receipt, error) {
	select {
	case <-s.done:
		return s.receipt, s.err
	case <-ctx.Done():
		return tidings.Receipt{}, fmt.Errorf("publish: %w: %w", tidings.ErrUnknownOutcome, context.Cause(ctx))
	}
}

// Close waits until all that was handed over has its receipt or has failed, and
// ends the request. It may be called more than once.
func (p *Publishing) Close() {
	p.mu.Lock()
	p.closed = true
	p.changed.Broadcast()
	p.mu.Unlock()
	p.work.Wait()
}

// add puts an event behind the others.
func (p *Publishing) add(sent *Pending) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		return p.over
	}
	if p.closed {
		return tidings.ErrClosed
	}
	p.queue = append(p.queue, sent)
	if len(p.queue) == 1 {
		p.watch()
	}
	p.changed.Broadcast()
	return nil
}

// leave settles an event for which nobody waits any more. What was sent keeps its
// place, because its answer may come, and is not sent again.
func (p *Publishing) leave(sent *Pending, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.queue, sent)
	if i < 0 {
		return // it has its answer
	}
	sent.settle(tidings.Receipt{}, fmt.Errorf("publish: %w", gaveUp(why, sent.doubt || i < p.next)))
	if i < p.next {
		sent.left = true
		return
	}
	p.queue = slices.Delete(p.queue, i, i+1)
	<-p.room
	p.watch()
}

// settle gives the event its outcome.
func (s *Pending) settle(r tidings.Receipt, err error) {
	s.receipt, s.err = r, err
	close(s.done)
}

// remove takes the first n events off the queue, each with what became of it,
// unless that was told before. p.mu must be held.
func (p *Publishing) remove(n int, outcome func(*Pending) (tidings.Receipt, error)) {
	for _, sent := range p.queue[:n] {
		if !sent.left {
			sent.settle(outcome(sent))
		}
		<-p.room
	}
	p.queue = slices.Delete(p.queue, 0, n)
	p.next = max(p.next-n, 0)
}
