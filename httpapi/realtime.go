package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/internal/delivery"
	"github.com/tidings-dev/tidings/sse"
)

// A stream of analytics carries, at an interval and in frames without an id,
// what is going on for its owner, and the feed of everyone what is going on for
// all. That is no event of the log: nobody resumes after it.

// analyticsStream is the stream of an owner's analytics events.
const analyticsStream = "analytics"

// A realtime is the figures on one stream.
type realtime struct {
	of    func(context.Context) (analytics.RealTimeStats, error)
	feed  bool
	last  *analytics.RealTimeStats // that was sent, but for the time; nil before the first
	every time.Duration
	at    time.Time // when they are due next
	isDue bool
}

// newRealtime returns the figures that a stream carries, or nil if it has none:
// those narrowed to sessions or other types have none, and neither has an
// owner's part of the feed.
func (s *stream) newRealtime(now time.Time) *realtime {
	sel, tracker, every := &s.asked.sel, s.h.stats, s.h.opts.StatsInterval
	wanted := len(sel.Types) == 0 || slices.Contains(sel.Types, analytics.TypeRealTimeStats)
	if every < 0 || !wanted || len(sel.Sessions) > 0 {
		return nil
	}
	switch {
	case sel.Everyone:
		return &realtime{of: tracker.Everyone, feed: true, last: new(analytics.RealTimeStats), every: every, at: now.Add(every), isDue: true}
	case s.asked.name == analyticsStream:
		of := func(ctx context.Context) (analytics.RealTimeStats, error) { return tracker.Of(ctx, sel.User) }
		return &realtime{of: of, every: every, at: now.Add(every), isDue: true}
	}
	return nil
}

// due reports whether it is time to send figures. There may be none.
func (r *realtime) due() bool { return r != nil && r.isDue }

// tick notes when it is.
func (r *realtime) tick(now time.Time) {
	if r != nil && !now.Before(r.at) {
		r.isDue = true
		for !now.Before(r.at) {
			r.at = r.at.Add(r.every)
		}
	}
}

// next returns when figures are due next, or the zero time.
func (r *realtime) next() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.at
}

// figures adds the figures if they have changed, to the feed not before there
// is something to tell. While the log cannot be read there are none.
func (s *stream) figures(b *delivery.Buffer) error {
	s.realtime.isDue = false
	ctx, done := s.context(s.ctx)
	defer done()
	now, err := s.realtime.of(ctx)
	if err != nil {
		return ctx.Err()
	}
	plain := now
	plain.Timestamp = time.Time{}
	if last := s.realtime.last; last != nil && *last == plain {
		return nil
	}
	s.realtime.last = &plain
	b.B, err = s.appendFigures(b.B, &now)
	return err
}

// appendFigures appends the frame of figures.
func (s *stream) appendFigures(b []byte, now *analytics.RealTimeStats) ([]byte, error) {
	data, err := now.AppendJSON(nil)
	if err != nil {
		return b, err
	}
	name := ""
	if _, named := s.format.(namedFormat); named {
		name = now.EventType()
	}
	if s.realtime.feed {
		data = appendFiguresRecord(now.Timestamp, now.EventType(), data)
	}
	return sse.AppendEvent(b, sse.Event{Name: name, Data: data})
}

// appendFiguresRecord returns figures as the feed tells an event, as far as
// they are one.
func appendFiguresRecord(at time.Time, eventType string, data []byte) []byte {
	b := append([]byte(`{"channel":"analytics","type":"`), eventType...)
	b = append(b, `","time":"`...)
	b = at.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","data":`...)
	return append(append(b, data...), '}')
}
