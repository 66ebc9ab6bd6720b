package tidingstest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/tidings-dev/tidings"
)

var truncateFacts = []fact{
	{"ReadTellsWhatWasDiscarded", readTruncated},
	{"TailTellsWhatWasDiscarded", tailTruncated},
	{"TheFloorIsAPosition", floorIsPosition},
	{"AnEmptiedLogKnowsItsHead", emptied},
	{"ATailThatFallsBehindTheFloorSkipsNothingSilently", tailOvertaken},
	{"AKeyOutlivesItsEvent", keyOutlives},
}

// A remnant is what there is to know of a truncated log. All of the suite's
// events are known; which of them before the floor are retained is the log's
// affair: one that bounds each session by itself keeps some.
type remnant struct {
	floor tidings.ID
	all   []tidings.Event // ever appended by the suite
	rest  []tidings.Event // after the floor, also those the harness appended
}

// discard truncates and looks at what is left.
func (s *subject) discard(ctx context.Context, all []tidings.Event, through tidings.ID) remnant {
	s.Helper()
	s.truncate(through)
	floor, _, err := s.log.Bounds(ctx)
	s.must(err)
	if floor.Compare(through) < 0 {
		s.Fatalf("Bounds: floor %s after everything up to %s was discarded", floor, through)
	}
	r, err := read(ctx, s.log, everything, floor)
	if err != nil {
		s.Fatalf("Read after the floor %s: %v", floor, err)
	}
	own := known(r.events, all)
	s.report("the events after the floor", same(own, filter(all, everything, floor)))
	return remnant{floor, all, r.events}
}

// known returns the events that are among those of the suite.
func known(events, all []tidings.Event) []tidings.Event {
	var own []tidings.Event
	for _, e := range events {
		if _, ok := history(all).find(e.ID); ok {
			own = append(own, e)
		}
	}
	return own
}

func readTruncated(ctx context.Context, s *subject) {
	creation, _, err := s.log.Bounds(ctx)
	s.must(err)
	all := append(s.mixture(ctx), s.keep(ctx, s.log, notes(150, "a", "b", "quiet")...)...)
	for _, part := range []int{3, 2} {
		left := s.discard(ctx, all, all[len(all)/part].ID)
		for _, sel := range []tidings.Selector{everything, {User: "a"}, {User: "b", Sessions: []string{"t"}}, {User: "nobody"}} {
			for _, after := range append(sample(all), creation) {
				s.report(fmt.Sprintf("Read of %s after %s with the floor at %s", selection(sel), after, left.floor),
					left.told(ctx, s.log, sel, after))
			}
			s.report("Read of "+selection(sel)+" from the oldest", left.oldest(ctx, s.log, sel))
		}
	}
}

// told says how a Read after a position is wrong about what is gone.
func (m *remnant) told(ctx context.Context, l tidings.Log, sel tidings.Selector, after tidings.ID) error {
	r, err := read(ctx, l, sel, after)
	truncated, told := errors.AsType[*tidings.TruncatedError](err)
	switch {
	case told && len(r.throughs) > 0:
		return violation("yielded %d batches before: %v", len(r.throughs), err)
	case told && !errors.Is(err, tidings.ErrTruncated):
		return violation("does not match ErrTruncated: %v", err)
	case told:
		return m.rightFloor(ctx, l, sel, after, truncated.Floor)
	case err != nil:
		return err
	case sel.Everyone && after.Compare(m.floor) < 0:
		return violation("yielded %d events, want a *TruncatedError", len(r.events))
	}
	return same(known(r.events, m.all), filter(m.all, sel, after))
}

// rightFloor says how the floor told for a selector differs from the oldest
// position after which everything selected is retained.
func (m *remnant) rightFloor(ctx context.Context, l tidings.Log, sel tidings.Selector, after, floor tidings.ID) error {
	if floor.Compare(after) <= 0 || floor.Compare(m.floor) > 0 {
		return violation("told the floor %s, which is not after the position and up to %s", position(floor), m.floor)
	}
	r, err := read(ctx, l, sel, floor)
	if err != nil {
		return fmt.Errorf("from the floor %s that was told: %w", floor, err)
	}
	if err := same(known(r.events, m.all), filter(m.all, sel, floor)); err != nil {
		return fmt.Errorf("from the floor %s that was told: %w", floor, err)
	}
	oldest, err := read(ctx, l, sel, tidings.ID{})
	if _, there := history(oldest.events).find(floor); there {
		return violation("told the floor %s, which is retained", floor)
	}
	return err
}

// oldest says how a Read from zero differs from what is retained: all after
// the floor, and before it nothing that the suite did not append.
func (m *remnant) oldest(ctx context.Context, l tidings.Log, sel tidings.Selector) error {
	r, err := read(ctx, l, sel, tidings.ID{})
	if err != nil {
		return err
	}
	if err := same(filter(r.events, sel, m.floor), filter(m.rest, sel, m.floor)); err != nil {
		return err
	}
	for _, e := range known(r.events, m.all) {
		i, _ := history(m.all).find(e.ID)
		if err := same([]tidings.Event{e}, m.all[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func tailTruncated(ctx context.Context, s *subject) {
	creation, _, err := s.log.Bounds(ctx)
	s.must(err)
	all := s.keep(ctx, s.log, notes(200, "a", "b")...)
	left := s.discard(ctx, all, all[100].ID)
	l := s.open()
	for _, after := range append(sample(all), creation) {
		if after.Compare(left.floor) >= 0 {
			s.wantTail(ctx, l, after, filter(left.rest, everything, after))
			continue
		}
		err := refused(l.Tail(ctx, after))
		if truncated, told := errors.AsType[*tidings.TruncatedError](err); !told || truncated.Floor != left.floor {
			s.Errorf("Tail after %s: got %v, want a *TruncatedError with the floor %s", after, err, left.floor)
		}
	}
	s.wantTail(ctx, l, tidings.ID{}, left.rest)
}

func floorIsPosition(ctx context.Context, s *subject) {
	all := s.keep(ctx, s.log, notes(100, "a", "b")...)
	left := s.discard(ctx, all, all[49].ID)
	for _, l := range []tidings.Log{s.log, s.open()} {
		s.wantRead(ctx, l, everything, left.floor, left.rest)
		s.wantRead(ctx, l, tidings.Selector{User: "nobody"}, left.floor, nil)
		s.wantTail(ctx, l, left.floor, left.rest)
		if len(left.rest) > 0 {
			s.wantRead(ctx, l, everything, left.rest[0].ID, left.rest[1:])
		}
		wrong := tidings.NewID(left.floor.Time().Add(1), left.floor.Seq())
		for _, seq := range []iter.Seq2[tidings.Batch, error]{l.Read(ctx, everything, wrong), l.Tail(ctx, wrong)} {
			if err := refused(seq); !errors.Is(err, tidings.ErrForeign) && !errors.Is(err, tidings.ErrTruncated) {
				s.Errorf("after %s, the floor with another time: got %v, want %v", wrong, err, tidings.ErrForeign)
			}
		}
	}
}

func emptied(ctx context.Context, s *subject) {
	all := s.keep(ctx, s.log, notes(20, "a", "b")...)
	s.discard(ctx, all, last(all).ID)
	_, head, err := s.log.Bounds(ctx)
	s.must(err)
	if head.Compare(last(all).ID) < 0 {
		s.Fatalf("Bounds: head %s, was %s before events were discarded", head, last(all).ID)
	}
	for _, l := range []tidings.Log{s.log, s.open()} {
		s.wantHead(ctx, l, head)
		s.wantRead(ctx, l, everything, head, nil)
		s.wantTail(ctx, l, head, nil)
	}
	more := s.keep(ctx, s.open(), notes(3, "a", "b")...)
	if more[0].ID.Compare(head) <= 0 {
		s.Errorf("appended %s to a log that had %s", more[0].ID, head)
	}
	s.wantRead(ctx, s.log, everything, head, more)
	s.wantTail(ctx, s.log, head, more)
}

// tailOvertaken truncates beneath a tail that is not read.
func tailOvertaken(ctx context.Context, s *subject) {
	next, stop := iter.Pull2(s.log.Tail(ctx, tidings.ID{}))
	defer stop()
	var r run
	s.must(r.pull(next))
	all := s.keep(ctx, s.log, notes(300, "a", "b")...)
	left := s.discard(ctx, all, all[250].ID)
	var err error
	for err == nil && r.through.Compare(last(all).ID) < 0 {
		err = r.pull(next)
	}
	if err != nil && !final(err) {
		err = refused(s.log.Tail(ctx, r.through))
	}
	if err != nil && !errors.Is(err, tidings.ErrTruncated) {
		s.Errorf("Tail overtaken by the floor: got %v, want a *TruncatedError", err)
	}
	events := slices.Concat(all, filter(left.rest, everything, last(all).ID))
	s.report("Tail overtaken by the floor", same(r.events, events[:min(len(r.events), len(events))]))
}

func keyOutlives(ctx context.Context, s *subject) {
	e := withKey(note("a", 0), "k")
	all := s.keep(ctx, s.log, e)
	all = append(all, s.keep(ctx, s.log, notes(20, "a", "b")...)...)
	s.discard(ctx, all, all[10].ID)
	s.wantReceipts(ctx, s.open(), []tidings.Event{e}, duplicate(all[0].ID))
}
