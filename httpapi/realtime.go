package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/sse"
)

// A stream of analytics carries, at an interval and in frames without an id,
// what is going on for its owner, and the feed of everyone what is going on for
// all. That is no event of the log: nobody resumes after it.

// analyticsStream is the stream of an owner's analytics events.
const analyticsStream = "analytics"

// A realtime is the figures on one stream.
type realtime struct {
	of     func(context.Context) (analytics.RealTimeStats, error)
	feed   bool
	last   *analytics.RealTimeStats // that was sent, but for the time; nil before the first
	ticker *time.Ticker
}

// newRealtime returns the figures that a stream carries, or nil if it has none:
// those narrowed to sessions or other types have none, and neither has an
// owner's part of the feed.
func (d *delivery) newRealtime() *realtime {
	sel, tracker, every := &d.asked.sel, d.h.stats, d.h.opts.StatsInterval
	wanted := len(sel.Types) == 0 || slices.Contains(sel.Types, analytics.TypeRealTimeStats)
	if every < 0 || !wanted || len(sel.Sessions) > 0 {
		return nil
	}
	switch {
	case sel.Everyone:
		return &realtime{of: tracker.Everyone, feed: true, last: new(analytics.RealTimeStats), ticker: time.NewTicker(every)}
	case d.asked.name == analyticsStream:
		of := func(ctx context.Context) (analytics.RealTimeStats, error) { return tracker.Of(ctx, sel.User) }
		return &realtime{of: of, ticker: time.NewTicker(every)}
	}
	return nil
}

// due yields when it is time to send figures; never, if there are none.
func (r *realtime) due() <-chan time.Time {
	if r == nil {
		return nil
	}
	return r.ticker.C
}

// stop lets go of the ticker.
func (r *realtime) stop() {
	if r != nil {
		r.ticker.Stop()
	}
}

// figures sends the figures if they have changed, to the feed not before there
// is something to tell. While the log cannot be read there are none.
func (d *delivery) figures(ctx context.Context) error {
	s, err := d.realtime.of(ctx)
	if err != nil {
		return ctx.Err()
	}
	plain := s
	plain.Timestamp = time.Time{}
	if last := d.realtime.last; last != nil && *last == plain {
		return nil
	}
	d.realtime.last = &plain
	b, err := d.appendFigures(nil, &s)
	if err != nil {
		return err
	}
	return d.write(b)
}

// appendFigures appends the frame of figures.
func (d *delivery) appendFigures(b []byte, s *analytics.RealTimeStats) ([]byte, error) {
	data, err := s.AppendJSON(nil)
	if err != nil {
		return b, err
	}
	name := ""
	if _, named := d.asked.format.(namedFormat); named {
		name = s.EventType()
	}
	if d.realtime.feed {
		data = appendFiguresRecord(s.Timestamp, s.EventType(), data)
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
