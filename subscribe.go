package tidings

import (
	"errors"
	"slices"
)

// A Start says where a Subscription begins. The zero Start is Live.
type Start struct {
	after  ID
	oldest bool
}

var (
	// Live starts with the next event.
	Live = Start{}
	// Oldest starts with the oldest event that is retained.
	Oldest = Start{oldest: true}
)

// After starts with the event after a position. After the zero ID is Live.
func After(id ID) Start { return Start{after: id} }

// Subscribe attaches a cursor to everything the selector selects. It does not
// wait. Close the Subscription to let it go.
//
// A position that is not of this hub's log, or after which something may be
// gone, is no error: the Subscription tells by a *LostError, first.
func (h *Hub) Subscribe(sel Selector, start Start) (*Subscription, error) {
	if err := h.checkSelector(&sel); err != nil {
		return nil, err
	}
	if h.life.Err() != nil {
		return nil, ErrClosed
	}
	s, err := h.attach(sel, start, subscriber)
	if err != nil {
		return nil, err
	}
	h.count.subscribers.Add(1)
	h.opts.Hooks.Subscribed(s.Selector())
	return s, nil
}

// attach returns a Subscription to the window that is served from now.
func (h *Hub) attach(sel Selector, start Start, as role) (*Subscription, error) {
	for {
		s := &Subscription{hub: h, window: h.current()}
		s.cursor.ready = make(chan struct{}, 1)
		s.place(start)
		err := s.window.attach(&s.cursor, sel, as)
		if !errors.Is(err, ErrReplaced) { // since it was looked at: there is another window by now
			return s, err
		}
	}
}

// maxSelected bounds the lists of a selector.
const maxSelected = 100

// checkSelector reports why nothing can be selected so.
func (h *Hub) checkSelector(sel *Selector) error {
	l := &h.opts.Limits
	if len(sel.Channels) > maxSelected || len(sel.Sessions) > maxSelected || len(sel.Types) > maxSelected {
		return invalid("selector", "", "at most "+itoa(maxSelected)+" channels, sessions and types each")
	}
	err := CheckName("user", sel.User, l.Name)
	for _, name := range sel.Sessions {
		err = errors.Join(err, CheckName("session", name, l.Name))
	}
	for _, name := range sel.Types {
		err = errors.Join(err, CheckName("type", name, l.Type))
	}
	if i := slices.IndexFunc(sel.Channels, Channel.Reserved); i >= 0 {
		err = errors.Join(err, invalid("channel", string(sel.Channels[i]), "one that is not reserved"))
	}
	return err
}

// place sets where the cursor starts, before it is attached.
func (s *Subscription) place(start Start) {
	switch c, head := &s.cursor, s.window.position(); {
	case s.hub.memory != nil:
		s.placeInMemory(start)
	case start.oldest:
		s.behind = true // from the zero position
	case start.after.IsZero():
		c.pos = head
	default:
		c.pos, s.behind = start.after, !s.window.has(start.after)
		s.presented = s.behind
	}
}

// placeInMemory sets where a cursor of a memory log starts.
func (s *Subscription) placeInMemory(start Start) {
	c := &s.cursor
	switch {
	case start.oldest: // the zero position: attach finds the floor
		s.hub.memory.expire()
	case start.after.IsZero():
		c.pos = s.window.position()
	case s.hub.memory.own(start.after):
		s.hub.memory.expire()
		c.pos = start.after
	default:
		s.foreign = start.after
	}
}

// has reports whether the position is one between the window's floor and its
// head, and is this log's.
func (w *window) has(id ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id == w.floorOfAll() || id == w.position() {
		return true
	}
	e := w.feed.events.get(id.seq)
	return e != nil && e.ID == id
}

// floorOfAll returns the position after which the window has every event.
// w.mu must be held.
func (w *window) floorOfAll() ID { return w.feed.gone.all().floor }
