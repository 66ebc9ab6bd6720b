package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/sse"
)

// A delivery is one stream while it runs, in the goroutine of its request.
type delivery struct {
	h        *Handler
	out      *writer
	sub      *tidings.Subscription
	asked    *streaming
	access   *Access
	first    *tidings.Batch // was taken before the stream began
	opening  *opening       // what the stream begins with, besides events
	silence  *time.Timer
	realtime *realtime  // nil on most streams
	reached  tidings.ID // up to where everything was written
	told     tidings.ID // the last position the client was told
}

// always is ready.
var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Reasons for which a stream ends.
var (
	errDrained = errors.New("drained")
	errExpired = errors.New("access expired")
	errRevoked = errors.New("access revoked")
	errAged    = errors.New("lasted as long as it may")

	errUnregistered = errors.New("unregistered")
)

// run delivers until the stream ends, and returns why.
func (d *delivery) run(ctx context.Context) error {
	d.silence = time.NewTimer(d.h.opts.KeepAlive)
	defer d.silence.Stop()
	expiry, stop := d.expiry()
	defer stop()
	d.realtime = d.newRealtime()
	defer d.realtime.stop()
	if err := d.begin(); err != nil {
		return err
	}
	if d.realtime != nil {
		if err := d.figures(ctx); err != nil {
			return err
		}
	}
	return d.deliver(ctx, expiry)
}

// deliver writes what comes until the stream ends, and returns why.
func (d *delivery) deliver(ctx context.Context, expiry <-chan time.Time) error {
	draining, parting, aged := d.h.drain.begun, (<-chan time.Time)(nil), d.age()
	for {
		ready, err := d.pump(ctx)
		if err != nil {
			return err
		}
		select {
		case <-ready:
		case <-d.silence.C:
			err = d.keepAlive(ctx)
		case <-d.realtime.due():
			err = d.figures(ctx)
		case <-draining:
			draining, parting = nil, time.After(upTo(d.h.opts.DrainWindow))
		case <-parting:
			return errors.Join(errDrained, d.part())
		case <-expiry:
			return errExpired
		case <-aged:
			return errAged
		case <-d.access.Revoked:
			return errRevoked
		case <-d.asked.guard.Done():
			return errUnregistered
		case <-d.h.drain.cut:
			return errDrained
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// expiry returns what yields when the access expires.
func (d *delivery) expiry() (<-chan time.Time, func() bool) {
	if d.access.Expires.IsZero() {
		return nil, func() bool { return false }
	}
	timer := time.NewTimer(time.Until(d.access.Expires))
	return timer.C, timer.Stop
}

// age returns what yields when the stream has lasted long enough. Those that
// began together do not end together.
func (d *delivery) age() <-chan time.Time {
	limit := d.h.opts.MaxAge
	if limit <= 0 {
		return nil
	}
	return time.After(limit - upTo(limit/4))
}

// begin writes the start of the stream: proof that it runs, and a position
// that brings back a client that is cut before the first event. One that
// resumes has it already; one that reads from the start comes back to that.
func (d *delivery) begin() error {
	at := d.asked.presented
	if at.IsZero() && d.asked.start == tidings.Live {
		at = d.sub.Position()
	}
	d.reached, d.told = at, at
	b := sse.AppendComment(nil, "connected")
	b = sse.AppendRetry(b, d.retry())
	var err error
	switch {
	case d.opening != nil:
		b, err = d.appendOpening(b)
	case !at.IsZero():
		b = appendPosition(b, at)
	}
	return errors.Join(err, d.write(b))
}

// retry returns how long the client shall wait before it connects again; those
// of others differ.
func (d *delivery) retry() time.Duration {
	base := d.h.opts.Retry
	return (base/2 + upTo(base)).Truncate(time.Millisecond)
}

// pump writes what is pending, at most one batch, and returns what is ready
// when there may be more.
func (d *delivery) pump(ctx context.Context) (<-chan struct{}, error) {
	buffer := eventBuffers.Get().(*[]tidings.Event)
	batch, err := d.pending(ctx, *buffer)
	defer returnEvents(buffer, len(batch.Events))
	if lost, ok := errors.AsType[*tidings.LostError](err); ok {
		return always, d.lost(ctx, lost)
	}
	if err != nil {
		return nil, err
	}
	d.reached = batch.Through
	if len(batch.Events) == 0 {
		return d.sub.Ready(), nil
	}
	return always, d.events(batch.Events)
}

// events writes frames, as many in one write as a chunk holds.
func (d *delivery) events(events []tidings.Event) error {
	buffer := byteBuffers.Get().(*[]byte)
	defer returnBytes(buffer)
	b := (*buffer)[:0]
	for i := range events {
		var err error
		if b, err = d.event(b, &events[i]); err != nil {
			return err
		}
		d.told = events[i].ID
		events[i] = tidings.Event{} // a slow client shall not hold what the window let go
	}
	*buffer = b
	return d.write(b)
}

// event adds a frame to b, which is written first if it is full. A large
// payload is written from where it is.
func (d *delivery) event(b []byte, e *tidings.Event) ([]byte, error) {
	if len(b)+len(e.Data) < chunk {
		return d.asked.format.frame(b, e), nil
	}
	if len(e.Data) < chunk/2 {
		err := d.out.write(b)
		return d.asked.format.frame(b[:0], e), err
	}
	if err := d.out.write(d.asked.format.head(b, e)); err != nil {
		return b, err
	}
	err := d.out.write(e.Data)
	return d.asked.format.tail(b[:0], e), err
}

// write sends b, after which there was no silence.
func (d *delivery) write(b []byte) error {
	if err := d.out.write(b); err != nil {
		return err
	}
	d.silence.Reset(d.h.opts.KeepAlive)
	return d.out.rest()
}

// lost tells the client that events may be gone, and where it continues.
func (d *delivery) lost(ctx context.Context, lost *tidings.LostError) error {
	if d.asked.snapshots() {
		return d.beginAnew(ctx, lost)
	}
	b, err := appendLost(nil, lost, lost.Oldest.String())
	if err != nil {
		return err
	}
	d.reached, d.told = lost.Oldest, lost.Oldest
	return d.write(b)
}

// appendLost appends a notice of loss, with an id unless that is empty.
func appendLost(b []byte, lost *tidings.LostError, id string) ([]byte, error) {
	data, err := json.Marshal(wire.Lost{After: lost.After.String(), Oldest: lost.Oldest.String(), Reason: lost.Reason})
	if err != nil {
		return b, err
	}
	return sse.AppendEvent(b, sse.Event{ID: id, Name: wire.LostName, Data: data})
}

// keepAlive shows that the stream lives, and moves the client's position past
// what does not concern it, so that it does not grow old.
func (d *delivery) keepAlive(ctx context.Context) error {
	ready, err := d.pump(ctx)
	if err != nil || ready == always {
		return err
	}
	var b []byte
	if d.asked.heartbeat {
		b, err = sse.AppendEvent(b, sse.Event{Name: wire.HeartbeatName, Data: []byte(wire.HeartbeatData)})
	} else {
		b = sse.AppendComment(b, "keep-alive")
	}
	if d.reached != d.told {
		d.told = d.reached
		b = appendPosition(b, d.told)
	}
	return errors.Join(err, d.write(b))
}

// part says good-bye: come back, but not all at once.
func (d *delivery) part() error {
	wait := d.retry() + upTo(d.h.opts.DrainWindow)
	return d.out.write(sse.AppendRetry(nil, wait.Truncate(time.Millisecond)))
}

// appendPosition appends an id-only frame.
func appendPosition(b []byte, at tidings.ID) []byte {
	b, _ = sse.AppendID(b, at.String()) // digits and a dash are always fine
	return b
}
