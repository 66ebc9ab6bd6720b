package tidingstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings"
)

// A Recorder collects what was acknowledged to publishers of one log and what
// its subscribers saw, in the order in which they saw it. Check then says
// whether every subscriber saw every event that it had to see, once, in order
// and unchanged, and no other.
//
// The zero Recorder is ready. All methods may be called concurrently, but
// those for one subscriber only one after the other.
type Recorder struct {
	mu          sync.Mutex
	published   map[uint64]publication
	subscribers map[string]*witness
}

// A publication is an event as it must be seen.
type publication struct {
	event tidings.Event
	first bool // by the receipt that was not a duplicate
}

// A witness is one subscriber: what it asked for and what it got, in order.
type witness struct {
	sel   tidings.Selector
	after tidings.ID
	seen  []sighting
}

// A sighting is an event or, if that is not nil, a notice of loss.
type sighting struct {
	event tidings.Event
	lost  *tidings.LostError
}

// Published records that an event was acknowledged. Acknowledging it again
// with a duplicate receipt changes nothing.
func (r *Recorder) Published(receipt tidings.Receipt, e tidings.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.published == nil {
		r.published = make(map[uint64]publication)
	}
	if _, known := r.published[receipt.ID.Seq()]; known && receipt.Duplicate {
		return
	}
	e.ID = receipt.ID
	r.published[e.ID.Seq()] = publication{e, !receipt.Duplicate}
}

// Subscribed records that a subscriber must see what sel selects of the events
// after a position; zero means all. It comes before Saw and Lost, and once: a
// subscriber that resumes is still the same.
func (r *Recorder) Subscribed(subscriber string, sel tidings.Selector, after tidings.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.subscribers == nil {
		r.subscribers = make(map[string]*witness)
	}
	r.subscribers[subscriber] = &witness{sel: sel, after: after}
}

// Saw records that a subscriber saw an event. It panics if the subscriber did
// not subscribe.
func (r *Recorder) Saw(subscriber string, e tidings.Event) {
	r.note(subscriber, sighting{event: e})
}

// Lost records that a subscriber was told that events may be lost: it need not
// see those up to lost.Oldest that it has not seen. It panics if the
// subscriber did not subscribe.
func (r *Recorder) Lost(subscriber string, lost *tidings.LostError) {
	r.note(subscriber, sighting{lost: lost})
}

func (r *Recorder) note(subscriber string, s sighting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.subscribers[subscriber]
	if w == nil {
		panic("tidingstest: " + subscriber + " did not subscribe")
	}
	w.seen = append(w.seen, s)
}

// Check reports to t, for each subscriber, what it saw and should not have, and
// what it should have seen by now and did not. It may be called again.
func (r *Recorder) Check(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(r.subscribers)) {
		if faults := r.judge(r.subscribers[name]); len(faults) > 0 {
			t.Errorf("%s: %s", name, summary(faults))
		}
	}
}

// summary returns the first few faults as text.
func summary(faults []string) string {
	const some = 5
	if n := len(faults); n > some {
		faults = append(faults[:some:some], fmt.Sprintf("and %d faults more", n-some))
	}
	return strings.Join(faults, "\n\t")
}

// judge walks along what a subscriber saw. r.mu must be held.
func (r *Recorder) judge(w *witness) (faults []string) {
	due, at := r.due(w), w.after
	seen := make(map[uint64]bool)
	for _, s := range w.seen {
		if s.lost != nil {
			at = s.lost.Oldest
			due = slices.DeleteFunc(due, func(e tidings.Event) bool { return e.ID.Compare(at) <= 0 })
			continue
		}
		if fault := r.fault(w, &s.event, at, seen); fault != "" {
			faults = append(faults, fault)
		}
		seen[s.event.ID.Seq()] = true
		if s.event.ID.Compare(at) > 0 {
			at = s.event.ID
		}
	}
	for _, e := range due {
		if !seen[e.ID.Seq()] {
			faults = append(faults, "missed "+describe(&e))
		}
	}
	return faults
}

// fault says what is wrong about an event that a subscriber saw at a position,
// if anything is. r.mu must be held.
func (r *Recorder) fault(w *witness, e *tidings.Event, at tidings.ID, seen map[uint64]bool) string {
	p, known := r.published[e.ID.Seq()]
	switch {
	case seen[e.ID.Seq()]:
		return "saw again " + describe(e)
	case e.ID.Compare(at) <= 0:
		return fmt.Sprintf("saw after %s the earlier %s", at, describe(e))
	case !w.sel.Matches(e):
		return "saw what it had not selected: " + describe(e)
	case !known:
		return "saw what nobody published: " + describe(e)
	case describe(&p.event) != describe(e) && (p.first || p.event.ID != e.ID):
		return fmt.Sprintf("saw   %s\n\tbut it was %s", describe(e), describe(&p.event))
	}
	return ""
}

// due returns the events that a subscriber must see, in order. r.mu must be
// held.
func (r *Recorder) due(w *witness) []tidings.Event {
	var all []tidings.Event
	for _, seq := range slices.Sorted(maps.Keys(r.published)) {
		all = append(all, r.published[seq].event)
	}
	return filter(all, w.sel, w.after)
}
