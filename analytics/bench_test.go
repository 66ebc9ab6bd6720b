package analytics_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
)

// pageView is a PAGE_VIEW with ids of the usual length.
const pageView = `{"type":"PAGE_VIEW","timestamp":"2026-11-20T22:07:43.452Z","session_id":"019c336b-ed8c-7781-bf2c-3eee%08d",` +
	`"user_id":"b3c73564-28a4-4a59-b3f4-6ca6%08d","page_url":"https://example.com/articles/how-to-follow","referrer":"https://example.com/"}`

// crowd returns a Fold in which so many sessions of 10,000 owners were active
// within so many seconds, and their events.
func crowd(sessions int, within float64) (*analytics.Fold, []*tidings.Event) {
	fold := analytics.NewFold(nil)
	events := make([]*tidings.Event, sessions)
	for i := range events {
		events[i] = event(float64(i)*within/float64(sessions), fmt.Sprintf("owner-%d", i%10_000), fmt.Sprintf(pageView, i, i))
		fold.Apply(events[i])
	}
	return fold, events
}

// What each analytics event costs whoever keeps the stats, at a thousand events
// a second. With many sessions it is mostly memory that no cache holds: the
// event's, which would be new, among it.
func BenchmarkApply(b *testing.B) {
	for _, sessions := range []int{1, 1_000, 200_000} {
		b.Run(fmt.Sprintf("sessions=%d", sessions), func(b *testing.B) {
			fold, events := crowd(sessions, 200)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e := events[i%sessions]
				e.ID = tidings.NewID(time.Unix(start+200, int64(i)*int64(time.Millisecond)), 1)
				fold.Apply(e)
			}
		})
	}
}

// What it costs to ask, with 200,000 active sessions.
func BenchmarkStats(b *testing.B) {
	fold, _ := crowd(200_000, 200)
	b.Run("of", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fold.Of("owner-7", now(200))
		}
	})
	b.Run("everyone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fold.Everyone(now(200))
		}
	})
}

// What it costs to ask when 200,000 sessions have ended by silence, which happens
// once to each, and when the clock then goes back and they have not.
func BenchmarkSilence(b *testing.B) {
	fold, _ := crowd(200_000, 50)
	b.ReportAllocs()
	for b.Loop() {
		fold.Everyone(now(350))
		fold.Everyone(now(299))
	}
}

// What it costs to write and to read an event.
func BenchmarkCodec(b *testing.B) {
	data := fmt.Appendf(nil, pageView, 1, 1)
	e, err := analytics.Decode(data)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("append", func(b *testing.B) {
		buf := make([]byte, 0, 512)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.AppendJSON(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := analytics.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peek", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := analytics.Peek(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
