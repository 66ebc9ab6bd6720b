package httpapi

import "github.com/tidings-dev/tidings/agui"

// mostRuns is of how many owners the run that is open is known at least.
const mostRuns = 1000

// runs are the AG-UI runs that are open, one of each owner. Of those who have
// published AG-UI's events last it knows at least mostRuns, and no more than
// twice as many.
type runs struct {
	young, old map[string]*agui.Tracker
	last       *agui.Tracker // that was asked for, since mark
	before     agui.Tracker  // what that was
	owner      string        // whose last is
	fresh      bool          // there was none of that owner
}

// of returns an owner's run.
func (r *runs) of(owner string) *agui.Tracker {
	t := r.young[owner]
	if t == nil {
		t, r.fresh = r.older(owner)
		if r.young == nil || len(r.young) >= mostRuns {
			r.old, r.young = r.young, make(map[string]*agui.Tracker)
		}
		r.young[owner] = t
	}
	r.last, r.before, r.owner = t, *t, owner
	return t
}

// older returns the run of an owner who is not among the young, and whether it
// is new.
func (r *runs) older(owner string) (t *agui.Tracker, fresh bool) {
	if t = r.old[owner]; t != nil {
		return t, false
	}
	return new(agui.Tracker), true
}

// mark forgets what undo would undo.
func (r *runs) mark() { r.last, r.fresh = nil, false }

// moved reports whether the event since mark changed what is known.
func (r *runs) moved() bool { return r.last != nil && (r.fresh || *r.last != r.before) }

// undo goes back to what was known at mark.
func (r *runs) undo() {
	switch {
	case r.last == nil:
	case r.fresh:
		delete(r.young, r.owner)
	default:
		*r.last = r.before
	}
	r.mark()
}
