package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// tenASecond lets a subject publish 10 events a second, and 20 at once.
var tenASecond = httpapi.Limits{EventsPerSecond: 10, EventsBurst: 20}

// batch is the body of n events.
func batch(n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`{"channel":"system","data":1},`, n), ",") + "]"
}

// withRate runs a test in a bubble, with a server that anybody may publish to.
func withRate(t *testing.T, limits httpapi.Limits, authenticate func(*http.Request) (httpapi.Access, error), test func(a *api)) {
	synctest.Test(t, func(t *testing.T) {
		test(serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{Limits: limits, Authenticate: authenticate}, nil))
	})
}

func TestEventsASecond(t *testing.T) {
	withRate(t, tenASecond, nil, func(a *api) {
		published := func() (n int) {
			for range 50 {
				switch got := a.post("/v1/publish/system?user=alice", `{}`); got.status {
				case 200:
					n++
				default:
					got.is(t, 429, wire.TooManyEvents)
					if after := got.header.Get("Retry-After"); after != "1" {
						t.Errorf("Retry-After is %s", after)
					}
				}
			}
			return n
		}
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{0, 20}, {0, 0}, {time.Second, 10}, {100 * time.Millisecond, 1}, {time.Hour, 20}} {
			time.Sleep(step.wait)
			if got := published(); got != step.want {
				t.Errorf("after %v %d were published, want %d", step.wait, got, step.want)
			}
		}
		if n := a.hub.Stats().Published; n != 51 {
			t.Errorf("%d events were kept, want 51", n)
		}
		a.expectUsage("events_per_second", `{"limit":10,"refused":199}`)
	})
}

func TestABatchCountsAsItsEvents(t *testing.T) {
	withRate(t, tenASecond, nil, func(a *api) {
		a.post("/v1/events?user=alice", batch(21)).is(t, 413, wire.TooLarge)
		a.post("/v1/events?user=alice", batch(15)).ok(t)
		refused := a.post("/v1/events?user=alice", batch(10))
		if refused.is(t, 429, wire.TooManyEvents); refused.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %s", refused.header.Get("Retry-After"))
		}
		a.post("/v1/events?user=alice", batch(5)).ok(t)
		if got := a.post("/v1/events?user=alice", batch(20)).header.Get("Retry-After"); got != "2" && got != "3" {
			t.Errorf("Retry-After is %s", got)
		}
		a.postLines("/v1/publish/system?user=alice", "1\n2\n").is(t, 429, wire.TooManyEvents)
		time.Sleep(2 * time.Second)
		a.post("/v1/events?user=alice", batch(20)).ok(t)
		if n := a.hub.Stats().Published; n != 40 {
			t.Errorf("%d events were kept, want 40", n)
		}
	})
}

// TestWhoPublishesIsCounted has a subject that publishes for many, and owners who
// publish for themselves.
func TestWhoPublishesIsCounted(t *testing.T) {
	access := func(r *http.Request) (httpapi.Access, error) {
		subject := r.Header.Get("Subject")
		return httpapi.Access{Subject: subject, Owner: r.URL.Query().Get("user"), Publish: func(httpapi.Writing) bool { return true }}, nil
	}
	withRate(t, tenASecond, access, func(a *api) {
		for i := range 20 {
			a.post(fmt.Sprint("/v1/publish/system?user=u", i), `{}`, "Subject: backend").ok(t)
		}
		a.post("/v1/publish/system?user=u0", `{}`, "Subject: backend").is(t, 429, wire.TooManyEvents)
		a.post("/v1/publish/system?user=u0", `{}`, "Subject: other").ok(t)
		a.post("/v1/events?user=u0", batch(20)).ok(t)
		a.post("/v1/events?user=u1", batch(20)).ok(t)
		a.post("/v1/publish/system?user=u0", `{}`).is(t, 429, wire.TooManyEvents)
	})
}

// TestLinesWaitForTheirTime has sixty lines come at once.
func TestLinesWaitForTheirTime(t *testing.T) {
	withRate(t, tenASecond, nil, func(a *api) {
		began := time.Now()
		k := a.talk("/v1/publish/system?user=alice")
		go k.say(strings.Repeat("1\n", 60))
		last := began
		for i := range 60 {
			k.expect(fmt.Sprint(i + 1))
			if time.Since(last) > time.Second+time.Millisecond {
				t.Errorf("the answer of line %d came after %v", i, time.Since(last))
			}
			last = time.Now()
		}
		if took := time.Since(began).Round(time.Millisecond); took != 4*time.Second {
			t.Errorf("took %v, want 4s: 20 at once, and 40 more", took)
		}
		a.expectUsage("events_per_second", `{"limit":10,"refused":0}`)
		k.vanish()
	})
}

// TestLinesThatWaitEndWithTheirRequest has a request end while its lines wait.
func TestLinesThatWaitEndWithTheirRequest(t *testing.T) {
	revoked := make(chan struct{})
	access := func(r *http.Request) (httpapi.Access, error) {
		return httpapi.Access{Subject: "s", Owner: "alice", Revoked: revoked}, nil
	}
	slow := httpapi.Limits{EventsPerSecond: 0.01, EventsBurst: 2}
	synctest.Test(t, func(t *testing.T) {
		revoked = make(chan struct{})
		hub := newHub(t, nil, nil)
		a := serveInMemory(t, hub, &httpapi.Options{Limits: slow, Authenticate: access}, nil)
		k := a.talk("/v1/publish/system")
		go k.say("1\n2\n3\n4\n")
		k.expect("1", "2")
		synctest.Wait()
		ended := time.Now()
		close(revoked)
		k.expect("0 unauthorized: the access was revoked", "end")
		if took := time.Since(ended); took > 3*time.Second { // two of which a client has to go
			t.Errorf("the end took %v", took)
		}
		if n := hub.Stats().Published; n != 2 {
			t.Errorf("%d events were kept, want 2", n)
		}
		k.vanish()
	})
}

func TestRatesOfIdleSubjectsAreForgotten(t *testing.T) {
	withRate(t, tenASecond, nil, func(a *api) {
		for i := range 100 {
			a.post(fmt.Sprint("/v1/publish/system?user=u", i), `{}`).ok(t)
		}
		if n := a.h.KnownRates(); n != 100 {
			t.Errorf("the rate of %d is known", n)
		}
		a.post("/v1/events?user=busy", batch(20)).ok(t)
		for range 12 { // longer than anybody is remembered
			time.Sleep(500 * time.Millisecond)
			a.post("/v1/events?user=busy", batch(5)).ok(t)
			a.post("/v1/events?user=busy", batch(1)).is(t, 429, wire.TooManyEvents)
		}
		if n := a.h.KnownRates(); n != 1 {
			t.Errorf("the rate of %d is known, want that of one", n)
		}
		time.Sleep(10 * time.Second)
		if n := a.h.KnownRates(); n != 0 {
			t.Errorf("the rate of %d is known", n)
		}
		a.post("/v1/events?user=busy", batch(20)).ok(t)
		a.post("/v1/events?user=busy", batch(1)).is(t, 429, wire.TooManyEvents)
	})
}

// TestARateIsNotForgottenBeforeItIsFull has one that published all it may at every
// moment of what is remembered.
func TestARateIsNotForgottenBeforeItIsFull(t *testing.T) {
	for after := time.Duration(0); after < 8*time.Second; after += 100 * time.Millisecond {
		withRate(t, tenASecond, nil, func(a *api) {
			a.post("/v1/events?user=other", batch(1)).ok(t)
			time.Sleep(after)
			a.post("/v1/events?user=alice", batch(20)).ok(t)
			time.Sleep(1900 * time.Millisecond)
			a.post("/v1/events?user=alice", batch(20)).is(t, 429, wire.TooManyEvents)
		})
	}
}
