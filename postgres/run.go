package postgres

import (
	"slices"
	"sync"

	"github.com/tidings-dev/tidings"
)

// A run is what one append of this log kept: in the log these events follow
// before, and nothing stands between. The database said so in the transaction
// that kept them, which proves before as much as a look would.
type run struct {
	before, last tidings.ID
	events       []tidings.Event
	bytes        int
}

// newRun returns the run of a batch, or nil if nothing is known to follow from
// it.
func newRun(events []tidings.Event, receipts []tidings.Receipt, before tidings.ID) *run {
	if before.IsZero() {
		return nil
	}
	r := &run{before: before, last: before, events: make([]tidings.Event, 0, len(events))}
	for i, e := range events {
		if !receipts[i].Duplicate {
			e.ID, r.last = receipts[i].ID, receipts[i].ID
			r.events, r.bytes = append(r.events, e), r.bytes+len(e.Data)
		}
	}
	return r
}

// keptRuns is how many runs are kept for those who follow.
const keptRuns = 64

// runs are the last of this log's own, which need not be read to be followed.
// The zero value is ready; all methods may be called concurrently.
type runs struct {
	news  signal     // raised when there is one more
	mu    sync.Mutex // guards what follows
	tails int
	kept  []*run
	bytes int
}

// follow notes that somebody follows, until leave is called. As long as nobody
// does, nothing is kept.
func (o *runs) follow() (leave func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tails++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.tails--; o.tails == 0 {
			o.kept, o.bytes = nil, 0
		}
	}
}

// add keeps a run, and forgets the oldest if there are too many. It reports
// whether those who follow will find it.
func (o *runs) add(r *run) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tails == 0 || len(r.events) == 0 {
		return true
	}
	o.kept, o.bytes = append(o.kept, r), o.bytes+r.bytes
	for len(o.kept) > keptRuns || o.bytes > pageBytes {
		o.bytes -= o.kept[0].bytes
		o.kept = slices.Delete(o.kept, 0, 1)
	}
	o.news.raise()
	return len(o.kept) > 0
}

// next returns the run that follows a position, or nil and whether there are
// some beyond it, and what is closed when there is one more.
func (o *runs) next(after tidings.ID) (r *run, beyond bool, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range slices.Backward(o.kept) {
		if r.before == after {
			return r, true, nil
		}
		beyond = beyond || r.last.Compare(after) > 0
	}
	return nil, beyond, o.news.wait()
}
