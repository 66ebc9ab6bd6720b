package tidings

import (
	"context"
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
		return h.window.snapshot(&sel, limit), nil
	}
	return h.readSnapshot(ctx, sel, limit)
}

// snapshot collects from the end of a topic.
func (w *window) snapshot(sel *Selector, limit int) Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Snapshot{Cursor: w.position()}
	for e := range w.look(sel).backward() {
		if len(s.Events) == limit {
			break
		}
		if sel.narrows(e) {
			s.Events = append(s.Events, *e)
		}
	}
	slices.Reverse(s.Events)
	return s
}

// look returns the events of the smallest topic that has all that is selected,
// without making one. w.mu must be held.
func (w *window) look(sel *Selector) *timeline {
	if sel.Everyone {
		return &w.feed.events
	}
	if len(sel.Sessions) == 1 {
		if s, ok := w.sessions.get(sessionName{sel.User, sel.Sessions[0]}); ok {
			return &s.events
		}
	} else if o, ok := w.owners.get(sel.User); ok {
		return &o.events
	}
	return &timeline{}
}

// readSnapshot reads the log from its floor to its head.
func (h *Hub) readSnapshot(ctx context.Context, sel Selector, limit int) (Snapshot, error) {
	s := Snapshot{}
	for batch, err := range h.log.Read(ctx, sel, ID{}) {
		if err != nil {
			return Snapshot{}, fmt.Errorf("snapshot: %w", err)
		}
		s.Events = append(s.Events, batch.Events...)
		s.Events = s.Events[max(0, len(s.Events)-limit):]
		s.Cursor = batch.Through
	}
	return s, nil
}
