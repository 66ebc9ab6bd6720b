package tidingstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

// The tools that facts are written with. Those that return errors may be used
// from any goroutine of a test; those that stop the test only from its own.

// everything selects every event that the suite appends.
var everything = tidings.Selector{Everyone: true, Channels: []tidings.Channel{
	tidings.AGUI, tidings.A2A, tidings.System, tidings.Analytics, "notes", "tidings.control",
}}

// note returns an event of a user that carries a number.
func note(user string, n int) tidings.Event {
	return tidings.Event{
		User: user, Channel: tidings.System, Session: "s", Type: "note",
		Data: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

// notes returns events of users, in turn, that carry the numbers from 0 to n-1.
func notes(n int, users ...string) []tidings.Event {
	all := make([]tidings.Event, n)
	for i := range all {
		all[i] = note(users[i%len(users)], i)
	}
	return all
}

// withKey returns e with a key.
func withKey(e tidings.Event, key string) tidings.Event {
	e.Key = key
	return e
}

// must stops the test if there is an error.
func (s *subject) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// report makes the test fail if there is an error, and goes on.
func (s *subject) report(what string, err error) {
	s.Helper()
	if err != nil {
		s.Errorf("%s: %v", what, err)
	}
}

// keep appends events without known keys in one batch, and returns them as
// they must come back.
func (s *subject) keep(ctx context.Context, l tidings.Log, events ...tidings.Event) []tidings.Event {
	s.Helper()
	receipts, err := send(ctx, l, events)
	s.must(err)
	kept := make([]tidings.Event, len(events))
	for i, r := range receipts {
		if r.Duplicate {
			s.Fatalf("Append: receipt %d of a new event says it is a duplicate of %s", i, r.ID)
		}
		kept[i] = events[i]
		kept[i].ID = r.ID
	}
	return kept
}

// send appends events and looks at the form of the answer.
func send(ctx context.Context, l tidings.Log, events []tidings.Event) ([]tidings.Receipt, error) {
	receipts, err := l.Append(ctx, events)
	if err != nil {
		return nil, fmt.Errorf("Append: %w", err)
	}
	if len(receipts) != len(events) {
		return nil, violation("Append: %d receipts for %d events", len(receipts), len(events))
	}
	for i, r := range receipts {
		if r.ID.IsZero() || r.Subscribers != 0 {
			return nil, violation("Append: receipt %d is %+v, want a position and no subscribers", i, r)
		}
	}
	return receipts, nil
}

// wantRead reports how a Read differs from the events it must yield.
func (s *subject) wantRead(ctx context.Context, l tidings.Log, sel tidings.Selector, after tidings.ID, want []tidings.Event) run {
	s.Helper()
	r, err := read(ctx, l, sel, after)
	if err == nil {
		err = same(r.events, want)
	}
	s.report(fmt.Sprintf("Read of %s after %s", selection(sel), position(after)), err)
	return r
}

// wantTail reports how a Tail up to the head differs from the events it must
// yield.
func (s *subject) wantTail(ctx context.Context, l tidings.Log, after tidings.ID, want []tidings.Event) {
	s.Helper()
	_, head, err := l.Bounds(ctx)
	s.must(err)
	var r run
	err = r.tail(ctx, l, after, func() bool { return r.through.Compare(head) >= 0 })
	if err == nil {
		err = same(r.events, want)
	}
	s.report("Tail after "+position(after), err)
}

// wantHead stops the test unless a log's head is as given, and returns its
// floor.
func (s *subject) wantHead(ctx context.Context, l tidings.Log, want tidings.ID) (floor tidings.ID) {
	s.Helper()
	floor, head, err := l.Bounds(ctx)
	s.must(err)
	if head != want {
		s.Fatalf("Bounds: head %s, want %s", head, want)
	}
	return floor
}

// last returns the last event, which must exist.
func last(events []tidings.Event) tidings.Event { return events[len(events)-1] }

// filter returns the events after a position that a selector selects.
func filter(events []tidings.Event, sel tidings.Selector, after tidings.ID) []tidings.Event {
	var some []tidings.Event
	for _, e := range events {
		if e.ID.Compare(after) > 0 && sel.Matches(&e) {
			some = append(some, e)
		}
	}
	return some
}

// together runs n goroutines and waits for them.
func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// ends reports whether do returns before ctx ends. If not it is left behind.
func ends(ctx context.Context, do func()) bool {
	done := make(chan struct{})
	go func() { // ends with do; the test has failed if that is never
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// insist calls do, with pauses, until it succeeds or says something that
// waiting does not change.
func insist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || final(err) {
			return err
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("at last: %w", err)
		}
	}
}

// final reports whether the error is an answer, and not a fault of the moment.
func final(err error) bool {
	_, violated := errors.AsType[violated](err)
	return violated || errors.Is(err, tidings.ErrForeign) || errors.Is(err, tidings.ErrTruncated)
}

// A violated promise is an error of the log, found by the suite.
type violated string

func (v violated) Error() string { return string(v) }

func violation(format string, args ...any) error {
	return violated(fmt.Sprintf(format, args...))
}
