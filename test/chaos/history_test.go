package chaos_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/tidings-dev/tidings"
)

// A history is what publishers were told and subscribers saw. Goroutines change
// it, and others wait for what they want to see in it.
type history struct {
	mu         sync.Mutex    // guards what follows, and what it leads to
	changed    chan struct{} // closed, and replaced, with each change
	publishers []*publisher
	views      []*view
	wrong      []string
}

// update changes the history.
func (h *history) update(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// until waits for the history to be as it is wanted. It reports whether it came
// to that before ctx ended.
func (h *history) until(ctx context.Context, wanted func() bool) bool {
	for {
		h.mu.Lock()
		if wanted() {
			h.mu.Unlock()
			return true
		}
		if h.changed == nil {
			h.changed = make(chan struct{})
		}
		changed := h.changed
		h.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// complain notes what must not be.
func (h *history) complain(format string, args ...any) {
	h.update(func() { h.wrong = append(h.wrong, fmt.Sprintf(format, args...)) })
}

// An outcome is what a publisher knows of what became of an event.
type outcome int

const (
	unknown outcome = iota // it may be there
	refused                // it is not there
	acked                  // it is there
	outcomes
)

// An attempt is an event that somebody wanted to publish. No two have the same
// data.
type attempt struct {
	owner, data string
	outcome     outcome
	id          tidings.ID // what the publisher was told, if anything
}

// A sight is an event as a subscriber saw it, or as the log has it.
type sight struct {
	id          tidings.ID
	owner, data string
}

// A view is what a subscriber saw, in his order.
type view struct {
	name      string
	at        int    // the number of the replica
	owner     string // empty: everyone
	connected int    // so many times
	seen      []sight
	has       map[string]bool // data
}

// see notes an event. The history's lock must be held.
func (v *view) see(s sight) {
	v.seen = append(v.seen, s)
	v.has[s.data] = true
}

// hasAll reports whether the view has events. The history's lock must be held.
func (v *view) hasAll(all []string) bool {
	for _, data := range all {
		if !v.has[data] {
			return false
		}
	}
	return true
}

// reached reports whether the view has come to a position. The history's lock
// must be held.
func (v *view) reached(id tidings.ID) bool {
	return len(v.seen) > 0 && v.seen[len(v.seen)-1].id.Compare(id) >= 0
}
