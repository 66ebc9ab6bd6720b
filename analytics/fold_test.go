package analytics_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
)

// start is second 0 of the tests of Fold.
const start = 1_800_000_000

// stamp returns the position of an event that was stamped so many seconds after
// start.
func stamp(seconds float64) tidings.ID { return tidings.NewID(now(seconds), 1) }

// event returns an event of an owner.
func event(seconds float64, owner, data string) *tidings.Event {
	return &tidings.Event{ID: stamp(seconds), User: owner, Channel: tidings.Analytics, Data: []byte(data)}
}

// now returns so many seconds after start.
func now(seconds float64) time.Time {
	return time.Unix(start, int64(seconds*1e9)).UTC()
}

// figures shows stats: sessions, users, requests, views, requests of bots.
func figures(s analytics.RealTimeStats) string {
	return fmt.Sprintf("%d %d %d %d %d", s.ActiveSessions, s.ActiveUsers, s.RequestsPerMinute, s.PageViewsLast5m, s.BotRequestsLast5m)
}

// Payloads of a session a.
const (
	started  = `{"type":"SESSION_STARTED","session_id":"a"}`
	bot      = `{"type":"SESSION_STARTED","session_id":"a","is_bot":true}`
	human    = `{"type":"SESSION_STARTED","session_id":"a","is_bot":null}`
	ended    = `{"type":"SESSION_ENDED","session_id":"a"}`
	view     = `{"type":"PAGE_VIEW","session_id":"a","page_url":"/"}`
	viewBy   = `{"type":"PAGE_VIEW","session_id":"a","user_id":"u","page_url":"/"}`
	engaged  = `{"type":"ENGAGEMENT_UPDATE","session_id":"a","page_url":"/"}`
	bView    = `{"type":"PAGE_VIEW","session_id":"b","page_url":"/"}`
	bViewBy  = `{"type":"PAGE_VIEW","session_id":"b","user_id":"u","page_url":"/"}`
	bViewByO = `{"type":"PAGE_VIEW","session_id":"b","user_id":"o","page_url":"/"}`
)

func TestWhatCounts(t *testing.T) {
	type step struct {
		at   float64
		data string
	}
	for _, tt := range []struct {
		name  string
		steps []step
		at    float64
		want  string
	}{
		{"nothing", nil, 0, "0 0 0 0 0"},
		{"each kind of request", []step{{0, started}, {1, view}, {2, engaged}}, 2, "1 1 3 1 0"},
		{"the end of a session", []step{{0, view}, {1, ended}}, 1, "0 0 1 1 0"},
		{"the end of another", []step{{0, bView}, {1, ended}}, 1, "1 1 1 1 0"},
		{"a request after the end begins another", []step{{0, bot}, {1, ended}, {2, view}}, 2, "1 1 2 1 1"},
		{"the last moment of a session", []step{{0, view}}, 299.999, "1 1 0 1 0"},
		{"silence", []step{{0.999, view}}, 300, "0 0 0 0 0"},
		{"silence is broken", []step{{0, view}, {200, engaged}}, 450, "1 1 0 0 0"},
		{"the minute has 60 seconds", []step{{0.9, view}, {1, view}, {59.9, view}, {60, view}}, 60.5, "1 1 3 4 0"},
		{"the five minutes have 300", []step{{0.9, bot}, {1, view}, {300, view}}, 300.5, "1 1 1 2 2"},
		{"five minutes later", []step{{0, bot}, {0, view}}, 300, "0 0 0 0 0"},
		{"a bot", []step{{0, bot}, {1, view}, {2, engaged}, {3, bView}}, 3, "2 1 4 2 3"},
		{"what a bot did before it said so", []step{{0, view}, {1, bot}}, 1, "1 1 2 1 1"},
		{"no longer a bot", []step{{0, bot}, {1, human}, {2, view}}, 2, "1 1 3 1 1"},
		{"silence ends a bot", []step{{0, bot}, {300, view}}, 300, "1 1 1 1 0"},
		{"two sessions of the owner", []step{{0, view}, {0, bView}}, 0, "2 1 2 2 0"},
		{"a user and the owner", []step{{0, viewBy}, {0, bView}}, 0, "2 2 2 2 0"},
		{"two sessions of a user", []step{{0, viewBy}, {0, bViewBy}}, 0, "2 1 2 2 0"},
		{"a user stays until another is given", []step{{0, viewBy}, {1, view}, {1, bViewBy}}, 1, "2 1 3 3 0"},
		{"the owner as a user", []step{{0, view}, {0, bViewByO}}, 0, "2 1 2 2 0"},
		{"a user leaves with the session", []step{{0, viewBy}, {0, ended}, {0, bView}}, 0, "1 1 2 2 0"},
		{"silence ends a user", []step{{0, viewBy}, {300, view}, {300, bView}}, 300, "2 1 2 2 0"},
		{"a request without a session", []step{{0, `{"type":"PAGE_VIEW"}`}}, 0, "0 0 1 1 0"},
		{"the end of no session", []step{{0, `{"type":"SESSION_ENDED"}`}}, 0, "0 0 0 0 0"},
		{"null is nothing", []step{{0, `{"type":"PAGE_VIEW","session_id":null,"user_id":null}`}}, 0, "0 0 1 1 0"},
		{"an earlier stamp behind a later", []step{{1, view}, {0.999, view}}, 1, "1 1 2 2 0"},
		{"before the newest event", []step{{0, view}, {100, viewBy}}, 50, "1 1 1 1 0"},
		{"before all events", []step{{100, view}}, 0, "1 1 0 0 0"},
	} {
		fold := analytics.NewFold(nil)
		for _, s := range tt.steps {
			fold.Apply(event(s.at, "o", s.data))
		}
		of, all := figures(fold.Of("o", now(tt.at))), figures(fold.Everyone(now(tt.at)))
		if of != tt.want || all != tt.want {
			t.Errorf("%s: got %s of the owner, %s of everyone, want %s", tt.name, of, all, tt.want)
		}
	}
}

func TestWhatCountsNothing(t *testing.T) {
	long := strings.Repeat("x", 257)
	unpublished := event(0, "o", view)
	unpublished.ID = tidings.ID{}
	other := event(0, "o", view)
	other.Channel = tidings.System
	said := event(0, "o", view)
	said.Type = analytics.TypeHeartbeat
	for _, e := range []*tidings.Event{
		event(0, "o", `{"type":"REAL_TIME_STATS","session_id":"a","active_sessions":7}`),
		event(0, "o", `{"type":"HEARTBEAT","session_id":"a"}`),
		event(0, "o", `{"type":"page_view","session_id":"a"}`),
		event(0, "o", `{"type":"SCROLLED","session_id":"a"}`),
		event(0, "o", `{"session_id":"a"}`),
		event(0, "o", `[`+view+`]`), event(0, "o", `null`), event(0, "o", ``), event(0, "o", `{"type":"PAGE_VIEW"`),
		event(0, "o", `{"type":["PAGE_VIEW"],"session_id":"a"}`),
		event(0, "o", `{"type":"PAGE_VIEW","session_id":5}`),
		event(0, "o", `{"type":"PAGE_VIEW","session_id":"`+long+`"}`),
		event(0, "o", `{"type":"PAGE_VIEW","session_id":"a\n"}`),
		event(0, "o", `{"type":"PAGE_VIEW","session_id":"a","user_id":{}}`),
		event(0, "o", `{"type":"PAGE_VIEW","session_id":"a","user_id":"`+long+`"}`),
		event(0, "o", `{"type":"SESSION_STARTED","session_id":"a","is_bot":"true"}`),
		event(0, "o", `{"type":"SESSION_STARTED","session_id":"a","is_bot":1}`),
		unpublished, other, said,
	} {
		fold := analytics.NewFold(nil)
		fold.Apply(e)
		if owners, _, _, seconds := fold.Kept(); owners+seconds != 0 {
			t.Errorf("%.100s: it is remembered", e.Data)
		}
		if got := figures(fold.Everyone(now(0))); got != "0 0 0 0 0" {
			t.Errorf("%.100s: got %s", e.Data, got)
		}
	}
}

func TestWhatThePublisherSaidOfAnEvent(t *testing.T) {
	fold := analytics.NewFold(nil)
	typed := event(0, "o", `{"type":7,"session_id":"a"}`)
	typed.Type = analytics.TypePageView
	named := event(0, "o", `{"type":"PAGE_VIEW"}`)
	named.Session = "a"
	both := event(0, "o", bView)
	both.Session = "a" // the payload's is b
	for _, e := range []*tidings.Event{typed, named, both} {
		fold.Apply(e)
	}
	if got, want := figures(fold.Of("o", now(0))), "2 1 3 3 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOwnersAreCountedApart(t *testing.T) {
	fold := analytics.NewFold(nil)
	for _, owner := range []string{"", "p", "q"} {
		fold.Apply(event(0, owner, viewBy))
	}
	fold.Apply(event(1, "q", bot))
	fold.Apply(event(1, "p", ended))
	for owner, want := range map[string]string{"": "1 1 1 1 0", "p": "0 0 1 1 0", "q": "1 1 2 1 1", "r": "0 0 0 0 0"} {
		if got := figures(fold.Of(owner, now(1))); got != want {
			t.Errorf("%q: got %s, want %s", owner, got, want)
		}
	}
	if got, want := figures(fold.Everyone(now(1))), "2 2 4 3 1"; got != want {
		t.Errorf("everyone: got %s, want %s", got, want)
	}
}

func TestStatsAreOfTheTimeThatWasAskedFor(t *testing.T) {
	fold := analytics.NewFold(nil)
	if of, all := fold.Of("o", at).Timestamp, fold.Everyone(at).Timestamp; of != at || all != at {
		t.Errorf("got %s and %s, want %s", of, all, at)
	}
}

func TestTheSessionThatWasSilentLongestLeaves(t *testing.T) {
	fold := analytics.NewFold(&analytics.Options{MaxSessions: 2})
	for i, owner := range []string{"p", "q", "p", "r"} { // q is silent longest
		fold.Apply(event(float64(i), owner, bot))
	}
	for owner, want := range map[string]string{"p": "1 1 2 0 2", "q": "0 0 1 0 1", "r": "1 1 1 0 1"} {
		if got := figures(fold.Of(owner, now(3))); got != want {
			t.Errorf("%s: got %s, want %s", owner, got, want)
		}
	}
	if _, sessions, people, _ := fold.Kept(); sessions != 2 || people != 2 {
		t.Errorf("remembers %d sessions and %d people, want 2", sessions, people)
	}
	if fold.Apply(event(4, "q", view)); figures(fold.Of("q", now(4))) != "1 1 2 1 1" {
		t.Errorf("who left and goes on is as new: got %s", figures(fold.Of("q", now(4))))
	}
}

func TestClocksMayGoBackByAMinute(t *testing.T) {
	fold := analytics.NewFold(nil)
	fold.Apply(event(0, "o", bot))
	fold.Apply(event(0, "o", view))
	for _, tt := range []struct {
		at   float64
		want string
	}{{359, "0 0 0 0 0"}, {299, "1 1 0 1 2"}, {300, "0 0 0 0 0"}, {0, "1 1 2 1 2"}} {
		if of, all := figures(fold.Of("o", now(tt.at))), figures(fold.Everyone(now(tt.at))); of != tt.want || all != tt.want {
			t.Errorf("at %v: got %s of the owner, %s of everyone, want %s", tt.at, of, all, tt.want)
		}
	}
	fold.Apply(event(299, "o", view)) // goes on, though asked for later it was over
	if got, want := figures(fold.Of("o", now(299))), "1 1 1 2 3"; got != want {
		t.Errorf("a late event: got %s, want %s", got, want)
	}
	fold.Everyone(now(299 + 360))
	if owners, sessions, people, seconds := fold.Kept(); owners+sessions+people+seconds != 0 {
		t.Errorf("remembers %d owners, %d sessions, %d people, %d seconds", owners, sessions, people, seconds)
	}
}

func TestAPartOfASecondCountsAsAWholeOne(t *testing.T) {
	fold := analytics.NewFold(&analytics.Options{ActiveFor: 1500 * time.Millisecond})
	fold.Apply(event(0.9, "o", view))
	if got, want := figures(fold.Of("o", now(1.9)))+", "+figures(fold.Of("o", now(2))), "1 1 1 1 0, 0 0 1 1 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNoTimeIsTooEarlyOrTooLate(t *testing.T) {
	const early, late = "1 1 0 0 0", "0 0 0 0 0"
	for _, activeFor := range []time.Duration{1, time.Hour, math.MaxInt64} {
		for when, want := range map[time.Time]string{
			{}: early, time.Unix(0, 0): early, time.Unix(-1, 0): early, time.Unix(math.MinInt64, 0): early,
			time.Unix(math.MaxInt64, 0): late, time.Unix(math.MaxInt64/2, 0): late,
		} {
			fold := analytics.NewFold(&analytics.Options{ActiveFor: activeFor})
			fold.Apply(event(0, "o", view))
			if of, all := figures(fold.Of("o", when)), figures(fold.Everyone(when)); of != want || all != want {
				t.Errorf("active for %s, %s: got %s of the owner, %s of everyone, want %s", activeFor, when, of, all, want)
			}
			if owners, _, _, _ := fold.Kept(); (owners == 0) != (want == late) {
				t.Errorf("active for %s, %s: remembers %d owners", activeFor, when, owners)
			}
			fold.Apply(event(0, "o", view))
			if got := figures(fold.Of("o", now(0)))[:4]; got != "1 1 " {
				t.Errorf("active for %s, %s, then: got %s", activeFor, when, got)
			}
		}
	}
}

func TestEverythingIsForgotten(t *testing.T) {
	fill := func(o *analytics.Options) *analytics.Fold {
		fold := analytics.NewFold(o)
		for i := range 5000 {
			fold.Apply(event(float64(i)/50, fmt.Sprint("o", i%900), fmt.Sprintf(`{"type":"PAGE_VIEW","session_id":"s%d","user_id":"u%d"}`, i, i%1000)))
		}
		return fold
	}
	for _, tt := range []struct {
		name string
		o    *analytics.Options
		last func(*analytics.Fold)
		want string
	}{
		{"asked for an owner", nil, func(f *analytics.Fold) { f.Of("o1", now(500)) }, "0 0 0 0"},
		{"asked for everyone", nil, func(f *analytics.Fold) { f.Everyone(now(500)) }, "0 0 0 0"},
		{"a later event", nil, func(f *analytics.Fold) { f.Apply(event(500, "o", view)) }, "1 1 1 2"},
		{"windows are longer", &analytics.Options{ActiveFor: time.Minute}, func(f *analytics.Fold) { f.Everyone(now(230)) }, "900 0 0 5100"},
		{"sessions are longer", &analytics.Options{ActiveFor: time.Hour}, func(f *analytics.Fold) { f.Everyone(now(500)) }, "900 5000 5000 0"},
		{"sessions are over too", &analytics.Options{ActiveFor: time.Hour}, func(f *analytics.Fold) { f.Everyone(now(4000)) }, "0 0 0 0"},
	} {
		fold := fill(tt.o)
		tt.last(fold)
		owners, sessions, people, seconds := fold.Kept()
		if got := fmt.Sprintf("%d %d %d %d", owners, sessions, people, seconds); got != tt.want {
			t.Errorf("%s: remembers %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestMemoryReturnsToNothing(t *testing.T) {
	before := heap()
	fold := analytics.NewFold(nil)
	for i := range 50_000 {
		fold.Apply(event(float64(i)/1000, fmt.Sprint("o", i%5000), fmt.Sprintf(`{"type":"PAGE_VIEW","session_id":"s%d","user_id":"u%d"}`, i, i)))
	}
	full := heap() - before
	fold.Everyone(now(1000))
	if left := heap() - before; full < 10<<20 || left > full/50 {
		t.Errorf("of %d bytes %d are left", full, left)
	}
	runtime.KeepAlive(fold)
}

// heap returns how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAnOwnerWhoIsAlwaysThereHoldsNoMoreThanTheWindow(t *testing.T) {
	fold := analytics.NewFold(nil)
	for i := range 3000 {
		fold.Apply(event(float64(i), "o", view))
	}
	if owners, sessions, people, seconds := fold.Kept(); owners != 1 || sessions != 1 || people != 1 || seconds != 2*360 {
		t.Errorf("remembers %d owners, %d sessions, %d people, %d seconds", owners, sessions, people, seconds)
	}
	if got, want := figures(fold.Of("o", now(2999))), "1 1 60 300 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFoldKeepsNoPartOfAnEvent(t *testing.T) {
	fold := analytics.NewFold(nil)
	e := event(0, "o", viewBy)
	fold.Apply(e)
	clear(e.Data)
	fold.Apply(event(1, "o", bViewBy))
	if got, want := figures(fold.Of("o", now(1))), "2 1 2 2 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
