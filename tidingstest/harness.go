package tidingstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// A Harness says how [TestLog] makes logs of one kind, and what it can do to
// the backend beneath them. B is whatever the harness needs to know of one
// backend. New and Open are required; an ability that is nil takes the tests
// that need it out of the suite.
//
// Hooks report their own failures to t, and return when what they do is done.
// They may be called while other goroutines use the log, but no two at once.
type Harness[B any] struct {
	// New makes an empty backend for one test, and arranges with t.Cleanup
	// that it goes away. It retains a few thousand small events and some with
	// a megabyte of Data unless Truncate is called, and remembers keys for
	// longer than a test takes unless PassKeyWindow is called.
	New func(t testing.TB) B

	// Open returns a log over the backend, as one more process would have it,
	// and arranges with t.Cleanup that it is closed. It is called several
	// times for a backend. A log that lives in one process returns the same
	// each time.
	Open func(t testing.TB, b B) tidings.Log

	// PassKeyWindow makes the key window pass for every key appended so far.
	PassKeyWindow func(t testing.TB, b B)

	// Truncate discards every event up to and including the position through.
	// More may be discarded, and events may be appended if nothing else makes
	// the log discard some.
	Truncate func(t testing.TB, b B, through tidings.ID)

	// FailMidway makes the next Append of several events, on any log over the
	// backend, fail once after a part of them was written.
	FailMidway func(t testing.TB, b B)

	// Break takes the backend away: connections are lost and new ones fail or
	// hang. Restore brings it back with everything it had acknowledged.
	Break, Restore func(t testing.TB, b B)

	// Replace puts another, empty backend in the place of this one, which the
	// logs that are open reach without being opened again.
	Replace func(t testing.TB, b B)

	// Rollback takes away all events after the position to, with their keys,
	// as when a standby that lagged becomes the primary.
	Rollback func(t testing.TB, b B, to tidings.ID)

	// Patience is how long a test takes at most, and so what "soon" and "for
	// ever" mean. Default: 30 s. A log that keeps its promises never needs it.
	Patience time.Duration
}

// TestLog executes the contract of [tidings.Log] against the logs that h
// makes: a subtest for each promise, named for it, each on a backend of its
// own. A log that is a [tidings.Purger] or a [tidings.Recaller] is tested as
// such. Run it with -race.
//
//	func TestLog(t *testing.T) {
//		tidingstest.TestLog(t, tidingstest.Harness[*database]{
//			New:      newDatabase,
//			Open:     func(t testing.TB, db *database) tidings.Log { return openLog(t, db) },
//			Truncate: func(t testing.TB, db *database, through tidings.ID) { db.deleteUpTo(t, through) },
//		})
//	}
func TestLog[B any](t *testing.T, h Harness[B]) {
	for _, f := range h.facts(t) {
		t.Run(f.name, func(t *testing.T) { h.check(t, f) })
	}
}

// A fact is one promise of the contract.
type fact struct {
	name  string
	check func(ctx context.Context, s *subject)
}

// facts returns what can be tested with the abilities of h, and of the logs that
// it makes, of which one is looked at.
func (h Harness[B]) facts(t testing.TB) []fact {
	log := h.Open(t, h.New(t))
	_, purger := log.(tidings.Purger)
	_, recaller := log.(tidings.Recaller)
	return h.factsOf(purger, recaller)
}

// factsOf is facts, given which abilities the logs have.
func (h Harness[B]) factsOf(purger, recaller bool) []fact {
	all := slices.Concat(appendFacts, keyFacts, readFacts, foreignFacts, tailFacts, contextFacts, modelFacts)
	for _, more := range []struct {
		able  bool
		facts []fact
	}{
		{h.PassKeyWindow != nil, keyWindowFacts},
		{h.FailMidway != nil, midwayFacts},
		{h.Truncate != nil, truncateFacts},
		{h.Break != nil && h.Restore != nil, outageFacts},
		{h.Replace != nil, replaceFacts},
		{h.Rollback != nil, rollbackFacts},
		{purger, purgeFacts},
		{recaller, recallFacts},
	} {
		if more.able {
			all = append(all, more.facts...)
		}
	}
	return all
}

// check executes one fact on a new backend.
func (h Harness[B]) check(t testing.TB, f fact) {
	patience := h.Patience
	if patience <= 0 {
		patience = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f.check(ctx, h.subject(t))
}

// A subject is one backend in the hands of one fact.
type subject struct {
	testing.TB
	log     tidings.Log        // over the backend; opened first
	open    func() tidings.Log // one more
	another func() *subject    // on a backend of its own

	passKeyWindow, failMidway, cut, restore, replace func()
	truncate, rollback                               func(tidings.ID)
}

// subject makes a backend and binds the hooks to it.
func (h Harness[B]) subject(t testing.TB) *subject {
	b := h.New(t)
	s := &subject{
		TB:            t,
		open:          func() tidings.Log { return h.Open(t, b) },
		another:       func() *subject { return h.subject(t) },
		passKeyWindow: func() { h.PassKeyWindow(t, b) },
		failMidway:    func() { h.FailMidway(t, b) },
		cut:           func() { h.Break(t, b) },
		restore:       func() { h.Restore(t, b) },
		replace:       func() { h.Replace(t, b) },
		truncate:      func(through tidings.ID) { h.Truncate(t, b, through) },
		rollback:      func(to tidings.ID) { h.Rollback(t, b, to) },
	}
	s.log = s.open()
	return s
}
