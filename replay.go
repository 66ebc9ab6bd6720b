package tidings

import (
	"context"
	"sync/atomic"
)

// Who is behind the window reads the log, a batch at a time, and only so many do so
// at once: a herd that comes back gets its history in turns. Between two batches a
// reader stands behind all who wait, so whoever is owed a lot holds nobody up who is
// owed little. Who is served by the window never waits.

// A turnstile lets some read the log.
type turnstile struct {
	turns    chan struct{} // has one of each who reads; nil if any number may
	reading  atomic.Int64
	standing atomic.Int64
}

// newTurnstile returns a turnstile for so many; for any number if it is negative.
func newTurnstile(most int) *turnstile {
	if most < 0 {
		return new(turnstile)
	}
	return &turnstile{turns: make(chan struct{}, most)}
}

// enter waits for a turn, as long as ctx allows. Who comes first is first: a channel
// hands the place of one who leaves to the one who has waited the longest.
func (t *turnstile) enter(ctx context.Context) error {
	if t.turns != nil {
		t.standing.Add(1)
		defer t.standing.Add(-1)
		select {
		case t.turns <- struct{}{}:
		case <-ctx.Done():
			return unanswered(ctx, "wait for a turn to read the log", context.Cause(ctx))
		}
	}
	t.reading.Add(1)
	return nil
}

// leave ends a turn.
func (t *turnstile) leave() {
	t.reading.Add(-1)
	if t.turns != nil {
		<-t.turns
	}
}

// turn waits for a Subscription's turn to read the log. Those who keep a state for
// the hub need none.
func (s *Subscription) turn(ctx context.Context) (done func(), err error) {
	if !s.counts() {
		return func() {}, nil
	}
	t := s.hub.turns
	return t.leave, t.enter(ctx)
}
