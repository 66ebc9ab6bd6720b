package tidings

import "time"

// Retention bounds what a memory log keeps. Zero fields mean the defaults;
// negative ones mean no bound.
type Retention struct {
	// Events and Bytes bound each session, so that a noisy one does not evict
	// its siblings. The defaults are 10,000 events and 16 MiB.
	Events int
	Bytes  int64
	// Age bounds every event. The default is 24 hours.
	Age time.Duration
	// Total bounds all events together, in bytes of heap, with the sessions and
	// owners who have some. The owner who has most pays first, with his largest
	// session. What is not in it: subscriptions, and the keys of the key window.
	// The default is 256 MiB.
	Total int64
}

// withDefaults returns r with zero fields set.
func (r Retention) withDefaults() Retention {
	if r.Events == 0 {
		r.Events = 10_000
	}
	if r.Bytes == 0 {
		r.Bytes = 16 << 20
	}
	if r.Age == 0 {
		r.Age = 24 * time.Hour
	}
	if r.Total == 0 {
		r.Total = 256 << 20
	}
	return r
}

// shed discards what has to leave because s has grown. w.mu must be held.
func (w *window) shed(s *session) {
	for w.overfull(s) {
		w.discard(s)
	}
	for w.retain.Total > 0 && w.bytes > w.retain.Total {
		w.discard(w.payer())
	}
}

// overfull reports whether a session has to discard an event of its own. One
// event it always keeps.
func (w *window) overfull(s *session) bool {
	r := w.retain
	return !w.prefix && s.events.live > 1 &&
		(r.Events > 0 && s.events.live > r.Events || r.Bytes > 0 && s.bytes-sessionCost > r.Bytes)
}

// payer returns the session whose oldest event leaves next for the total. Some
// are retained.
func (w *window) payer() *session {
	if !w.prefix {
		return w.bySize.largest().bySize.largest()
	}
	oldest := w.feed.events.front()
	s, _ := w.sessions.get(sessionName{oldest.User, oldest.Session})
	return s
}

// expire discards events stamped before a time, a bounded number under the lock
// at a time.
func (w *window) expire(before time.Time) {
	for w.expireSome(before) {
	}
}

// expireSome reports whether there may be more to discard.
func (w *window) expireSome(before time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range scanLimit {
		e := w.feed.events.front()
		if e == nil || !e.Time().Before(before) {
			return false
		}
		s, _ := w.sessions.get(sessionName{e.User, e.Session})
		w.discard(s)
	}
	return true
}
