package httpapi

import (
	"errors"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/delivery"
)

// Hooks are functions that a Handler calls at points of interest, for metrics. Any
// of them may be nil. They are called from the goroutine in which the thing
// happened, possibly concurrently, and should be quick.
type Hooks struct {
	// Refused is called for every request that was answered with a problem, with
	// the name of that: one of [ProblemNames]. Of lines that are published by
	// themselves the hub's hooks tell.
	Refused func(problem string)
	// Ended is called for every stream that ended, with the reason: one of
	// [EndReasons].
	Ended func(reason string)
	// Delivered is called for some of the events that are handed to connections,
	// at most one in a millisecond, with how long ago its log stamped it. Events
	// from before the stream began, and its first second, are not among them: those
	// say how long a client was away.
	Delivered func(lag time.Duration)
}

// ProblemNames returns the names of the types of problems, in order.
func ProblemNames() []string { return slices.Sorted(maps.Keys(problems)) }

// endings is the table from errors to reasons for which streams end; the first
// that matches counts. Otherwise the client was gone.
var endings = []struct {
	is     error
	reason string
}{
	{errDrained, "drained"},
	{errAged, "aged"},
	{errExpired, "expired"},
	{errRevoked, "revoked"},
	{errDisplaced, "displaced"},
	{errUnregistered, "unregistered"},
	{errPanic, "fault"},
	{tidings.ErrClosed, "closed"},
	{delivery.ErrClosed, "closed"},
	{tidings.ErrReplaced, "log"},
	{tidings.ErrUnavailable, "log"}, // perhaps because of a deadline
	{os.ErrDeadlineExceeded, "slow"},
}

// gone is the reason for which a stream ends of which the client does.
const gone = "gone"

// EndReasons returns the reasons for which streams end, in order: aged, closed (the
// hub was), displaced (by a newer connection of its subject), drained, expired, fault, gone (its client), log (which failed or is
// another one), revoked, slow (its client took too long to read), unregistered.
func EndReasons() []string {
	names := map[string]bool{gone: true}
	for _, e := range endings {
		names[e.reason] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// reason returns why a stream ended.
func reason(err error) string {
	for _, e := range endings {
		if errors.Is(err, e.is) {
			return e.reason
		}
	}
	return gone
}

// ended tells of a stream that ended.
func (h *Handler) ended(err error) {
	if told := h.opts.Hooks.Ended; told != nil {
		told(reason(err))
	}
}

// A probe tells how late events are delivered, now and then: what it costs each
// event is to see that it is not its turn.
type probe struct {
	delivered func(lag time.Duration)
	resting   atomic.Bool
}

// probeRest is how long a probe rests.
const probeRest = time.Millisecond

// look is told of events that are delivered now, on a stream that began at a
// second.
func (p *probe) look(e *tidings.Event, began uint32) {
	if p.delivered == nil || p.resting.Load() {
		return
	}
	stamped := e.ID.Time()
	if stamped.Unix() <= int64(began) || !p.resting.CompareAndSwap(false, true) {
		return
	}
	time.AfterFunc(probeRest, func() { p.resting.Store(false) })
	p.delivered(max(0, time.Since(stamped)))
}
