package httpapi

import "github.com/tidings-dev/tidings/agui"

// mostRuns is of how many owners the run that is open is known at least.
const mostRuns = 1000

// runs are the AG-UI runs that are open, one of each owner: of the first, which
// is often the only one, and of those who have published AG-UI's events last, at
// least mostRuns and no more than twice as many.
type runs struct {
	first struct {
		owner string
		run   agui.Tracker
		known bool
	}
	young, old map[string]*agui.Tracker
	last       *agui.Tracker // that was asked for, since mark
	before     agui.Tracker  // what that was
	owner      string        // whose last is
	fresh      bool          // there was none of that owner
}

// of returns an owner's run.
func (r *runs) of(owner string) *agui.Tracker {
	t := &r.first.run
	if !r.first.known {
		r.first.owner, r.first.known, r.fresh = owner, true, true
	} else if r.first.owner != owner {
		t = r.other(owner)
	}
	r.last, r.before, r.owner = t, *t, owner
	return t
}

// other returns the run of an owner who is not the first.
func (r *runs) other(owner string) *agui.Tracker {
	t := r.young[owner]
	if t != nil {
		return t
	}
	if t = r.old[owner]; t == nil {
		t, r.fresh = new(agui.Tracker), true
	}
	if r.young == nil || len(r.young) >= mostRuns {
		r.old, r.young = r.young, make(map[string]*agui.Tracker)
	}
	r.young[owner] = t
	return t
}

// mark forgets what undo would undo.
func (r *runs) mark() { r.last, r.fresh = nil, false }

// moved reports whether the event since mark changed what is known.
func (r *runs) moved() bool { return r.last != nil && (r.fresh || *r.last != r.before) }

// undo goes back to what was known at mark.
func (r *runs) undo() {
	switch {
	case r.last == nil:
	case r.fresh && r.last == &r.first.run:
		r.first.owner, r.first.known, r.first.run = "", false, agui.Tracker{}
	case r.fresh:
		delete(r.young, r.owner)
	default:
		*r.last = r.before
	}
	r.mark()
}
