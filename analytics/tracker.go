package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/fold"
)

// A Tracker knows the real-time stats of a hub's owners, by a [Fold] of all
// analytics events, as long as the hub is open. It reads them from the log, so
// an event counts once, on whichever replica it was published, and every replica
// knows the same. All methods may be called concurrently.
type Tracker struct {
	hub      *tidings.Hub
	opts     Options
	follower *fold.Follower
	fold     *Fold // in a turn of the follower only
}

// NewTracker returns a Tracker of a hub, which begins with what is in the hub's
// window, or with what the log retains where there is nothing: stats are of the
// last minutes, and a log may retain weeks. It ends with the hub. Nil options
// mean the defaults.
func NewTracker(hub *tidings.Hub, opts *Options) *Tracker {
	t := &Tracker{hub: hub}
	if opts != nil {
		t.opts = *opts
	}
	channels := []tidings.Channel{tidings.Analytics, tidings.Control} // it says who was purged
	t.follower = fold.New(hub, tidings.Selector{Everyone: true, Channels: channels}, (*state)(t))
	return t
}

// Of returns what is going on for one owner, as far as this replica has heard.
func (t *Tracker) Of(ctx context.Context, owner string) (RealTimeStats, error) {
	return t.ask(ctx, func(now time.Time) RealTimeStats { return t.fold.Of(owner, now) })
}

// Everyone returns what is going on for all owners together, as far as this
// replica has heard.
func (t *Tracker) Everyone(ctx context.Context) (RealTimeStats, error) {
	return t.ask(ctx, func(now time.Time) RealTimeStats { return t.fold.Everyone(now) })
}

// ask asks the fold when it has what the hub has.
func (t *Tracker) ask(ctx context.Context, of func(now time.Time) RealTimeStats) (s RealTimeStats, err error) {
	err = t.follower.Latest(ctx, func() { s = of(time.Now()) })
	if err != nil {
		return s, fmt.Errorf("real-time stats: %w", err)
	}
	return s, nil
}

// A state is the Tracker as its follower sees it.
type state Tracker

// Begin implements [fold.State].
func (s *state) Begin(context.Context) (tidings.Start, error) {
	s.fold = NewFold(&s.opts)
	if window := s.hub.Stats(); s.hub.Durable() && window.Events > 0 {
		return tidings.After(window.Floor), nil
	}
	return tidings.Oldest, nil
}

// Apply implements [fold.State].
func (s *state) Apply(e *tidings.Event) { s.fold.Apply(e) }

// Lost implements [fold.State]: what is gone is not counted.
func (s *state) Lost(*tidings.LostError) (again bool) { return false }
