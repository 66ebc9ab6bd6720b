package tidings

import "time"

// Hooks are functions that a Hub calls at points of interest, for metrics and
// traces. Any of them may be nil. They are called without locks held, from the
// goroutine in which the thing happened, possibly concurrently, and should be
// quick.
type Hooks struct {
	// Published is called for every event that was acknowledged. Its Data may
	// change after the call.
	Published func(event *Event, receipt Receipt)
	// Appended is called for every publish that was acknowledged, of one event or
	// a batch, with how long its publisher waited for the log. Time is taken for
	// it only if it is set.
	Appended func(events int, took time.Duration)
	// Refused is called for every publish that was not, with its error.
	Refused func(err error)
	// Subscribed and Unsubscribed are called when a Subscription begins and
	// ends.
	Subscribed   func(sel Selector)
	Unsubscribed func(sel Selector)
	// Lost is called when a subscriber is told that it may have lost events.
	Lost func(sel Selector, lost *LostError)
	// Tail is called when following the log fails, with the error, and with
	// nil when it works again.
	Tail func(err error)
}

// withDefaults returns hooks that all can be called, but for Appended.
func (h Hooks) withDefaults() Hooks {
	if h.Published == nil {
		h.Published = func(*Event, Receipt) {}
	}
	if h.Refused == nil {
		h.Refused = func(error) {}
	}
	if h.Subscribed == nil {
		h.Subscribed = func(Selector) {}
	}
	if h.Unsubscribed == nil {
		h.Unsubscribed = func(Selector) {}
	}
	if h.Lost == nil {
		h.Lost = func(Selector, *LostError) {}
	}
	if h.Tail == nil {
		h.Tail = func(error) {}
	}
	return h
}
