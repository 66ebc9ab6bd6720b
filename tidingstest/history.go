package tidingstest

import (
	"errors"
	"slices"

	"github.com/tidings-dev/tidings"
)

// A sending is one call of Append and how it ended.
type sending struct {
	events   []tidings.Event
	receipts []tidings.Receipt
	err      error
}

// unknown reports whether the events may or may not have been kept.
func (b *sending) unknown() bool { return errors.Is(b.err, tidings.ErrUnknownOutcome) }

// A history is all that a log holds. It judges afterwards what was said while
// many used the log at once.
type history []tidings.Event

// find returns the index of a position.
func (h history) find(id tidings.ID) (int, bool) {
	i, ok := slices.BinarySearchFunc(h, id, func(e tidings.Event, id tidings.ID) int { return e.ID.Compare(id) })
	return i, ok && h[i].ID == id
}

// place returns the index after the batch, whose new events must stand in the
// log as sent, one behind the other, from index from on.
func (h history) place(b *sending, from int) (int, error) {
	fresh := 0
	for i, r := range b.receipts {
		at, ok := h.find(r.ID)
		e := b.events[i]
		switch e.ID = r.ID; {
		case !ok:
			return from, violation("the log has no %s, which was acknowledged for %s", r.ID, describe(&e))
		case r.Duplicate && (e.Key == "" || h[at].User != e.User || h[at].Key != e.Key):
			return from, violation("called a duplicate of %s: %s", describe(&h[at]), describe(&e))
		case r.Duplicate:
			continue
		case describe(&h[at]) != describe(&e):
			return from, violation("acknowledged %s\nbut kept %s", describe(&e), describe(&h[at]))
		case at < from || fresh > 0 && at > from:
			return from, violation("batch torn or out of order at %s", describe(&e))
		}
		fresh, from = fresh+1, at+1
	}
	return from, nil
}

// inTurn says how the calls of one caller, each begun after the one before,
// differ from the log.
func (h history) inTurn(calls []sending) error {
	from := 0
	for i := range calls {
		if calls[i].err != nil {
			return calls[i].err
		}
		next, err := h.place(&calls[i], from)
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// accounted says which events of the log are not there because of exactly one
// of the calls, and which calls' events are not there as they should be.
func (h history) accounted(calls []sending) error {
	owners := make(map[tidings.ID]int)
	for i := range calls {
		if _, err := h.place(&calls[i], 0); err != nil {
			return err
		}
		for _, r := range calls[i].receipts {
			if !r.Duplicate {
				owners[r.ID]++
			}
		}
	}
	var stray history
	for _, e := range h {
		if n := owners[e.ID]; n > 1 {
			return violation("acknowledged %d times as new: %s", n, describe(&e))
		} else if n == 0 {
			stray = append(stray, e)
		}
	}
	return stray.excused(calls)
}

// excused says which events have no receipt although the outcome of no call
// explains them. A call with unknown outcome explains its events, all of them
// or none, once.
func (h history) excused(calls []sending) error {
	for i := range calls {
		if n := len(calls[i].events); calls[i].unknown() && n > 0 && n <= len(h) {
			h = h.without(calls[i].events)
		}
	}
	if len(h) > 0 {
		return violation("kept without having been acknowledged: %s", describe(&h[0]))
	}
	return nil
}

// without returns h less the first run of events that are as given but for
// their positions.
func (h history) without(events []tidings.Event) history {
	for i := range len(h) - len(events) + 1 {
		if h[i:].begins(events) {
			return slices.Concat(h[:i], h[i+len(events):])
		}
	}
	return h
}

func (h history) begins(events []tidings.Event) bool {
	for i, e := range events {
		e.ID = h[i].ID
		if describe(&e) != describe(&h[i]) {
			return false
		}
	}
	return true
}
