package tidingstest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-dev/tidings"
)

var replaceFacts = []fact{
	{"AReplacedLogIsAnother", replaced},
}

var rollbackFacts = []fact{
	{"WhatWasRolledBackIsForeign", rolledBack},
}

// replaced puts a new log beneath a tail, with more events than the old one
// had.
func replaced(ctx context.Context, s *subject) {
	creation, _, err := s.log.Bounds(ctx)
	s.must(err)
	old := s.keep(ctx, s.log, notes(5, "a", "b")...)
	stop := s.followInto(ctx, s.log, last(old).ID, s.replace)
	now := s.renew(ctx, notes(10, "a", "b"))
	stop()
	for _, l := range []tidings.Log{s.log, s.open()} {
		s.eventually(ctx, "Read of the new log", func() error { return readSame(ctx, l, tidings.ID{}, now) })
		for _, id := range append(sample(old), creation) {
			s.eventuallyForeign(ctx, l, id)
		}
	}
}

// rolledBack takes events from beneath a tail, and puts more in their place.
func rolledBack(ctx context.Context, s *subject) {
	old := s.keep(ctx, s.log, notes(9, "a", "b")...)
	old = append(old, s.keep(ctx, s.log, withKey(note("a", 9), "k"))...)
	kept, gone := old[:6], old[6:]
	stop := s.followInto(ctx, s.log, last(old).ID, func() { s.rollback(last(kept).ID) })
	for _, e := range gone {
		s.eventuallyForeign(ctx, s.log, e.ID)
	}
	now := s.renew(ctx, append(notes(8, "a", "b"), withKey(note("a", 9), "k")))
	stop()
	for _, l := range []tidings.Log{s.log, s.open()} {
		for _, e := range gone {
			s.eventuallyForeign(ctx, l, e.ID)
		}
		for i, e := range kept {
			want := append(kept[i+1:len(kept):len(kept)], now...)
			s.eventually(ctx, "Read after "+e.ID.String(), func() error { return readSame(ctx, l, e.ID, want) })
		}
	}
}

// followInto has a tail follow a log from its head, does what makes that
// position foreign, and returns what waits until the tail has said so.
func (s *subject) followInto(ctx context.Context, l tidings.Log, head tidings.ID, do func()) (stop func()) {
	reached, ended := make(chan struct{}), make(chan error, 1)
	r := run{through: head}
	go func() { // the returned function waits for it; it ends with ctx at the latest
		ended <- insist(ctx, func() error {
			return r.tail(ctx, l, r.through, func() bool {
				if len(r.throughs) == 1 {
					close(reached)
				}
				return false
			})
		})
	}()
	select {
	case <-reached:
	case err := <-ended:
		s.Fatalf("Tail after the head: %v", err)
	}
	do()
	return func() {
		if err := <-ended; !errors.Is(err, tidings.ErrForeign) || len(r.events) > 0 {
			s.Errorf("Tail, its log gone: got %v after %d events, want %v after none", err, len(r.events), tidings.ErrForeign)
		}
	}
}

// renew appends events to what is now the log.
func (s *subject) renew(ctx context.Context, events []tidings.Event) []tidings.Event {
	s.Helper()
	return s.keep(ctx, s.open(), events...)
}

// readSame says how a Read differs from what it must yield.
func readSame(ctx context.Context, l tidings.Log, after tidings.ID, want []tidings.Event) error {
	r, err := read(ctx, l, everything, after)
	if err != nil {
		return err
	}
	return same(r.events, want)
}

// eventually reports what still fails when the faults of the moment are over.
func (s *subject) eventually(ctx context.Context, what string, do func() error) {
	s.Helper()
	s.report(what, insist(ctx, do))
}

// eventuallyForeign reports Reads and Tails that accept the position.
func (s *subject) eventuallyForeign(ctx context.Context, l tidings.Log, id tidings.ID) {
	s.Helper()
	for _, sel := range []tidings.Selector{everything, {User: "nobody"}} {
		s.eventually(ctx, fmt.Sprint("Read after ", id), func() error { return foreign(l.Read(ctx, sel, id)) })
	}
	s.eventually(ctx, fmt.Sprint("Tail after ", id), func() error { return foreign(l.Tail(ctx, id)) })
}
