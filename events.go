package tidings

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// Events yields events, in order, as they come. It waits until ctx ends, the
// Subscription or the hub is closed, or the loop is left; it may then be
// called again and goes on after the last event it yielded.
//
// A *LostError, with no event, says that events before the next one may be
// gone; the iteration goes on if the loop does. Every other error is the last
// thing yielded.
func (s *Subscription) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for s.yield(ctx, yield) {
		}
	}
}

// IsLost reports whether err is a *LostError, the one error after which a
// Subscription goes on.
func IsLost(err error) bool {
	_, ok := errors.AsType[*LostError](err)
	return ok
}

// yield hands on what is pending, or waits, and reports whether to go on.
func (s *Subscription) yield(ctx context.Context, yield func(Event, error) bool) bool {
	buffer := buffers.Get().(*[]Event)
	defer recycle(buffer)
	batch, err := s.Pending(ctx, *buffer)
	if err != nil {
		return yield(Event{}, err) && IsLost(err)
	}
	for i := range batch.Events {
		if !yield(batch.Events[i], nil) {
			s.putBack(batch.Events[i:])
			return false
		}
	}
	if len(batch.Events) == 0 {
		s.wait(ctx)
	}
	return true
}

// wait returns when there may be more, or ctx ended.
func (s *Subscription) wait(ctx context.Context) {
	select {
	case <-s.Ready():
	case <-ctx.Done():
	}
}

// putBack moves the cursor back to right after the first of the events, because
// the reader stopped there.
func (s *Subscription) putBack(events []Event) {
	rest := uint64(len(events) - 1)
	s.cursor.back(events[0].ID, rest)
	s.behind = s.hub.memory == nil && !s.window.covers(events[0].ID)
	s.handed(-int(rest))
}

// buffers keeps the slices into which events are copied for a reader, so that
// one who waits holds none for long.
var buffers = sync.Pool{New: func() any {
	b := make([]Event, 0, batchEvents)
	return &b
}}

// recycle gives a buffer back, without the events.
func recycle(buffer *[]Event) {
	clear((*buffer)[:cap(*buffer)])
	buffers.Put(buffer)
}

// A Delivery is what the channel form yields: an event, or the notice that
// events before the next one may be gone.
type Delivery struct {
	Event Event
	Lost  *LostError // nil for an event
}

// A feeding is what the channel form of a Subscription needs.
type feeding struct {
	deliveries chan Delivery
	done       chan struct{}  // ends the feeding
	work       sync.WaitGroup // feeds
}

// Deliveries returns the channel form of the Subscription: unbuffered, fed by
// one goroutine that Close ends and waits for, closed when nothing more comes.
// While the log fails it waits and tries again. Calling it again returns the
// same channel.
func (s *Subscription) Deliveries() <-chan Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feeding == nil {
		f := &feeding{deliveries: make(chan Delivery), done: make(chan struct{})}
		if s.feeding = f; s.closed.Load() {
			close(f.deliveries)
		} else {
			f.work.Go(func() { s.deliver(f) })
		}
	}
	return s.feeding.deliveries
}

// deliver feeds the channel. While the log fails it tries again.
func (s *Subscription) deliver(f *feeding) {
	defer close(f.deliveries)
	for failures := 0; s.over() == nil && s.hub.backoff(failures, f.done); failures++ {
		for event, err := range s.Events(context.Background()) { // Close wakes it
			lost, ok := errors.AsType[*LostError](err)
			if err != nil && !ok {
				break
			}
			failures = 0
			if !s.hand(f, Delivery{event, lost}) {
				return
			}
		}
	}
}

// hand sends a delivery, unless nobody wants it any more.
func (s *Subscription) hand(f *feeding, d Delivery) bool {
	select {
	case f.deliveries <- d:
		return true
	case <-f.done:
	case <-s.hub.life.Done():
	}
	return false
}
