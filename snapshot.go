package tidings

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Snapshot is the newest events of a selection and where they end.
type Snapshot struct {
	// Events are in order, oldest first.
	Events []Event
	// Cursor is the position to subscribe after.
	Cursor ID
}

// Snapshot returns the newest retained events of a selection and the position
// to subscribe after so that nothing is missed and nothing repeated. It has
// every event that was acknowledged before the call, on any replica. A limit
// of 0 or less means 500.
func (h *Hub) Snapshot(ctx context.Context, sel Selector, limit int) (Snapshot, error) {
	if err := h.checkSelector(&sel); err != nil {
		return Snapshot{}, err
	}
	if h.life.Err() != nil {
		return Snapshot{}, ErrClosed
	}
	if limit <= 0 {
		limit = 500
	}
	if h.memory != nil {
		h.memory.expire()
		return h.window.snapshot(&sel, limit), h.window.failed()
	}
	if s, err := h.recent(ctx, &sel, limit); !s.Cursor.IsZero() || err != nil {
		return s, err
	}
	if err := h.turns.enter(ctx); err != nil {
		return Snapshot{}, err
	}
	defer h.turns.leave()
	return h.readSnapshot(ctx, sel, limit)
}

// recent takes a snapshot from the window of a log that is not in memory, if
// that has all of it: the head that the log has now, and either enough events
// or every one that the log retains. If not, the snapshot is zero.
func (h *Hub) recent(ctx context.Context, sel *Selector, limit int) (Snapshot, error) {
	floor, head, err := h.Bounds(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot: %w", err)
	}
	w := h.current()
	if !w.has(head) {
		return Snapshot{}, nil
	}
	s := w.snapshot(sel, limit)
	s.Events = slices.DeleteFunc(s.Events, func(e Event) bool { return e.ID.seq <= floor.seq })
	if len(s.Events) < limit && !w.covers(floor) { // asked last: events leave the window meanwhile
		return Snapshot{}, nil
	}
	return s, nil
}

// snapshot collects from the end of a topic, a bounded number of events under
// its lock at a time.
func (w *window) snapshot(sel *Selector, limit int) Snapshot {
	s := Snapshot{Cursor: w.position()}
	t := w.look(sel)
	if t == nil {
		return s
	}
	for before := s.Cursor.seq + 1; before > 0 && len(s.Events) < limit; {
		before = t.collectBackward(sel, before, limit, &s.Events)
	}
	slices.Reverse(s.Events)
	return s
}

// collectBackward appends selected events before a seq, newest first, and
// returns the seq from which to go on, or 0 if there are no more.
func (t *topic) collectBackward(sel *Selector, before uint64, limit int, into *[]Event) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	scanned := 0
	for e := range t.events.before(before) {
		if len(*into) == limit || scanned == scanLimit {
			return e.ID.seq + 1
		}
		if sel.narrows(e) {
			*into = append(*into, *e)
		}
		scanned++
	}
	return 0
}

// look returns the smallest topic that has all that is selected, or nil if
// there is none.
func (w *window) look(sel *Selector) *topic {
	w.mu.Lock()
	defer w.mu.Unlock()
	if sel.Everyone {
		return &w.feed
	}
	if len(sel.Sessions) == 1 {
		if s, ok := w.sessions.get(sessionName{sel.User, sel.Sessions[0]}); ok {
			return &s.topic
		}
	} else if o, ok := w.owners.get(sel.User); ok {
		return &o.topic
	}
	return nil
}

// readSnapshot reads the log from its floor to its head, beginning anew where
// retention is faster.
func (h *Hub) readSnapshot(ctx context.Context, sel Selector, limit int) (Snapshot, error) {
	for after := (ID{}); ; {
		s, err := h.readNewest(ctx, sel, after, limit)
		if err == nil {
			return s, nil
		}
		gap, ok := errors.AsType[*TruncatedError](err)
		if !ok || gap.Floor.seq <= after.seq {
			return Snapshot{}, unanswered(ctx, "snapshot", err)
		}
		after = gap.Floor
	}
}

// readNewest reads from a position to the head and keeps the newest events.
func (h *Hub) readNewest(ctx context.Context, sel Selector, after ID, limit int) (Snapshot, error) {
	s := Snapshot{}
	for batch, err := range h.log.Read(ctx, sel, after) {
		if err != nil {
			return Snapshot{}, err
		}
		s.Events = append(s.Events, batch.Events...)
		s.Events = s.Events[max(0, len(s.Events)-limit):]
		s.Cursor = batch.Through
	}
	return s, nil
}
