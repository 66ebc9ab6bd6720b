package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/delivery"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/sse"
)

// A stream is what is said on one connection, and when. Who waits and writes is
// another matter: the goroutine of its request (attend.go), or what its
// connection was taken to (take.go). It implements [delivery.Stream]. There are
// many, most of which wait: it is small.
type stream struct {
	// What is looked at for each event stands together: with many streams it has
	// to come from memory each time.
	sub       *tidings.Subscription
	asked     *streaming      // nil when it is not needed any more
	realtime  *realtime       // nil on most
	batch     []tidings.Event // was taken and is still to be said
	begun     bool
	silent    bool // a sign of life is due
	untold    bool // the client has not heard of the position that was reached
	parting   bool
	expiring  bool        // the client is to be told that its access will expire
	evicted   atomic.Bool // the connection does not count any more
	heartbeat bool        // signs of life are events
	counted   bool        // among those that are delivered the same way
	way       Delivery
	born      uint32 // the second in which it began, in Unix time
	h         *Handler
	format    format
	reached   tidings.ID // up to where everything was said

	spoke, ages, parts moment // when something was said; when it has lasted long enough; when it ends because the service does
	place
	ctx  context.Context
	conn atomic.Pointer[delivery.Conn] // when it was taken over
	interruption
}

// A moment is how long something is after one that is before everything, or zero
// for never. It does not matter to it that a clock is set.
type moment time.Duration

// since returns a time as a moment.
func (h *Handler) since(t time.Time) moment { return moment(t.Sub(h.zero)) }

// now returns the time as a moment.
func (h *Handler) now() moment { return moment(time.Since(h.zero)) }

// reached reports whether the moment has come.
func (m moment) reached(now moment) bool { return m > 0 && now >= m }

// Reasons for which a stream ends.
var (
	errDrained = errors.New("drained")
	errExpired = errors.New("access expired")
	errRevoked = errors.New("access revoked")
	errAged    = errors.New("lasted as long as it may")

	errUnregistered = errors.New("unregistered")
	errDisplaced    = errors.New("displaced by a newer one")
	errPanic        = errors.New("panic")

	errTaken = errors.New("taken over") // it goes on elsewhere
)

// Blocks reports whether what comes next may have to be waited for.
func (s *stream) Blocks() bool {
	return s.begun && len(s.batch) == 0 && (s.anew() || s.realtime.due() || s.sub.Behind())
}

// taken reports whether the connection is to be taken over, or was.
func (s *stream) taken() bool { return s.way != ByRequest }

// anew reports whether the stream is to begin anew, after a loss.
func (s *stream) anew() bool { return s.asked != nil && s.asked.anew != nil }

// Fill adds what is to be said next, and reports whether there may be more at
// once; otherwise the subscription wakes.
func (s *stream) Fill(b *delivery.Buffer) (more bool, err error) {
	if s.taken() {
		defer s.survive(&err)
	}
	if s.evicted.Load() && (s.begun || !s.guard.Displaced()) {
		return false, s.leave(b)
	}
	before := b.Len()
	more, err = s.say(b)
	// By request a panic of the program goes to the server of HTTP, which drops what
	// it was not given yet.
	for said := before; s.taken() && more && err == nil && b.Len() > said && b.Len() < delivery.MaxFill && !s.Blocks(); {
		said = b.Len()
		more, err = s.say(b)
	}
	if b.Len() > before {
		s.spoke, s.silent = s.h.now(), false
	}
	return more, err
}

// say is one step of Fill: what follows goes in the same write, as long as it is
// at hand.
func (s *stream) say(b *delivery.Buffer) (more bool, err error) {
	switch {
	case !s.begun:
		return true, s.begin(b)
	case s.parting:
		return false, s.part(b)
	case s.anew():
		return true, s.beginAnew(b)
	case s.expiring:
		return true, s.expire(b)
	case s.realtime.due():
		return true, s.figures(b)
	}
	before := b.Len()
	if more, err = s.events(b); more || err != nil || !s.silent || b.Len() > before {
		return more, err
	}
	return false, s.keepAlive(b)
}

// Tick returns when there is something to say because of the time, or why the
// stream ends.
func (s *stream) Tick(now time.Time) (next time.Time, err error) {
	if err := s.over(now); err != nil {
		return time.Time{}, err
	}
	if s.guard.Displaced() { // where nobody was woken
		s.evicted.Store(true)
		return now, nil
	}
	at := s.h.since(now)
	if s.parts == 0 && s.h.drain.on() {
		s.parts = at + moment(upTo(s.h.opts.DrainWindow))
	}
	s.parting = s.parts.reached(at)
	s.silent = at-s.spoke >= moment(s.h.opts.KeepAlive)
	s.expiring = now.UnixMilli() >= int64(s.lease.due())
	s.realtime.tick(now)
	switch {
	case s.parting || s.silent || s.expiring || s.realtime.due():
		return now, nil
	case s.lease.revoked() != nil: // which nobody tells of
		return now.Add(1), nil
	}
	return s.next(), nil
}

// over returns why the stream ends, or nil.
func (s *stream) over(now time.Time) error {
	if err := s.lease.ended(now); err != nil {
		return err
	}
	switch {
	case s.ages.reached(s.h.since(now)):
		return errAged
	case s.guard.Over() && !s.guard.Displaced(): // who was displaced is told
		return errUnregistered
	case closed(s.h.drain.cut):
		return errDrained
	}
	return nil
}

// closed reports whether a channel is. Nil never is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// path returns the count of the streams on its path.
func (s *stream) path() *atomic.Int64 {
	if s.way == Raw {
		return &s.h.paths.raw
	}
	return &s.h.paths.portable
}

// Close ends the stream, of which nothing is written any more. Whatever the
// program's hooks do, its place is given back.
func (s *stream) Close(err error) {
	if s.taken() {
		defer s.survive(&err)
	}
	defer s.h.release(s.place)
	if s.counted {
		s.path().Add(-1)
		s.h.ended(err)
	}
	if s.sub == nil {
		return
	}
	s.h.opts.Logger.Debug("stream ended", "user", s.sub.Selector().User, "err", err)
	s.sub.Close()
}

// begin says the start of the stream: proof that it runs, and a position
// that brings back a client that is cut before the first event. One that
// resumes has it already; one that reads from the start comes back to that.
func (s *stream) begin(b *delivery.Buffer) error {
	asked, now := s.asked, time.Now()
	at := asked.presented
	if at.IsZero() && asked.start == tidings.Live {
		at = s.sub.Position()
	}
	s.begun, s.spoke, s.reached, s.born = true, s.h.since(now), at, uint32(now.Unix())
	if age := s.h.age(); age > 0 {
		s.ages = s.h.since(now.Add(age))
	}
	if s.realtime = s.newRealtime(now); s.realtime == nil && !asked.snapshots() {
		s.asked = nil
	}
	b.B, asked.head = append(b.B, asked.head...), nil
	b.B = sse.AppendComment(b.B, "connected")
	b.B = sse.AppendRetry(b.B, s.retry())
	switch {
	case asked.opening != nil:
		return s.appendOpening(b)
	case !at.IsZero():
		b.B = appendPosition(b.B, at)
	}
	return nil
}

// age returns how long a stream may last, or zero if that is for ever. Those that
// began together do not end together.
func (h *Handler) age() time.Duration { return h.opts.MaxAge - upTo(h.opts.MaxAge/4) }

// retry returns how long the client shall wait before it connects again; those
// of others differ.
func (s *stream) retry() time.Duration {
	base := s.h.opts.Retry
	return (base/2 + upTo(base)).Truncate(time.Millisecond)
}

// events says events that are pending, and reports whether there may be more.
func (s *stream) events(b *delivery.Buffer) (more bool, err error) {
	if len(s.batch) > 0 {
		s.batch = s.frames(b, s.batch)
		return true, nil
	}
	batch, more, done, err := s.pending()
	defer done()
	if lost, ok := errors.AsType[*tidings.LostError](err); ok {
		return true, s.lost(b, lost)
	}
	if err != nil {
		return false, err
	}
	s.untold = s.untold || batch.Through != s.reached
	s.reached = batch.Through
	if rest := s.frames(b, batch.Events); len(rest) > 0 {
		s.batch, more = slices.Clone(rest), true
	}
	return more, nil
}

// pending returns what comes next, and what lets go of it.
func (s *stream) pending() (batch tidings.Batch, more bool, done func(), err error) {
	if s.sub.Behind() {
		batch, err = s.history()
		return batch, true, func() {}, err
	}
	buffer := eventBuffers.Get().(*[]tidings.Event)
	batch, more, err = s.sub.TryPending(*buffer)
	return batch, more, func() { returnEvents(buffer, len(batch.Events)) }, err
}

// history returns what comes next of the log, for which it waits. Thousands may do
// that at once, so it holds next to nothing meanwhile.
func (s *stream) history() (tidings.Batch, error) {
	ctx, done := s.context(s.ctx)
	defer done()
	return s.sub.Pending(ctx, make([]tidings.Event, 0, 4)) // for what the window has then
}

// frames adds the frames of events until there are enough, and returns the
// others.
func (s *stream) frames(b *delivery.Buffer, events []tidings.Event) (rest []tidings.Event) {
	if len(events) > 0 {
		s.h.probe.look(&events[0], s.born)
	}
	for i := range events {
		if b.Len() >= delivery.MaxFill {
			return events[i:]
		}
		s.frame(b, &events[i])
		s.untold = events[i].ID != s.reached
	}
	return nil
}

// frame adds the frame of an event. A large payload is written from where it is.
func (s *stream) frame(b *delivery.Buffer, e *tidings.Event) {
	if len(e.Data) < delivery.MaxFill/2 {
		b.B = s.format.frame(b.B, e)
		return
	}
	b.B = s.format.head(b.B, e)
	b.Refer(e.Data)
	b.B = s.format.tail(b.B, e)
}

// lost tells the client that events may be gone, and where it continues.
func (s *stream) lost(b *delivery.Buffer, lost *tidings.LostError) (err error) {
	if s.asked != nil && s.asked.snapshots() {
		s.asked.anew = lost
		return nil
	}
	s.reached, s.untold = lost.Oldest, false
	b.B, err = appendLost(b.B, lost, lost.Oldest.String())
	return err
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
func (s *stream) keepAlive(b *delivery.Buffer) (err error) {
	if s.heartbeat {
		b.B, err = sse.AppendEvent(b.B, sse.Event{Name: wire.HeartbeatName, Data: []byte(wire.HeartbeatData)})
	} else {
		b.B = sse.AppendComment(b.B, "keep-alive")
	}
	if s.untold {
		s.untold = false
		b.B = appendPosition(b.B, s.reached)
	}
	return err
}

// expire tells that the access will expire.
func (s *stream) expire(b *delivery.Buffer) (err error) {
	s.expiring = false
	b.B, err = s.lease.appendExpiring(b.B)
	return err
}

// part says good-bye: come back, but not all at once.
func (s *stream) part(b *delivery.Buffer) error {
	wait := s.retry() + upTo(s.h.opts.DrainWindow)
	b.B = sse.AppendRetry(b.B, wait.Truncate(time.Millisecond))
	return errDrained
}

// appendPosition appends an id-only frame.
func appendPosition(b []byte, at tidings.ID) []byte {
	b, _ = sse.AppendID(b, at.String()) // digits and a dash are always fine
	return b
}
