package tidings

import (
	"math"
	"time"
)

// DiscardThrough discards all events up to a position.
func (l *MemoryLog) DiscardThrough(through ID) {
	w := l.window
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := w.feed.events.front(); e != nil && e.ID.seq <= through.seq; e = w.feed.events.front() {
		s, _ := w.sessions.get(sessionName{e.User, e.Session})
		w.discard(s)
	}
}

// Stamp returns a position that the log could give, of an event it may not have.
func (l *MemoryLog) Stamp(seq uint64) ID { return l.stamp(time.Now(), seq) }

// ForgetKeys makes the key window pass.
func (l *MemoryLog) ForgetKeys() {
	l.window.mu.Lock()
	defer l.window.mu.Unlock()
	l.keys.current, l.keys.previous = nil, nil
}

// Awaited returns how many wait for a position.
func (h *Hub) Awaited() int {
	w := h.current()
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.awaited)
}

// Audit recounts what the window accounts for and reports the first lie.
func (h *Hub) Audit() string { return h.current().audit() }

func (w *window) audit() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	bytes, events := int64(0), 0
	largest := int64(math.MinInt64)
	for _, o := range w.owners.all() {
		bytes += o.bytes
		if largest = max(largest, o.bytes); o.bytes < 0 || (o.bytes == 0) != (o.events.live == 0) {
			return "bytes of owner " + o.user
		}
		if o.sessions != len(o.bySize.heap) {
			return "sessions of " + o.user
		}
		if o.waitInVain() {
			return "cursors that wait for " + o.user
		}
	}
	for _, s := range w.sessions.all() {
		events += s.events.live
		n := int64(0)
		if s.events.live > 0 {
			n = sessionCost
		}
		for e := range s.events.after(0) {
			n += cost(e)
		}
		if n != s.bytes {
			return "bytes of session " + s.name
		}
	}
	switch {
	case bytes != w.bytes:
		return "bytes of the window"
	case events != w.feed.events.live:
		return "events of the feed"
	case w.owners.count > 0 && sizeClass(w.bySize.largest().bytes) != sizeClass(largest):
		return "largest owner"
	}
	return ""
}

// waitInVain reports whether a cursor that has left still waits, or one does not
// know its place.
func (t *topic) waitInVain() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for g := t.groups; g != nil; g = g.next {
		for i, c := range g.waiting {
			if c.left || int(c.place) != i {
				return true
			}
		}
	}
	return false
}

// Replace drops the window, as when the log was replaced.
func (h *Hub) Replace() { h.replace(ErrForeign) }
