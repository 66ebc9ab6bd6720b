package httpapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/internal/delivery"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A contexts stream begins with a snapshot of the owner's contexts at a
// position, and goes on with exactly what follows that. The frame of the
// snapshot is the first that has an id, so who is cut before it begins anew.
//
// Who presents a position has what was before it, and gets no snapshot. If he
// may have lost events, the notice of it has no id: a snapshot follows, and
// whoever is cut in between is told of the loss once more.

// An opening is a snapshot that is to be sent, after a notice if something may
// be lost.
type opening struct {
	lost     *tidings.LostError
	snapshot tidings.Event
}

// snapshots reports whether the stream has snapshots of contexts.
func (s *streaming) snapshots() bool {
	return s.name == contextsStream && slices.Contains(s.sel.Channels, tidings.System) && (len(s.sel.Types) == 0 || slices.Contains(s.sel.Types, contexts.TypeSnapshot))
}

// contextsStream is the stream whose clients know the state of an owner's
// contexts.
const contextsStream = "contexts"

// open subscribes, and prepares what the stream begins with. After that nothing
// can be refused any more.
func (s *stream) open(ctx context.Context) error {
	if !s.asked.snapshots() {
		return s.subscribe(s.asked.start)
	}
	ctx, stop := s.whileWanted(ctx)
	defer stop()
	if s.asked.start == tidings.Live {
		return s.snapshot(ctx, nil)
	}
	if err := s.subscribe(s.asked.start); err != nil {
		return err
	}
	batch, err := s.sub.Pending(ctx, nil)
	if lost, ok := errors.AsType[*tidings.LostError](err); ok {
		return s.snapshot(ctx, lost)
	}
	s.batch = batch.Events
	return err
}

// subscribe subscribes, in place of what was subscribed to before.
func (s *stream) subscribe(start tidings.Start) error {
	sub, err := s.h.hub.Subscribe(s.asked.sel, start)
	if err != nil {
		return err
	}
	if s.taken() {
		sub.Notify(s)
	}
	if s.sub != nil {
		s.sub.Close()
	}
	s.sub = sub
	return nil
}

// snapshot takes a snapshot and subscribes to what follows it. Lost, if not
// nil, is why the stream goes on with one.
func (s *stream) snapshot(ctx context.Context, lost *tidings.LostError) error {
	all, at, err := s.h.opts.Contexts.Contexts(ctx, s.asked.sel.User)
	if err != nil {
		return err
	}
	shown := *s.asked.narrow(all) // all may be the source's
	if shown.Timestamp.IsZero() {
		shown.Timestamp = at.Time() // on every replica the same
	}
	data, err := shown.AppendJSON(nil)
	if err != nil {
		return fmt.Errorf("snapshot of contexts: %v", err) // not %w: the request is not what is invalid
	}
	e := tidings.Event{ID: at, Channel: tidings.System, Type: contexts.TypeSnapshot, Data: data}
	s.asked.opening = &opening{lost, e}
	return s.subscribe(tidings.After(at))
}

// narrow returns what a snapshot says of the sessions that are asked for.
func (s *streaming) narrow(all *contexts.Snapshot) *contexts.Snapshot {
	if len(s.sel.Sessions) == 0 {
		return all
	}
	some := &contexts.Snapshot{Timestamp: all.Timestamp}
	for _, c := range all.Contexts {
		if slices.Contains(s.sel.Sessions, c.ID) {
			some.Contexts = append(some.Contexts, c)
		}
	}
	for _, id := range all.Deleted {
		if slices.Contains(s.sel.Sessions, id) {
			some.Deleted = append(some.Deleted, id)
		}
	}
	return some
}

// appendOpening adds the snapshot, and what comes before it.
func (s *stream) appendOpening(b *delivery.Buffer) (err error) {
	lost, e := s.asked.opening.lost, &s.asked.opening.snapshot
	s.asked.opening = nil
	s.reached, s.untold = e.ID, false
	if lost != nil {
		notice := *lost
		notice.Oldest = e.ID
		if b.B, err = appendLost(b.B, &notice, ""); err != nil {
			return err
		}
	}
	s.frame(b, e)
	return nil
}

// whileWanted returns a context that also ends when the stream would, and what
// lets go of it: to take a snapshot can take as long as a log or a program does.
func (s *stream) whileWanted(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	expiry, stop := s.expiry()
	var watch sync.WaitGroup
	watch.Go(func() { // until the caller lets go of it
		defer stop()
		select {
		case <-s.h.drain.cut:
			cancel(draining())
		case <-s.guard.Done():
			if err := s.lease.ended(time.Now()); err != nil {
				cancel(fmt.Errorf("%w: %w", ErrUnauthorized, err))
			}
			cancel(refusal(wire.Unavailable, "the connection was %v", s.gone()))
		case <-expiry:
			cancel(fmt.Errorf("%w: %w", ErrUnauthorized, errExpired))
		case <-s.lease.revoked():
			cancel(fmt.Errorf("%w: %w", ErrUnauthorized, errRevoked))
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watch.Wait()
	}
}

// beginAnew tells of a loss in the middle of a stream.
func (s *stream) beginAnew(b *delivery.Buffer) error {
	lost := s.asked.anew
	s.asked.anew = nil
	ctx, done := s.context(s.ctx)
	defer done()
	ctx, stop := s.whileWanted(ctx)
	defer stop()
	if err := s.snapshot(ctx, lost); err != nil {
		return err
	}
	return s.appendOpening(b)
}

// expiry returns what yields when the access expires.
func (s *stream) expiry() (<-chan time.Time, func() bool) {
	expires := s.lease.expiry()
	if expires == never {
		return nil, func() bool { return false }
	}
	timer := time.NewTimer(time.Until(expires.time()))
	return timer.C, timer.Stop
}
