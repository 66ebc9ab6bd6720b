package tidingstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/tidings-dev/tidings"
)

var purgeFacts = []fact{
	{"PurgeDiscardsEverythingOfTheOwner", purgeDiscards},
	{"PurgeForgetsTheOwnersKeys", purgeForgetsKeys},
	{"PurgeIsToldToTheOwnersReaders", purgeIsTold},
	{"PositionsOfPurgedEventsStayPositions", purgedPositions},
	{"ARunningTailYieldsThePurge", purgeInTail},
	{"PurgeIsOneStepAmongAppends", purgeAmongAppends},
}

// purge purges an owner through a log, and returns the event that must say so.
func (s *subject) purge(ctx context.Context, l tidings.Log, user string) tidings.Event {
	s.Helper()
	id, err := l.(tidings.Purger).Purge(ctx, user)
	s.must(err)
	return tidings.Event{ID: id, User: user, Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}
}

// besides returns the events that are not of the owner.
func besides(events []tidings.Event, user string) []tidings.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e tidings.Event) bool { return e.User == user })
}

func purgeDiscards(ctx context.Context, s *subject) {
	want := s.mixture(ctx)
	floor, _, err := s.log.Bounds(ctx)
	s.must(err)
	for _, user := range []string{"a", "nobody", "", "a"} {
		purged := s.purge(ctx, s.open(), user)
		want = append(besides(want, user), purged)
		if now := s.wantHead(ctx, s.log, purged.ID); now != floor {
			s.Errorf("Bounds: floor %s, was %s before the purge", now, floor)
		}
		want = append(want, s.keep(ctx, s.log, note(user, 1))...)
		for _, l := range []tidings.Log{s.log, s.open()} {
			s.wantRead(ctx, l, everything, tidings.ID{}, want)
			s.wantTail(ctx, l, tidings.ID{}, want)
			for _, owner := range []string{"a", "b", "", "nobody"} {
				sel := tidings.Selector{User: owner, Channels: everything.Channels}
				s.wantRead(ctx, l, sel, tidings.ID{}, filter(want, sel, tidings.ID{}))
			}
		}
	}
}

func purgeForgetsKeys(ctx context.Context, s *subject) {
	own, others := withKey(note("a", 0), "k"), withKey(note("b", 0), "k")
	kept := s.keep(ctx, s.log, own, others)
	s.purge(ctx, s.open(), "a")
	fresh := s.keep(ctx, s.log, withKey(note("a", 1), "fresh")) // before it heard of the purge, perhaps
	s.wantReceipts(ctx, s.open(), []tidings.Event{withKey(note("a", 1), "fresh")}, duplicate(fresh[0].ID))
	again := s.wantReceipts(ctx, s.log, []tidings.Event{own, others}, "new", duplicate(kept[1].ID))
	s.wantReceipts(ctx, s.open(), []tidings.Event{own}, duplicate(again[0].ID))
}

func purgeIsTold(ctx context.Context, s *subject) {
	all := s.keep(ctx, s.log, notes(20, "a", "b")...)
	lastOwn := all[18].ID
	purged := s.purge(ctx, s.open(), "a")
	rest := append(besides(all, "a"), purged)
	rest = append(rest, s.keep(ctx, s.log, notes(6, "a", "b")...)...)
	own := tidings.Selector{User: "a"}
	for _, l := range []tidings.Log{s.log, s.open()} {
		for _, after := range all {
			s.wantRead(ctx, l, everything, after.ID, filter(rest, everything, after.ID))
			s.wantTail(ctx, l, after.ID, filter(rest, everything, after.ID))
			other := tidings.Selector{User: "b"}
			s.wantRead(ctx, l, other, after.ID, filter(rest, other, after.ID))
			if after.ID.Compare(lastOwn) < 0 {
				floor := s.told(ctx, l, own, after.ID, lastOwn, purged.ID)
				s.wantRead(ctx, l, own, floor, filter(rest, own, floor))
			}
		}
		s.wantRead(ctx, l, own, purged.ID, filter(rest, own, purged.ID))
	}
}

// told stops the test unless a Read after a position says that something was
// discarded, with a floor between two positions, which it returns.
func (s *subject) told(ctx context.Context, l tidings.Log, sel tidings.Selector, after, from, to tidings.ID) tidings.ID {
	s.Helper()
	err := refused(l.Read(ctx, sel, after))
	truncated, ok := errors.AsType[*tidings.TruncatedError](err)
	if !ok || truncated.Floor.Compare(from) < 0 || truncated.Floor.Compare(to) > 0 {
		s.Fatalf("Read of %s after %s: got %v, want a *TruncatedError with a floor from %s to %s", selection(sel), after, err, from, to)
	}
	return truncated.Floor
}

func purgedPositions(ctx context.Context, s *subject) {
	all := s.keep(ctx, s.log, notes(9, "a", "b")...)
	purged := s.purge(ctx, s.log, "a")
	again := s.purge(ctx, s.log, "a") // takes away the event that told of the first
	rest := append(besides(all, "a"), again)
	for _, l := range []tidings.Log{s.log, s.open()} {
		for _, e := range append(slices.Clone(all), purged) {
			s.wantRead(ctx, l, everything, e.ID, filter(rest, everything, e.ID))
			s.wantTail(ctx, l, e.ID, filter(rest, everything, e.ID))
			wrong := tidings.NewID(e.ID.Time().Add(1), e.ID.Seq())
			if e.User == "b" {
				s.report(fmt.Sprintf("Read after %s, which has another time", wrong), foreign(l.Read(ctx, everything, wrong)))
			}
		}
	}
}

func purgeInTail(ctx context.Context, s *subject) {
	before := s.keep(ctx, s.log, notes(4, "a", "b")...)
	var seen atomic.Int64
	var r run
	var failed error
	var purged tidings.Event
	together(2, func(i int) {
		if i == 0 {
			failed = r.tail(ctx, s.open(), tidings.ID{}, func() bool { seen.Store(int64(len(r.events))); return r.ended() })
			return
		}
		s.report("the tail", insist(ctx, func() error {
			if seen.Load() < int64(len(before)) {
				return errors.New("has not begun")
			}
			return nil
		}))
		purged = s.purge(ctx, s.log, "a")
		s.keep(ctx, s.log, end())
	})
	if failed == nil {
		failed = same(r.events[:max(0, len(r.events)-1)], append(before, purged))
	}
	s.report("Tail", failed)
}

// purgeAmongAppends purges while others append: what was acknowledged with a
// position after the purge is there, and nothing from before it is.
func purgeAmongAppends(ctx context.Context, s *subject) {
	const callers, each = 4, 25
	var sent [callers][]sending
	var purged tidings.Event
	s.keep(ctx, s.log, notes(10, "a")...)
	together(callers+1, func(c int) {
		if c == callers {
			id, err := s.log.(tidings.Purger).Purge(ctx, "a")
			s.report("Purge", err)
			purged = tidings.Event{ID: id, User: "a", Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}
			return
		}
		for n := range each {
			b := sending{events: []tidings.Event{note("a", 100*c+n), note("a", 100*c+n)}}
			b.receipts, b.err = send(ctx, s.log, b.events)
			sent[c] = append(sent[c], b)
		}
	})
	want := []tidings.Event{purged}
	for _, b := range slices.Concat(sent[:]...) {
		s.must(b.err)
		for i, r := range b.receipts {
			if e := b.events[i]; r.ID.Compare(purged.ID) > 0 {
				e.ID = r.ID
				want = append(want, e)
			}
		}
	}
	slices.SortFunc(want, func(a, b tidings.Event) int { return a.ID.Compare(b.ID) })
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
}
