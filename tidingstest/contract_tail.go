package tidingstest

import (
	"context"
	"fmt"
	"iter"

	"github.com/tidings-dev/tidings"
)

var tailFacts = []fact{
	{"TailContinuesAfterAnyPosition", tailContinues},
	{"TailTellsThroughOnAQuietLog", tailQuiet},
	{"TailsOfEveryLogSeeTheSame", tailsAgree},
	{"TailMissesNothingBetweenReplayAndLive", tailSeamless},
	{"ATailThatIsNotReadHoldsNobodyUp", tailSuspended},
}

func tailContinues(ctx context.Context, s *subject) {
	creation, _, err := s.log.Bounds(ctx)
	s.must(err)
	all := append(s.mixture(ctx), s.keep(ctx, s.log, notes(150, "a", "b")...)...)
	for _, after := range append(sample(all), creation, tidings.ID{}) {
		s.wantTail(ctx, s.log, after, filter(all, everything, after))
		s.wantTail(ctx, s.open(), after, filter(all, everything, after))
	}
}

func tailQuiet(ctx context.Context, s *subject) {
	_, head, err := s.log.Bounds(ctx)
	s.must(err)
	for n := range 3 {
		for _, after := range []tidings.ID{{}, head} {
			var r run
			err := r.tail(ctx, s.open(), after, func() bool { return r.through == head })
			s.report(fmt.Sprintf("Tail after %s of a log whose head is %s", position(after), head), err)
		}
		head = last(s.keep(ctx, s.log, note("a", n))).ID
	}
}

// tailsAgree has all logs tail while all of them append.
func tailsAgree(ctx context.Context, s *subject) {
	logs := []tidings.Log{s.log, s.open(), s.open()}
	runs := make([]run, len(logs))
	errs := make([]error, len(logs))
	started := make(chan struct{}, len(logs))
	together(len(logs)+1, func(i int) {
		if i < len(logs) {
			errs[i] = runs[i].tail(ctx, logs[i], tidings.ID{}, func() bool {
				if len(runs[i].throughs) == 1 {
					started <- struct{}{}
				}
				return runs[i].ended()
			})
			return
		}
		s.report("appending", appendToAll(ctx, logs, started))
	})
	all, err := read(ctx, s.log, everything, tidings.ID{})
	s.must(err)
	for i := range runs {
		if errs[i] == nil {
			errs[i] = same(runs[i].events, all.events)
		}
		s.report(fmt.Sprint("Tail ", i), errs[i])
	}
}

// appendToAll appends through every log at once when all tails have started,
// and then the end.
func appendToAll(ctx context.Context, logs []tidings.Log, started <-chan struct{}) error {
	for range logs {
		select {
		case <-started:
		case <-ctx.Done():
			return fmt.Errorf("waiting for tails: %w", context.Cause(ctx))
		}
	}
	errs := make([]error, len(logs))
	together(len(logs), func(i int) {
		for n := 0; n < 20 && errs[i] == nil; n++ {
			_, errs[i] = send(ctx, logs[i], notes(n%4+1, fmt.Sprint("user", i)))
		}
	})
	_, err := send(ctx, logs[0], []tidings.Event{end()})
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return err
}

// tailSeamless appends whenever a tail has yielded and stands still, so that
// there is something new at every step from replay to live.
func tailSeamless(ctx context.Context, s *subject) {
	writer := s.open()
	all := s.keep(ctx, writer, notes(100, "a", "b")...)
	next, stop := iter.Pull2(s.log.Tail(ctx, tidings.ID{}))
	defer stop()
	var r run
	for n := 0; !r.ended(); n++ {
		s.must(r.pull(next))
		switch {
		case n < 40:
			all = append(all, s.keep(ctx, writer, notes(n%3+1, "a", "b")...)...)
		case n == 40:
			all = append(all, s.keep(ctx, writer, end())...)
		}
	}
	s.report("Tail", same(r.events, all))
}

// pull adds the next batch of a tail.
func (r *run) pull(next func() (tidings.Batch, error, bool)) error {
	b, err, ok := next()
	if !ok {
		return violation("Tail ended without an error")
	}
	if err != nil {
		return fmt.Errorf("Tail: %w", err)
	}
	return r.add(b, nil)
}

func tailSuspended(ctx context.Context, s *subject) {
	next, stop := iter.Pull2(s.log.Tail(ctx, tidings.ID{}))
	defer stop()
	var r run
	s.must(r.pull(next))
	var all []tidings.Event
	for range 10 {
		all = append(all, s.keep(ctx, s.log, notes(100, "a", "b")...)...)
	}
	s.wantTail(ctx, s.log, tidings.ID{}, all)
	s.wantRead(ctx, s.log, everything, tidings.ID{}, all)
	for r.through.Compare(last(all).ID) < 0 {
		s.must(r.pull(next))
	}
	s.report("the Tail that was not read", same(r.events, all))
}
