package tidingstest

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/tidings-dev/tidings"
)

var contextFacts = []fact{
	{"CallsAreRefusedAfterTheirContext", contextEnded},
	{"ReadEndsWithItsContext", readEnds},
	{"TailEndsWithItsContext", tailEnds},
	{"BreakingOutLeavesNothingBehind", breakOut},
}

// errEnough is the cause with which the suite ends contexts.
var errEnough = errors.New("enough")

// calls returns one call of each method, by name.
func calls(l tidings.Log, after tidings.ID) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Append": func(ctx context.Context) error {
			_, err := l.Append(ctx, []tidings.Event{note("late", 0)})
			return err
		},
		"Bounds": func(ctx context.Context) error {
			_, _, err := l.Bounds(ctx)
			return err
		},
		"Read": func(ctx context.Context) error { return refused(l.Read(ctx, everything, after)) },
		"Tail": func(ctx context.Context) error {
			var r run
			return r.tail(ctx, l, after, func() bool { return false })
		},
	}
}

func contextEnded(ctx context.Context, s *subject) {
	all := s.keep(ctx, s.log, note("a", 0))
	late, cancel := context.WithCancelCause(ctx)
	cancel(errEnough)
	for name, call := range calls(s.log, all[0].ID) {
		var err error
		if !ends(ctx, func() { err = call(late) }) {
			s.Fatalf("%s goes on after its context", name)
		}
		if !errors.Is(err, errEnough) {
			s.Errorf("%s after its context: got %v, want its cause", name, err)
		}
		if name == "Append" && !errors.Is(err, tidings.ErrUnknownOutcome) {
			s.wantRead(ctx, s.log, everything, all[0].ID, nil)
		}
	}
}

func readEnds(ctx context.Context, s *subject) {
	s.keep(ctx, s.log, notes(500, "a", "b")...)
	head := last(s.keep(ctx, s.log, notes(500, "a", "b")...)).ID
	some, cancel := context.WithCancelCause(ctx)
	var r run
	var err error
	if !ends(ctx, func() {
		err = r.take(s.log.Read(some, everything, tidings.ID{}), &everything, func() bool { cancel(errEnough); return false })
	}) {
		s.Fatal("Read goes on after its context")
	}
	if r.through != head && !errors.Is(err, errEnough) {
		s.Errorf("Read, its context ended: got %v at %s, want the cause", err, r.through)
	}
}

// tailEnds ends contexts at once, and when the tail is likely to wait.
func tailEnds(ctx context.Context, s *subject) {
	for n, later := range []time.Duration{0, 0, 2 * time.Millisecond} {
		some, cancel := context.WithCancelCause(ctx)
		var r run
		var err error
		if !ends(ctx, func() {
			err = r.tail(some, s.log, tidings.ID{}, func() bool {
				time.AfterFunc(later, func() { cancel(errEnough) })
				return false
			})
		}) {
			s.Fatal("Tail goes on after its context")
		}
		if !errors.Is(err, errEnough) {
			s.Errorf("Tail, its context ended: got %v, want the cause", err)
		}
		s.keep(ctx, s.log, notes(100*n+1, "a")...)
	}
}

func breakOut(ctx context.Context, s *subject) {
	const times = 64
	all := s.keep(ctx, s.log, notes(300, "a", "b")...)
	once := func() bool { return true }
	before := 0
	for n := range 1 + times {
		var r, t run
		s.must(r.take(s.log.Read(ctx, everything, tidings.ID{}), &everything, once))
		s.must(t.tail(ctx, s.log, tidings.ID{}, once))
		if n == 0 { // what the log starts once and keeps is not meant
			before = runtime.NumGoroutine()
		}
	}
	if n := fewer(ctx, before+times/2); n > before+times/2 {
		s.Errorf("%d goroutines, %d before %d Reads and Tails were left", n, before, times)
	}
	s.wantRead(ctx, s.log, everything, tidings.ID{}, all)
	s.wantTail(ctx, s.log, tidings.ID{}, all)
}

// fewer gives goroutines the time to end, as goleak does, and returns their
// number.
func fewer(ctx context.Context, enough int) int {
	for pause := time.Microsecond; pause < 4*time.Second; pause *= 2 {
		if runtime.NumGoroutine() <= enough {
			break
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	return runtime.NumGoroutine()
}
