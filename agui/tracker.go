package agui

import (
	"cmp"
	"errors"
)

// ErrNoSession is returned for an event that names no thread and has none to
// inherit. A caller that was told the session by other means may go on with
// that.
var ErrNoSession = errors.New("agui: event without a session: " +
	"it has no threadId and no run is open before it; send its RUN_STARTED first, or name the session")

// A Tracker places the events of one request body, or of one open stream, in
// their threads and runs. The zero Tracker is at the start of one. It is a
// small value: keep a copy to go back to when events after it are refused. It
// is not safe for concurrent use.
//
// An event that names its thread belongs there. Of the others,
//
//   - those of an open run belong to that run, which the last RUN_STARTED
//     opened and which RUN_FINISHED or RUN_ERROR, of this thread or of none,
//     ends;
//   - RUN_ERROR and RUN_FINISHED belong to the last run even after its end. The
//     protocol lets RUN_ERROR follow RUN_FINISHED, and real agents send
//     RUN_FINISHED after RUN_ERROR;
//   - the rest belongs nowhere. After the end of a run, and before the first,
//     the protocol allows nothing else, every official client fails on it, and
//     what a mistaken agent or a relay that has just reconnected sends there
//     may be of another conversation: guessing would show it in the wrong one.
//
// A RUN_STARTED while a run is open is taken as the start of a new run whose
// predecessor was cut off. What ends the open run belongs to it even if it
// names another: all recorded runs of LangGraph finish under a runId that they
// did not start with, and runs of one stream do not overlap.
type Tracker struct {
	threadID, runID string // of the last RUN_STARTED
	open            bool
}

// Next takes the next event and returns it with the thread and run it belongs
// to. If that is no thread, the error is ErrNoSession and what is known is
// returned none the less; the Tracker can go on.
//
// An event takes over the run only together with the thread: one that names a
// different thread has the run it names, or none.
func (t *Tracker) Next(p Peeked) (Peeked, error) {
	if p.Type == RunStarted {
		*t = Tracker{threadID: p.ThreadID, runID: p.RunID, open: true}
	}
	if t.open || ends(p.Type) {
		p = t.inherit(p)
	}
	if t.open && ends(p.Type) && p.ThreadID == t.threadID {
		t.open, p.RunID = false, cmp.Or(t.runID, p.RunID)
	}
	if p.ThreadID == "" {
		return p, ErrNoSession
	}
	return p, nil
}

// inherit fills in what p does not say.
func (t *Tracker) inherit(p Peeked) Peeked {
	if p.ThreadID == "" {
		p.ThreadID = t.threadID
	}
	if p.RunID == "" && p.ThreadID == t.threadID {
		p.RunID = t.runID
	}
	return p
}

// ends reports whether events of the type end a run.
func ends(eventType string) bool { return eventType == RunFinished || eventType == RunError }
