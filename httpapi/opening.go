package httpapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
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
func (d *delivery) open(ctx context.Context) error {
	if !d.asked.snapshots() {
		return d.subscribe(d.asked.start)
	}
	ctx, stop := d.whileWanted(ctx)
	defer stop()
	if d.asked.start == tidings.Live {
		return d.snapshot(ctx, nil)
	}
	if err := d.subscribe(d.asked.start); err != nil {
		return err
	}
	batch, err := d.sub.Pending(ctx, nil)
	if lost, ok := errors.AsType[*tidings.LostError](err); ok {
		return d.snapshot(ctx, lost)
	}
	d.first = &batch
	return err
}

// subscribe subscribes, in place of what was subscribed to before.
func (d *delivery) subscribe(start tidings.Start) error {
	sub, err := d.h.hub.Subscribe(d.asked.sel, start)
	if err != nil {
		return err
	}
	d.close()
	d.sub = sub
	return nil
}

// close ends what was subscribed to.
func (d *delivery) close() {
	if d.sub != nil {
		d.sub.Close()
	}
}

// pending returns what comes next.
func (d *delivery) pending(ctx context.Context, buffer []tidings.Event) (tidings.Batch, error) {
	if first := d.first; first != nil {
		d.first = nil
		return *first, nil
	}
	return d.sub.Pending(ctx, buffer)
}

// snapshot takes a snapshot and subscribes to what follows it. Lost, if not
// nil, is why the stream goes on with one.
func (d *delivery) snapshot(ctx context.Context, lost *tidings.LostError) error {
	s, at, err := d.h.opts.Contexts.Contexts(ctx, d.asked.sel.User)
	if err != nil {
		return err
	}
	shown := *d.asked.narrow(s) // s may be the source's
	if shown.Timestamp.IsZero() {
		shown.Timestamp = at.Time() // on every replica the same
	}
	data, err := shown.AppendJSON(nil)
	if err != nil {
		return fmt.Errorf("snapshot of contexts: %v", err) // not %w: the request is not what is invalid
	}
	e := tidings.Event{ID: at, Channel: tidings.System, Type: contexts.TypeSnapshot, Data: data}
	d.opening = &opening{lost, e}
	return d.subscribe(tidings.After(at))
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

// appendOpening appends the snapshot, and what comes before it.
func (d *delivery) appendOpening(b []byte) ([]byte, error) {
	lost, e := d.opening.lost, &d.opening.snapshot
	d.opening = nil
	d.reached, d.told = e.ID, e.ID
	if lost != nil {
		notice := *lost
		notice.Oldest = e.ID
		var err error
		if b, err = appendLost(b, &notice, ""); err != nil {
			return b, err
		}
	}
	b = append(d.asked.format.head(b, e), e.Data...)
	return d.asked.format.tail(b, e), nil
}

// whileWanted returns a context that also ends when the stream would, and what
// lets go of it: to take a snapshot can take as long as a log or a program does.
func (d *delivery) whileWanted(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	expiry, stop := d.expiry()
	var watch sync.WaitGroup
	watch.Go(func() { // until the caller lets go of it
		defer stop()
		select {
		case <-d.h.drain.cut:
			cancel(draining())
		case <-d.asked.guard.Done():
			cancel(refusal(wire.Unavailable, "the connection was %v", errUnregistered))
		case <-expiry:
			cancel(fmt.Errorf("%w: %w", ErrUnauthorized, errExpired))
		case <-d.access.Revoked:
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
func (d *delivery) beginAnew(ctx context.Context, lost *tidings.LostError) error {
	ctx, stop := d.whileWanted(ctx)
	defer stop()
	if err := d.snapshot(ctx, lost); err != nil {
		return err
	}
	b, err := d.appendOpening(nil)
	return errors.Join(err, d.write(b))
}
