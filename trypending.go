package tidings

// A Waker is told when a Subscription may have more to return, or that a Guard is
// done.
type Waker interface {
	// Wake is called by whoever published or unregistered, for each who waits: it
	// must return at once, and must not call the Subscription or the hub.
	Wake()
}

// Notify has w told that there may be more, in place of Ready, which yields
// nothing any more. Call it before anything is read.
func (s *Subscription) Notify(w Waker) { s.cursor.waker, s.cursor.ready = w, nil }

// Behind reports whether Pending would ask the log, and so may wait for it. It
// is for the goroutine that reads the Subscription.
func (s *Subscription) Behind() bool { return s.behind }

// TryPending is [Subscription.Pending] for those who must never wait. Where it
// would ask the log the error is ErrBehind. If more is false everything was
// returned, and the Waker, or Ready, says when there may be more: there need not
// be a call that returns nothing.
func (s *Subscription) TryPending(buffer []Event) (batch Batch, more bool, err error) {
	switch err := s.over(); {
	case err != nil:
		return Batch{}, false, err
	case !s.foreign.IsZero():
		return Batch{}, true, s.tellForeign()
	case s.behind:
		return Batch{}, true, ErrBehind
	}
	taken, err := s.take(room(buffer), true)
	s.handed(len(taken.events))
	return Batch{taken.events, taken.at}, !taken.idle, err
}
