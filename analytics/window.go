package analytics

import "slices"

// The windows, in seconds.
const (
	minute      = 60
	fiveMinutes = 300
)

// grace is for how long, in seconds, what no window needs is kept, so that a
// clock may go back by so much and nothing be missing.
const grace = 60

// A window counts requests by the second, where there were any: the oldest
// first.
type window []bucket

// A bucket is one second of a window.
type bucket struct {
	second                int64 // since 1970
	requests, views, bots uint32
}

// add counts one request.
func (w *window) add(second int64, view, bot bool) {
	w.trim(second)
	b := w.bucket(second)
	b.requests++
	if view {
		b.views++
	}
	if bot {
		b.bots++
	}
}

// subtract takes away what another window, of some of the same requests, has.
func (w *window) subtract(some window) {
	for _, b := range some {
		i := slices.IndexFunc(*w, func(all bucket) bool { return all.second == b.second })
		if i < 0 {
			continue // trimmed
		}
		all := &(*w)[i]
		all.requests -= b.requests
		all.views -= b.views
		all.bots -= b.bots
	}
	*w = slices.DeleteFunc(*w, func(b bucket) bool { return b.requests == 0 })
}

// bucket returns that of a second, making it if need be. It is looked for from
// the end.
func (w *window) bucket(second int64) *bucket {
	i := len(*w)
	for i > 0 && (*w)[i-1].second > second {
		i--
	}
	if i > 0 && (*w)[i-1].second == second {
		return &(*w)[i-1]
	}
	*w = slices.Insert(*w, i, bucket{second: second})
	return &(*w)[i]
}

// trim discards what no window needs that ends after second, less the grace. It
// moves nothing: the rest moves when it next has to grow.
func (w *window) trim(second int64) {
	n := 0
	for n < len(*w) && (*w)[n].second <= second-fiveMinutes-grace {
		n++
	}
	if *w = (*w)[n:]; len(*w) == 0 {
		*w = nil
	}
}

// tell fills in the figures of the windows that end with a second.
func (w window) tell(stats *RealTimeStats, now int64) {
	for _, b := range slices.Backward(w) {
		if b.second <= now-fiveMinutes {
			return
		}
		if b.second > now {
			continue
		}
		stats.PageViewsLast5m += int64(b.views)
		stats.BotRequestsLast5m += int64(b.bots)
		if b.second > now-minute {
			stats.RequestsPerMinute += int64(b.requests)
		}
	}
}
