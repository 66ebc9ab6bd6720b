package tidings

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A Subscription is a cursor over the log: a position, a selector and a wake.
// It queues nothing. Its owner reads it in one of three ways, from one
// goroutine at a time:
//
//   - Events, an iterator that waits;
//   - Deliveries, a channel, fed by a goroutine of the Subscription;
//   - Pending and Ready, for those who wait for other things too; TryPending and
//     Notify, for those who serve many and never wait.
//
// Close, Lost, Dropped and Selector may be called at any time.
type Subscription struct {
	// What is looked at for each event stands together: with many Subscriptions
	// it has to come from memory each time.
	hub       *Hub
	window    *window
	behind    bool        // the log has to be read before the window serves again
	presented bool        // the position came from outside and is to be proven
	replaced  bool        // the log no longer has a position it once had
	closed    atomic.Bool // is set with mu held
	cursor    cursor
	foreign   ID // a position that is not the log's, to be told first

	mu      sync.Mutex              // guards reading and feeding
	reading context.CancelCauseFunc // ends the reading of the log; nil while there is none
	feeding *feeding                // nil until somebody asks for the channel form
	told    atomic.Pointer[LostError]
	dropped atomic.Uint64
	warned  int64 // of that, in Unix seconds
}

// Pending returns what there is now, in order, without waiting for more: the
// next events and the position up to which everything was returned. No events
// means that the caller should wait for Ready before it calls again. Events
// are appended to buffer[:0] as far as its capacity goes; nil makes a new one
// for at most 128. Those that had to be read from the log come in a slice of
// their own, as many as the log yields at once.
//
// A *LostError comes before the events it concerns, in place of a batch; the
// next call goes on. After any other error the Subscription is over: ErrClosed
// if it or the hub was closed, ErrReplaced if the log is another one now. Only
// a Subscription that is behind the window of a log that is not in memory
// waits, for the log and for at most as long as ctx allows; if the log fails,
// the error is the log's and the next call tries again.
func (s *Subscription) Pending(ctx context.Context, buffer []Event) (Batch, error) {
	for {
		if err := cmp.Or(s.over(), context.Cause(ctx)); err != nil {
			return Batch{}, err
		}
		batch, again, err := s.step(ctx, buffer)
		if !again || err != nil {
			s.handed(len(batch.Events))
			return batch, err
		}
	}
}

// room returns the caller's buffer, empty, or a new one if that has no room.
func room(buffer []Event) []Event {
	if cap(buffer) == 0 {
		return make([]Event, 0, batchEvents)
	}
	return buffer[:0]
}

// counts reports whether the hub's figures and hooks tell of the Subscription.
func (s *Subscription) counts() bool { return s.cursor.group.role == subscriber }

// handed counts events that were handed out, and those that were put back.
func (s *Subscription) handed(n int) {
	if n != 0 && s.counts() {
		s.hub.count.delivered.Add(uint64(n))
	}
}

// Ready yields a value when Pending may have more to return, or an error.
func (s *Subscription) Ready() <-chan struct{} { return s.cursor.ready }

// step makes one attempt. It asks for another one where it got further but has
// nothing to show for it.
func (s *Subscription) step(ctx context.Context, buffer []Event) (batch Batch, again bool, err error) {
	if !s.foreign.IsZero() {
		return Batch{}, false, s.tellForeign()
	}
	if s.behind {
		return s.catchUp(ctx)
	}
	taken, err := s.take(room(buffer), false)
	return Batch{taken.events, taken.at}, len(taken.events) == 0 && !taken.idle, err
}

// take takes from the window. If the cursor's events left it nothing is taken.
func (s *Subscription) take(into []Event, atOnce bool) (taking, error) {
	taken := s.cursor.take(into, s.window.position(), atOnce)
	if !taken.floor.IsZero() {
		return taking{}, s.fallBehind()
	}
	if s.hub.memory != nil { // what left another log's window was read from the log
		s.drop(taken.dropped)
	}
	if taken.idle { // asked after take: whoever ends it wakes only those that wait
		return taken, s.over()
	}
	return taken, nil
}

// tellForeign tells of a position that is not the log's.
func (s *Subscription) tellForeign() error {
	after := s.foreign
	s.foreign = ID{}
	return s.lose(after, s.cursor.position(), LostForeign)
}

// fallBehind handles a cursor whose events left the window.
func (s *Subscription) fallBehind() error {
	if s.hub.memory == nil {
		s.behind = true
		return nil
	}
	floor := s.window.recheck(&s.cursor)
	if floor.IsZero() {
		return nil
	}
	after := s.cursor.position()
	at, dropped := s.cursor.overtaken(floor)
	s.drop(dropped)
	return s.lose(after, at, LostExpired)
}

// over returns why nothing more comes, or nil.
func (s *Subscription) over() error {
	if s.closed.Load() || s.hub.life.Err() != nil {
		return ErrClosed
	}
	if s.replaced {
		return ErrReplaced
	}
	return s.window.failed()
}

// lose makes the notice of a loss, and keeps it.
func (s *Subscription) lose(after, at ID, reason string) error {
	lost := &LostError{After: after, Oldest: at, Reason: reason}
	s.told.Store(lost)
	if s.counts() {
		s.hub.count.lost.Add(1)
		s.hub.opts.Hooks.Lost(s.Selector(), lost)
	}
	return lost
}

// drop counts events that were discarded before they were read, and warns of
// it once a minute at most.
func (s *Subscription) drop(n uint64) {
	if n == 0 {
		return
	}
	s.dropped.Add(n)
	if s.counts() {
		s.hub.count.dropped.Add(n)
	}
	if now := time.Now().Unix(); now-s.warned >= 60 {
		s.warned = now
		s.hub.opts.Logger.Warn("subscriber too slow", "user", s.cursor.group.user, "dropped", s.dropped.Load())
	}
}

// untilClosed returns a context for a call of the log, which also ends when
// the Subscription or the hub is closed, and what lets go of it.
func (s *Subscription) untilClosed(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.hub.life, func() { cancel(ErrClosed) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = cancel
	if s.closed.Load() {
		cancel(ErrClosed)
	}
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reading = nil
		stop()
		cancel(nil)
	}
}

// catchUp reads one batch from the log, until the window can serve.
func (s *Subscription) catchUp(ctx context.Context) (Batch, bool, error) {
	ctx, release := s.untilClosed(ctx)
	defer release()
	batch, again, err := s.readInTurn(ctx)
	if err != nil && !IsLost(err) {
		err = cmp.Or(s.over(), err)
	}
	return batch, again, err
}

// readInTurn is catchUp with a context that ends when it should.
func (s *Subscription) readInTurn(ctx context.Context) (Batch, bool, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return Batch{}, false, err
	}
	defer done()
	return s.readLog(ctx)
}

// readLog reads one batch.
func (s *Subscription) readLog(ctx context.Context) (Batch, bool, error) {
	pos := s.cursor.position()
	if s.presented && pos.seq > s.window.position().seq {
		return s.ahead(ctx, pos)
	}
	for batch, err := range s.hub.log.Read(ctx, s.cursor.group.selector(), pos) {
		if err != nil {
			return s.catchUpFailed(ctx, pos, err)
		}
		s.presented = false
		s.cursor.move(batch.Through)
		s.behind = !s.window.covers(batch.Through)
		return Batch{encoded(batch.Events), batch.Through}, len(batch.Events) == 0, nil
	}
	return Batch{}, false, unanswered(ctx, "read the log", errTailEnded)
}

// encoded makes the frames of events that come straight from the log.
func encoded(events []Event) []Event {
	for i := range events {
		events[i].frame, events[i].Data = newFrame(events[i].ID, events[i].Data)
	}
	return events
}

// covers reports whether the window has everything after a position.
func (w *window) covers(id ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return id.seq >= w.floorOfAll().seq
}

// catchUpFailed turns a log's answer into a notice, or returns it.
func (s *Subscription) catchUpFailed(ctx context.Context, pos ID, err error) (Batch, bool, error) {
	if lost, ok := errors.AsType[*TruncatedError](err); ok {
		s.cursor.move(lost.Floor)
		return Batch{}, false, s.lose(pos, lost.Floor, LostExpired)
	}
	if errors.Is(err, ErrForeign) && !s.presented { // the log had it once: it is another one now
		s.replaced = true
		return Batch{}, false, ErrReplaced
	}
	if errors.Is(err, ErrForeign) {
		return s.loseForeign(ctx, pos)
	}
	return Batch{}, false, unanswered(ctx, "read the log", err)
}

// loseForeign continues at the floor of the log.
func (s *Subscription) loseForeign(ctx context.Context, pos ID) (Batch, bool, error) {
	floor, _, err := s.hub.Bounds(ctx)
	if err != nil {
		return Batch{}, false, err
	}
	s.cursor.move(floor)
	s.presented = false
	return Batch{}, false, s.lose(pos, floor, LostForeign)
}

// ahead handles a position beyond the window's head: another replica was
// faster, or the position is not of this log.
func (s *Subscription) ahead(ctx context.Context, pos ID) (Batch, bool, error) {
	_, head, err := s.hub.Bounds(ctx)
	if err != nil {
		return Batch{}, false, err
	}
	if pos.seq > head.seq {
		return s.loseForeign(ctx, pos)
	}
	for _, err := range s.hub.log.Read(ctx, s.cursor.group.selector(), pos) { // proves the position
		if err != nil {
			return s.catchUpFailed(ctx, pos, err)
		}
		break
	}
	s.presented, s.behind = false, false
	return Batch{}, true, nil
}

// Selector returns what is selected.
func (s *Subscription) Selector() Selector {
	sel := s.cursor.group.selector()
	return sel.clone()
}

// Position returns the position up to which Pending returned everything that is
// selected: where the Subscription began, as long as nothing was read. It is
// zero if it began with Oldest and the log has not been asked yet. Those who
// read by Events or Deliveries keep the ID of the event they have dealt with:
// the Subscription may be further. It may be called at any time.
func (s *Subscription) Position() ID { return s.cursor.position() }

// Lost returns the latest notice of a loss, or nil.
func (s *Subscription) Lost() *LostError { return s.told.Load() }

// Dropped returns how many events are known to have been discarded before the
// Subscription read them, from the time when it was first up to date. Those
// discarded earlier, which only Lost tells of, are not counted; while many are
// retained, those discarded later are when it is up to date again.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the Subscription: whoever waits for it gets ErrClosed, and the
// channel form is closed. It may be called more than once and concurrently,
// and returns when nothing of the Subscription is left running.
func (s *Subscription) Close() {
	s.mu.Lock()
	first, fed := !s.closed.Swap(true), s.feeding
	if first && fed != nil {
		close(fed.done)
	}
	if s.reading != nil {
		s.reading(ErrClosed)
	}
	s.mu.Unlock()
	if first {
		s.window.detach(&s.cursor)
		s.cursor.wake()
	}
	if first && s.counts() {
		s.hub.count.subscribers.Add(-1)
		s.hub.opts.Hooks.Unsubscribed(s.Selector())
	}
	if fed != nil {
		fed.work.Wait()
	}
}
