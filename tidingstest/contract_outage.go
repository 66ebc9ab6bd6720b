package tidingstest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

var outageFacts = []fact{
	{"AnOutageLosesAndRepeatsNothing", outage},
	{"ATailResumedAfterAnOutageMissesNothing", outageTail},
	{"CallsEndWithTheirContextDuringAnOutage", outageContext},
}

// outage takes the backend away, again and again, while callers append and
// tails follow.
func outage(ctx context.Context, s *subject) {
	const callers, each, outages = 4, 30, 3
	logs := []tidings.Log{s.log, s.open()}
	steps := make(chan struct{}, callers*each) // never full
	sent := make([][]sending, callers+1)
	runs := make([]run, len(logs))

	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel() // if a hook stops the test
	for i := range callers {
		wg.Go(func() { sent[i] = persist(ctx, logs[i%len(logs)], i, each, steps) })
	}
	for i := range runs {
		wg.Go(func() { s.report("Tail during outages", runs[i].resume(ctx, logs[i])) })
	}
	for n := range outages {
		s.must(await(ctx, steps, callers*each/(outages+1)))
		sent[callers] = append(sent[callers], s.strike(ctx, n)...)
	}
	s.must(await(ctx, steps, callers*each-outages*(callers*each/(outages+1))))
	ending, err := retry(ctx, s.log, []tidings.Event{end()})
	s.must(err)
	sent[callers] = append(sent[callers], ending...)
	wg.Wait()
	s.judge(ctx, logs, runs, slices.Concat(sent...))
}

// await takes n steps.
func await(ctx context.Context, steps <-chan struct{}, n int) error {
	for range n {
		select {
		case <-steps:
		case <-ctx.Done():
			return fmt.Errorf("waiting for appends: %w", context.Cause(ctx))
		}
	}
	return nil
}

// strike takes the backend away for one append.
func (s *subject) strike(ctx context.Context, n int) []sending {
	s.cut()
	probe := sending{events: []tidings.Event{withKey(note("probe", n), fmt.Sprint("probe", n))}}
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	probe.receipts, probe.err = send(soon, s.log, probe.events)
	cancel()
	s.restore()
	sent, err := retry(ctx, s.log, probe.events)
	s.must(err)
	return append([]sending{probe}, sent...)
}

// persist appends batches: those with keys again until they are acknowledged,
// those without once.
func persist(ctx context.Context, l tidings.Log, caller, batches int, steps chan<- struct{}) (sent []sending) {
	for n := range batches {
		events := notes(n%3+1, fmt.Sprint("caller", caller))
		for i := range events {
			events[i].Session = fmt.Sprint(n)
			if n%2 == 0 {
				events[i].Key = fmt.Sprint(n, "-", i)
			}
		}
		if n%2 == 0 {
			tries, _ := retry(ctx, l, events)
			sent = append(sent, tries...)
		} else {
			b := sending{events: events}
			b.receipts, b.err = send(ctx, l, events)
			sent = append(sent, b)
		}
		steps <- struct{}{}
	}
	return sent
}

// retry appends events with keys until they are acknowledged, and returns all
// it tried.
func retry(ctx context.Context, l tidings.Log, events []tidings.Event) (tries []sending, err error) {
	err = insist(ctx, func() error {
		b := sending{events: events}
		b.receipts, b.err = send(ctx, l, events)
		tries = append(tries, b)
		return b.err
	})
	return tries, err
}

// resume follows a log to the end of the test, taking up after faults where it
// was.
func (r *run) resume(ctx context.Context, l tidings.Log) error {
	return insist(ctx, func() error { return r.tail(ctx, l, r.through, r.ended) })
}

// judge compares what callers were told and what tails saw with the log.
func (s *subject) judge(ctx context.Context, logs []tidings.Log, runs []run, sent []sending) {
	var all run
	s.must(insist(ctx, func() (err error) {
		all, err = read(ctx, s.log, everything, tidings.ID{})
		return err
	}))
	for i := range sent {
		if final(sent[i].err) {
			s.report("a caller", sent[i].err)
		}
	}
	s.report("the log", history(all.events).accounted(sent))
	for i := range runs {
		s.report(fmt.Sprint("Tail ", i), same(runs[i].events, all.events))
	}
	for _, l := range append(logs, s.open()) {
		s.eventually(ctx, "Read", func() error { return readSame(ctx, l, tidings.ID{}, all.events) })
	}
}

// outageTail has events appended after the outage, before the tail that was
// cut is read again.
func outageTail(ctx context.Context, s *subject) {
	writer := s.open()
	s.keep(ctx, writer, notes(100, "a", "b")...)
	var r run
	for n := range 3 {
		s.must(s.outlive(ctx, &r, func() error {
			_, err := retry(ctx, writer, []tidings.Event{withKey(note("a", n), fmt.Sprint(n))})
			return err
		}))
	}
	all, err := read(ctx, writer, everything, tidings.ID{})
	s.must(err)
	s.report("Tail", same(r.events, all.events))
}

// outlive tails on to the head, through an outage after which an event is
// appended, and, resumed, to that event.
func (s *subject) outlive(ctx context.Context, r *run, appendOne func() error) error {
	var next func() (tidings.Batch, error, bool)
	stop := func() {}
	defer func() { stop() }()
	err := insist(ctx, func() (err error) {
		stop()
		next, stop = iter.Pull2(s.log.Tail(ctx, r.through))
		return s.pullToHead(ctx, r, next)
	})
	if err != nil {
		return err
	}
	s.cut()
	s.restore()
	want := len(r.events) + 1
	for err = appendOne(); err == nil && len(r.events) < want; {
		err = r.pull(next)
	}
	if err == nil || final(err) {
		return err
	}
	return insist(ctx, func() error {
		return r.tail(ctx, s.log, r.through, func() bool { return len(r.events) >= want })
	})
}

// pullToHead adds the batches of a tail up to the head.
func (s *subject) pullToHead(ctx context.Context, r *run, next func() (tidings.Batch, error, bool)) error {
	_, head, err := s.log.Bounds(ctx)
	if err == nil {
		err = r.pull(next)
	}
	for err == nil && r.through.Compare(head) < 0 {
		err = r.pull(next)
	}
	return err
}

func outageContext(ctx context.Context, s *subject) {
	all := s.keep(ctx, s.log, note("a", 0))
	s.cut()
	var late error
	for name, call := range calls(s.log, all[0].ID) {
		some, cancel := context.WithTimeoutCause(ctx, 20*time.Millisecond, errEnough)
		var err error
		if !ends(ctx, func() { err = call(some) }) {
			s.Fatalf("%s goes on after its context", name)
		}
		cancel()
		if _, violated := errors.AsType[violated](err); err == nil || violated {
			s.Errorf("%s without a backend: got %v, want an error of the log", name, err)
		}
		if name == "Append" {
			late = err
		}
	}
	s.restore()
	var r run
	s.must(insist(ctx, func() (err error) {
		r, err = read(ctx, s.log, everything, all[0].ID)
		return err
	}))
	b := sending{events: []tidings.Event{note("late", 0)}, err: late}
	s.report("the append", history(r.events).accounted([]sending{b}))
}
