package tidings

import (
	"context"
	"hash/maphash"
	"iter"
	"slices"
	"time"
)

// MemoryOptions are the options of NewMemoryLog. The zero value, and nil, mean
// the defaults.
type MemoryOptions struct {
	// Retain bounds what is kept.
	Retain Retention
	// KeyWindow is how long a Key is remembered; 2 minutes by default.
	KeyWindow time.Duration
	// Keys is how many keys are remembered at most, before events with further
	// ones are refused with ErrTooManyKeys; 1,000,000 by default. A key takes its
	// place for up to twice the KeyWindow.
	Keys int
}

// A MemoryLog is a Log without durability: for libraries, tests and those who
// need no history beyond the process. It bounds each session by itself, so a
// view is truncated only when something of that view was discarded; when types
// narrow a view, something of any type on its channels, and when sessions narrow
// the view of everyone, something of any session.
//
// A position carries a check in the last digits of its time: up to a
// millisecond of a stamp is not time. So a MemoryLog recognises its own
// positions, and those of a log before a restart as foreign, long after their
// events are gone.
type MemoryLog struct {
	window  *window // its lock is the log's
	seed    maphash.Seed
	created ID
	keys    keyTable
	sweep   *time.Timer // discards what is too old
	armed   bool        // sweep will run
	closed  bool
}

var (
	_ Log    = (*MemoryLog)(nil)
	_ Purger = (*MemoryLog)(nil)
)

// stampGrain is how much of a memory log's stamps is check and not time.
const stampGrain = 1 << 20 * time.Nanosecond

// NewMemoryLog returns an empty log. Close it to stop its clock.
func NewMemoryLog(opts *MemoryOptions) *MemoryLog {
	var o MemoryOptions
	if opts != nil {
		o = *opts
	}
	if o.KeyWindow <= 0 {
		o.KeyWindow = 2 * time.Minute
	}
	if o.Keys <= 0 {
		o.Keys = 1_000_000
	}
	l := &MemoryLog{seed: maphash.MakeSeed(), keys: keyTable{window: o.KeyWindow, limit: o.Keys}}
	l.created = l.stamp(time.Now(), 0)
	l.window = newWindow(l.created, o.Retain.withDefaults(), false)
	l.sweep = time.AfterFunc(time.Hour, l.expire)
	l.sweep.Stop()
	return l
}

// stamp returns the position seq, with its check.
func (l *MemoryLog) stamp(now time.Time, seq uint64) ID {
	grain := int64(stampGrain)
	check := int64(maphash.Comparable(l.seed, seq) % uint64(grain))
	return ID{now.UnixNano()&^(grain-1) | check, seq}
}

// own reports whether id is a position of this log: one in a million others
// below the head could pass for one, none beyond it. The log's lock must not be
// held.
func (l *MemoryLog) own(id ID) bool {
	if id.seq == 0 {
		return id == l.created
	}
	return id == l.stamp(id.Time(), id.seq) && l.window.reached(id.seq)
}

// Append implements Log. It never waits.
func (l *MemoryLog) Append(ctx context.Context, events []Event) ([]Receipt, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	receipts := make([]Receipt, len(events))
	if err := l.append(events, receipts); err != nil {
		return nil, err
	}
	for i := range receipts {
		receipts[i].Subscribers = 0
	}
	return receipts, nil
}

// append is Append into a slice of receipts, and fills in the subscribers.
func (l *MemoryLog) append(events []Event, receipts []Receipt) error {
	var room [8]wakeup
	wakes, err := l.keep(events, receipts, room[:0])
	wake(wakes)
	return err
}

// keep orders the events and puts them into the window.
func (l *MemoryLog) keep(events []Event, receipts []Receipt, wakes []wakeup) ([]wakeup, error) {
	w := l.window
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if err := l.admit(events, now); err != nil {
		return wakes, err
	}
	for i := range events {
		receipts[i], wakes = l.keepOne(&events[i], now, wakes)
	}
	l.arm()
	return wakes, nil
}

// admit reports why nothing of a batch can be kept.
func (l *MemoryLog) admit(events []Event, now time.Time) error {
	if err := l.window.failed(); err != nil {
		return err
	}
	keyed := 0
	for i := range events {
		if events[i].Key != "" {
			keyed++
		}
	}
	if keyed == 0 {
		return nil
	}
	l.keys.turn(now)
	if !l.keys.room(keyed) && l.fresh(events, now) {
		return ErrTooManyKeys
	}
	return nil
}

// fresh reports whether a key of events is new. Retries pass though the table
// is full.
func (l *MemoryLog) fresh(events []Event, now time.Time) bool {
	return slices.ContainsFunc(events, func(e Event) bool {
		_, known := l.keys.get(keyName{e.User, e.Key}, now)
		return e.Key != "" && !known
	})
}

// keepOne appends one event, or finds its first receipt.
func (l *MemoryLog) keepOne(e *Event, now time.Time, wakes []wakeup) (Receipt, []wakeup) {
	w, key := l.window, keyName{e.User, e.Key}
	if e.Key != "" {
		if id, ok := l.keys.get(key, now); ok {
			return Receipt{ID: id, Duplicate: true}, wakes
		}
	}
	kept := new(Event)
	*kept = *e
	kept.ID = l.stamp(now, w.position().seq+1)
	concerned, wakes := w.insert(kept, wakes)
	if e.Key != "" {
		l.keys.put(keyName{kept.User, e.Key}, kept.ID)
	}
	return Receipt{ID: kept.ID, Subscribers: concerned}, wakes
}

// Purge implements Purger. It never waits.
func (l *MemoryLog) Purge(ctx context.Context, user string) (ID, error) {
	if err := context.Cause(ctx); err != nil {
		return ID{}, err
	}
	id, wakes, err := l.purge(&Event{User: user, Channel: Control, Type: PurgedType, Data: []byte("{}")})
	wake(wakes)
	return id, err
}

// purge keeps the event that says so, which makes the window discard the
// owner's others.
func (l *MemoryLog) purge(e *Event) (ID, []wakeup, error) {
	w := l.window
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.failed(); err != nil {
		return ID{}, nil, err
	}
	l.keys.forget(e.User)
	receipt, wakes := l.keepOne(e, time.Now(), nil)
	l.arm()
	return receipt.ID, wakes, nil
}

// Read implements Log.
func (l *MemoryLog) Read(ctx context.Context, sel Selector, after ID) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		head := l.window.position()
		c, err := l.cursor(sel, after, observer)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		defer l.window.detach(c)
		for batch, err := range l.batches(ctx, c) {
			if !yield(batch, err) || err != nil || batch.Through.seq >= head.seq {
				return
			}
		}
	}
}

// Tail implements Log.
func (l *MemoryLog) Tail(ctx context.Context, after ID) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		c, err := l.cursor(Selector{Everyone: true}, after, tail)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		defer l.window.detach(c)
		for batch, err := range l.batches(ctx, c) {
			if !yield(batch, err) || err != nil {
				return
			}
		}
	}
}

// cursor attaches a cursor at a position that is proven to be this log's.
func (l *MemoryLog) cursor(sel Selector, after ID, as role) (*cursor, error) {
	l.expire()
	if !after.IsZero() && !l.own(after) {
		return nil, ErrForeign
	}
	c := &cursor{pos: after, ready: make(chan struct{}, 1)}
	if err := l.window.attach(c, sel, as); err != nil {
		return nil, err
	}
	return c, nil
}

// batchEvents is how many events are handed out at once.
const batchEvents = 128

// batches yields what a cursor takes, for ever, an empty batch when it begins
// to wait.
func (l *MemoryLog) batches(ctx context.Context, c *cursor) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for {
			batch, idle, err := l.take(ctx, c)
			if !yield(batch, err) || err != nil {
				return
			}
			if !idle {
				continue
			}
			select {
			case <-c.ready:
			case <-ctx.Done():
			}
		}
	}
}

// take returns the cursor's next batch, and whether to wait before the one
// after it.
func (l *MemoryLog) take(ctx context.Context, c *cursor) (Batch, bool, error) {
	if err := context.Cause(ctx); err != nil {
		return Batch{}, false, err
	}
	taken := c.take(make([]Event, 0, batchEvents), l.window.position(), false)
	if err := l.window.failed(); err != nil { // asked after take: end wakes only those that wait
		return Batch{}, false, err
	}
	if !taken.floor.IsZero() {
		if floor := l.window.recheck(c); !floor.IsZero() {
			return Batch{}, false, &TruncatedError{Floor: floor}
		}
		return l.take(ctx, c)
	}
	return Batch{Events: taken.events, Through: c.position()}, taken.idle, nil
}

// Bounds implements Log. The floor is that of the view of everything.
func (l *MemoryLog) Bounds(ctx context.Context) (floor, head ID, err error) {
	if err := context.Cause(ctx); err != nil {
		return ID{}, ID{}, err
	}
	l.expire()
	w := l.window
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.floorOfAll(), w.position(), w.failed()
}

// Close ends all reading and following, and makes everything else fail with
// ErrClosed. It may be called more than once and concurrently.
func (l *MemoryLog) Close() error {
	l.window.end(ErrClosed)
	l.window.mu.Lock()
	defer l.window.mu.Unlock()
	l.closed = true
	l.sweep.Stop()
	return nil
}

// arm makes sure that the oldest event is discarded when its age is reached.
// The log's lock must be held.
func (l *MemoryLog) arm() {
	if l.armed || l.closed || l.window.retain.Age <= 0 {
		return
	}
	if e := l.window.feed.events.front(); e != nil {
		l.armed = true
		l.sweep.Reset(time.Until(e.Time()) + l.window.retain.Age + stampGrain)
	}
}

// expire discards what is too old, and forgets keys that left their window.
func (l *MemoryLog) expire() {
	w := l.window
	if w.retain.Age > 0 {
		w.expire(time.Now().Add(-w.retain.Age))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l.keys.turn(time.Now())
	l.armed = false
	l.arm()
}
