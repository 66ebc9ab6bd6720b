package tidingstest

import (
	"context"
	"strings"

	"github.com/tidings-dev/tidings"
)

var recallFacts = []fact{
	{"RecentIsAsManyBytesAsAskedFor", recentBytes},
	{"RecentIsAPositionOfAnEmptyLog", recentOfNothing},
}

// recent asks what is recent, and returns the events that follow.
func (s *subject) recent(ctx context.Context, l tidings.Log, bytes int64) []tidings.Event {
	s.Helper()
	at, err := l.(tidings.Recaller).Recent(ctx, bytes)
	s.must(err)
	r, err := read(ctx, l, everything, at)
	s.must(err)
	s.wantTail(ctx, l, at, r.events)
	return r.events
}

func recentBytes(ctx context.Context, s *subject) {
	var all []tidings.Event
	for _, size := range []int{1, 4000} { // who counts events is wrong about either
		for _, e := range notes(200, "a", "b") {
			e.Data = []byte(`"` + strings.Repeat("x", size) + `"`)
			all = append(all, e)
		}
	}
	all = append(s.keep(ctx, s.log, all[:200]...), s.keep(ctx, s.log, all[200:]...)...)
	for _, l := range []tidings.Log{s.log, s.open()} {
		for _, bytes := range []int64{50_000, 400_000, 900_000} {
			if got := weight(s.recent(ctx, l, bytes)); got < bytes/2 || got > bytes*3/2 {
				s.Errorf("Recent(%d): the events that follow take %d bytes", bytes, got)
			}
		}
		s.report("the events that follow Recent of more than there is", same(s.recent(ctx, l, 10*weight(all)), all))
	}
}

// weight returns how many bytes the events take, as a Recaller counts.
func weight(events []tidings.Event) (n int64) {
	for i := range events {
		e := &events[i]
		n += int64(tidings.RecallCost + len(e.Data) + len(e.Key) + len(e.Type) + len(e.Trace))
	}
	return n
}

func recentOfNothing(ctx context.Context, s *subject) {
	floor, _, err := s.log.Bounds(ctx)
	s.must(err)
	at, err := s.log.(tidings.Recaller).Recent(ctx, 1<<20)
	s.must(err)
	if at != floor {
		s.Errorf("Recent of an empty log is %s, want its creation %s", position(at), floor)
	}
}
