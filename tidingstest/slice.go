package tidingstest

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

// A slice is what the replicas of a SliceLog share: the backend. The first
// event has Seq 1 and there are no holes, so that events[i] has the Seq
// floor.Seq()+1+i.
type slice struct {
	opts SliceOptions

	mu       sync.Mutex
	changed  signal // something was appended, discarded, replaced
	creation tidings.ID
	floor    tidings.ID // of the last event discarded, or creation
	events   []tidings.Event
	keys     map[ownedKey]tidings.ID
	purged   map[string]tidings.ID // the last event of an owner that was discarded on request
	batches  map[*batch][]tidings.Receipt
	latest   time.Time // the latest stamp so far
	barrier  time.Time // no stamp is before it
}

// An ownedKey is a key and its owner.
type ownedKey struct{ user, key string }

// A batch identifies one call of Append across its retries.
type batch struct{ events []tidings.Event }

func newSlice(o SliceOptions) *slice {
	s := &slice{opts: o}
	s.reset()
	return s
}

// reset makes the log a new, empty one. s.mu must be held.
func (s *slice) reset() {
	s.creation = tidings.NewID(s.stamp(), 0)
	s.floor = s.creation
	s.events = nil
	s.keys = make(map[ownedKey]tidings.ID)
	s.purged = make(map[string]tidings.ID)
	s.batches = make(map[*batch][]tidings.Receipt)
}

// stamp returns the time for new positions: now, unless that could make one of
// them look like one that was taken away. s.mu must be held.
func (s *slice) stamp() time.Time {
	now := s.opts.Now()
	if now.Before(s.barrier) {
		now = s.barrier
	}
	if now.After(s.latest) {
		s.latest = now
	}
	return now
}

// bar keeps later stamps apart from all earlier ones. s.mu must be held.
func (s *slice) bar() { s.barrier = s.latest.Add(1) }

// head returns the last position. s.mu must be held.
func (s *slice) head() tidings.ID {
	if len(s.events) == 0 {
		return s.floor
	}
	return s.events[len(s.events)-1].ID
}

// append keeps the batch, or returns what it answered when the batch was kept
// before.
func (s *slice) append(b *batch) []tidings.Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	if receipts, known := s.batches[b]; known {
		return receipts
	}
	receipts := s.keep(b.events)
	s.batches[b] = receipts
	if s.opts.Retain > 0 {
		s.discard(len(s.events) - s.opts.Retain)
	}
	s.changed.fire()
	return receipts
}

// appendPart keeps the first half of the batch and then, failing, takes it
// back.
func (s *slice) appendPart(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.events)
	s.keep(b.events[:len(b.events)/2])
	s.rewind(len(s.events) - before)
}

// answered forgets the batch: its caller will not ask again.
func (s *slice) answered(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.batches, b)
}

// keep appends events that are not duplicates. s.mu must be held.
func (s *slice) keep(events []tidings.Event) []tidings.Receipt {
	receipts := make([]tidings.Receipt, len(events))
	now := s.stamp()
	for i := range events {
		receipts[i] = s.keepOne(&events[i], now)
	}
	return receipts
}

// keepOne appends one event unless its key is known. s.mu must be held.
func (s *slice) keepOne(e *tidings.Event, now time.Time) tidings.Receipt {
	key := ownedKey{e.User, e.Key}
	if first, known := s.keys[key]; known && now.Sub(first.Time()) < s.opts.KeyWindow {
		return tidings.Receipt{ID: first, Duplicate: true}
	}
	id := tidings.NewID(now, s.head().Seq()+1)
	if e.Key != "" {
		s.keys[key] = id
	}
	s.events = append(s.events, tidings.Event{
		ID: id, Key: e.Key, User: e.User, Channel: e.Channel, Session: e.Session,
		Type: e.Type, Data: e.Data, Trace: e.Trace,
	})
	return tidings.Receipt{ID: id}
}

// discard removes the n oldest events. s.mu must be held.
func (s *slice) discard(n int) {
	if n = min(n, len(s.events)); n > 0 {
		s.floor = s.events[n-1].ID
		s.events = s.events[n:]
	}
}

// rewind removes the n newest events, with what is remembered of them. s.mu
// must be held.
func (s *slice) rewind(n int) {
	n = min(n, len(s.events))
	s.events = s.events[: len(s.events)-n : len(s.events)-n]
	head := s.head()
	gone := func(id tidings.ID) bool { return id.Compare(head) > 0 }
	maps.DeleteFunc(s.keys, func(_ ownedKey, id tidings.ID) bool { return gone(id) })
	maps.DeleteFunc(s.purged, func(_ string, id tidings.ID) bool { return gone(id) })
	maps.DeleteFunc(s.batches, func(_ *batch, receipts []tidings.Receipt) bool {
		return slices.ContainsFunc(receipts, func(r tidings.Receipt) bool { return gone(r.ID) })
	})
}

// page returns the events after a position that sel selects (nil: all), of at
// most opts.Page events looked at, and whether they reach the head. A zero
// position is the floor.
func (s *slice) page(sel *tidings.Selector, after tidings.ID) (b tidings.Batch, last bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if after.IsZero() {
		after = s.oldest(sel)
	}
	if err := s.prove(after); err != nil {
		return tidings.Batch{}, false, err
	}
	if floor := s.oldest(sel); after.Compare(floor) < 0 {
		return tidings.Batch{}, false, &tidings.TruncatedError{Floor: floor}
	}
	b.Through = after
	rest := s.events[after.Seq()-s.floor.Seq():]
	for _, e := range rest[:min(len(rest), s.opts.Page)] {
		if !hollow(&e) && (sel == nil || sel.Matches(&e)) {
			b.Events = append(b.Events, e)
		}
		b.Through = e.ID
	}
	return b, b.Through == s.head(), nil
}

// oldest returns the position from which a selection is read: the floor or, of
// one owner, where he was purged if that is later. s.mu must be held.
func (s *slice) oldest(sel *tidings.Selector) tidings.ID {
	if sel == nil || sel.Everyone {
		return s.floor
	}
	if id := s.purged[sel.User]; id.Compare(s.floor) > 0 {
		return id
	}
	return s.floor
}

// watch returns a channel that is closed when the log changes.
func (s *slice) watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed.wait()
}

// prove returns nil if id is a position of this log after which nothing was
// discarded. s.mu must be held.
func (s *slice) prove(id tidings.ID) error {
	switch {
	case id == s.floor:
		return nil
	case id.Seq() == 0 && id != s.creation, id.Compare(s.head()) > 0, id.Seq() == s.floor.Seq():
		return tidings.ErrForeign
	case id.Compare(s.floor) < 0:
		return &tidings.TruncatedError{Floor: s.floor}
	case s.events[id.Seq()-s.floor.Seq()-1].ID != id:
		return tidings.ErrForeign
	}
	return nil
}

// bounds returns the floor and the head.
func (s *slice) bounds() (floor, head tidings.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.floor, s.head()
}
