package tidingstest

import (
	"context"
	"math"
	"time"

	"github.com/tidings-dev/tidings"
)

var readFacts = []fact{
	{"BoundsOfAnEmptyLogAreItsCreation", emptyBounds},
	{"BoundsFollowTheHead", boundsFollow},
	{"ReadYieldsWhatIsSelected", readSelects},
	{"ReadContinuesAfterAnyPosition", readContinues},
	{"ReadMovesPastEventsThatWereNotSelected", readQuiet},
	{"ReadYieldsWhatWasAcknowledgedBefore", readYourWrites},
}

var foreignFacts = []fact{
	{"PositionsOfAnotherLogAreRefused", foreignRefused},
}

func emptyBounds(ctx context.Context, s *subject) {
	floor, head, err := s.log.Bounds(ctx)
	s.must(err)
	if floor != head || floor.IsZero() || floor.Seq() != 0 {
		s.Fatalf("Bounds: %s and %s, want <creation>-0 twice", position(floor), position(head))
	}
	for _, l := range []tidings.Log{s.log, s.open()} {
		if other := s.wantHead(ctx, l, head); other != floor {
			s.Errorf("Bounds: floor %s, by another log over the backend %s", floor, other)
		}
		for _, after := range []tidings.ID{{}, floor} {
			if r := s.wantRead(ctx, l, everything, after, nil); r.through != head {
				s.Errorf("Read of an empty log ends at %s, want %s", position(r.through), head)
			}
		}
	}
}

func boundsFollow(ctx context.Context, s *subject) {
	logs := []tidings.Log{s.log, s.open()}
	creation, _, err := s.log.Bounds(ctx)
	s.must(err)
	for n := range 10 {
		kept := s.keep(ctx, logs[n%2], notes(n+1, "a", "b")...)
		for _, l := range logs {
			if floor := s.wantHead(ctx, l, last(kept).ID); floor != creation {
				s.Errorf("Bounds: floor %s, want %s while nothing was discarded", floor, creation)
			}
		}
	}
}

// mixture appends an event of every kind.
func (s *subject) mixture(ctx context.Context) []tidings.Event {
	s.Helper()
	var events []tidings.Event
	for _, user := range []string{"a", "b", ""} {
		for _, channel := range []tidings.Channel{tidings.System, tidings.AGUI, "notes", "tidings.control"} {
			for _, session := range []string{"", "s", "t"} {
				for _, kind := range []string{"x", ""} {
					events = append(events, tidings.Event{
						User: user, Channel: channel, Session: session, Type: kind, Data: []byte("{}"),
					})
				}
			}
		}
	}
	return s.keep(ctx, s.log, events...)
}

func readSelects(ctx context.Context, s *subject) {
	all, l := s.mixture(ctx), s.open()
	for _, sel := range []tidings.Selector{
		everything, {}, {User: "a"}, {User: "b"}, {User: "nobody"}, {Everyone: true}, {Everyone: true, User: "a"},
		{User: "a", Channels: []tidings.Channel{tidings.AGUI}},
		{User: "a", Channels: []tidings.Channel{"notes", tidings.System}},
		{User: "a", Channels: []tidings.Channel{"tidings.control"}},
		{User: "a", Channels: []tidings.Channel{"not"}},
		{Everyone: true, Channels: []tidings.Channel{"tidings.control", tidings.AGUI}},
		{User: "a", Sessions: []string{"s"}}, {User: "b", Sessions: []string{"t", ""}}, {Everyone: true, Sessions: []string{"t"}},
		{User: "a", Types: []string{"x"}}, {User: "a", Types: []string{"", "y"}}, {Everyone: true, Types: []string{"x", ""}},
		{User: "b", Channels: []tidings.Channel{tidings.AGUI}, Sessions: []string{"s"}, Types: []string{"x"}},
	} {
		s.wantRead(ctx, l, sel, tidings.ID{}, filter(all, sel, tidings.ID{}))
		middle := all[len(all)/3].ID
		s.wantRead(ctx, l, sel, middle, filter(all, sel, middle))
	}
}

func readContinues(ctx context.Context, s *subject) {
	creation, _, err := s.log.Bounds(ctx)
	s.must(err)
	var all []tidings.Event
	for range 5 {
		all = append(all, s.keep(ctx, s.log, notes(61, "a", "b", "c")...)...)
	}
	l := s.open()
	for _, sel := range []tidings.Selector{everything, {User: "b"}} {
		first := s.wantRead(ctx, l, sel, tidings.ID{}, filter(all, sel, tidings.ID{}))
		for _, after := range append(sample(all), append(thin(first.throughs), creation)...) {
			s.wantRead(ctx, l, sel, after, filter(all, sel, after))
		}
	}
}

// sample returns the positions of some events: the first and last few, and a
// few between.
func sample(events []tidings.Event) []tidings.ID {
	ids := make([]tidings.ID, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return thin(ids)
}

// thin returns about ten of the positions.
func thin(ids []tidings.ID) []tidings.ID {
	var some []tidings.ID
	for i, id := range ids {
		if i < 3 || i >= len(ids)-3 || i%(len(ids)/4) == 0 {
			some = append(some, id)
		}
	}
	return some
}

func readQuiet(ctx context.Context, s *subject) {
	quiet, l := tidings.Selector{User: "quiet"}, s.open()
	s.keep(ctx, s.log, note("quiet", 0))
	for n := range 4 {
		busy := s.keep(ctx, s.log, notes(100, "busy", "other")...)
		first := s.wantRead(ctx, l, quiet, busy[0].ID, nil)
		if first.through != last(busy).ID {
			s.Errorf("Read of a quiet owner ends at %s, want the head %s", first.through, last(busy).ID)
		}
		own := s.keep(ctx, s.log, note("quiet", n))
		s.wantRead(ctx, l, quiet, first.through, own)
	}
}

func readYourWrites(ctx context.Context, s *subject) {
	logs := []tidings.Log{s.log, s.open(), s.open()}
	var at tidings.ID
	for n := range 30 {
		kept := s.keep(ctx, logs[n%3], note("a", n))
		for _, l := range logs {
			s.wantRead(ctx, l, tidings.Selector{User: "a"}, at, kept)
		}
		at = kept[0].ID
	}
}

func foreignRefused(ctx context.Context, s *subject) {
	creation, _, err := s.log.Bounds(ctx)
	s.must(err)
	all := s.keep(ctx, s.log, notes(5, "a", "b")...)
	far := last(all).ID
	positions := []tidings.ID{
		tidings.NewID(far.Time(), far.Seq()+1), tidings.NewID(far.Time().Add(time.Hour), far.Seq()+1000),
		tidings.NewID(far.Time(), math.MaxInt64+1), tidings.NewID(far.Time(), math.MaxUint64),
	}
	for _, id := range append(sample(all), creation) {
		for _, d := range []time.Duration{1, -1, time.Microsecond, time.Second, -time.Hour} {
			positions = append(positions, tidings.NewID(id.Time().Add(d), id.Seq()))
		}
	}
	other := s.another()
	stranger, _, err := other.log.Bounds(ctx)
	s.must(err)
	positions = append(positions, stranger)
	positions = append(positions, sample(other.keep(ctx, other.log, notes(5, "a", "b")...))...)
	s.wantForeign(ctx, s.open(), positions...)
}

// wantForeign reports Reads and Tails that accept any of the positions.
func (s *subject) wantForeign(ctx context.Context, l tidings.Log, positions ...tidings.ID) {
	s.Helper()
	for _, id := range positions {
		for _, sel := range []tidings.Selector{everything, {User: "a"}, {User: "nobody"}} {
			s.report("Read of "+selection(sel)+" after the foreign "+id.String(), foreign(l.Read(ctx, sel, id)))
		}
		s.report("Tail after the foreign "+id.String(), foreign(l.Tail(ctx, id)))
	}
}
