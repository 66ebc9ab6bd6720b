package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

func TestDrainSpreadsTheEndsOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, &tidings.Options{MaxConnections: -1}), &httpapi.Options{DrainWindow: time.Minute}, nil)
		const count = 40
		ends, retries := a.drainMany(t, count)
		slices.Sort(ends)
		if ends[0] > 15*time.Second || ends[count-1] < 45*time.Second || ends[count-1] > time.Minute {
			t.Errorf("ends from %v to %v", ends[0], ends[count-1])
		}
		slices.Sort(retries)
		if len(slices.Compact(retries)) < count/2 {
			t.Errorf("clients return together: %v", retries)
		}
	})
}

// drainMany opens streams and drains, and returns when each ended and what
// it told its client last.
func (a *api) drainMany(t *testing.T, count int) (ends []time.Duration, retries []string) {
	var work sync.WaitGroup
	var mu sync.Mutex
	var readers []*reader
	for range count {
		r := a.follow("/v1/stream/agui?user=alice")
		r.expect("at 0")
		readers = append(readers, r)
	}
	began := time.Now()
	for _, r := range readers {
		work.Go(func() {
			text := r.rest()
			mu.Lock()
			defer mu.Unlock()
			ends = append(ends, time.Since(began))
			retries = append(retries, text[strings.LastIndex(text, "retry:"):])
		})
	}
	if err := a.h.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if n := a.hub.Stats().Subscribers; n != 0 {
		t.Errorf("Drain returned before %d streams ended", n)
	}
	work.Wait()
	return ends, retries
}

// rest returns what is left of the stream, as it is.
func (r *reader) rest() string {
	var b strings.Builder
	buffer := make([]byte, 512)
	for {
		n, err := r.res.Body.Read(buffer)
		b.Write(buffer[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestDrainRefusesStreamsAndGoesOnPublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{DrainWindow: time.Hour}, nil)
		a.get("/health/ready").ok(t)
		r := a.follow("/v1/stream/contexts?user=alice")
		r.expect("0 " + noContexts)
		done := make(chan error)
		go func() { done <- a.h.Drain(context.Background()) }()
		synctest.Wait()
		for _, path := range []string{"/health/ready", "/v1/stream/contexts?user=alice"} {
			refused := a.get(path)
			if refused.is(t, 503, wire.Unavailable); refused.header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", path)
			}
		}
		if got := a.do("HEAD", "/v1/stream/contexts?user=alice", "").status; got != 503 {
			t.Errorf("HEAD of a stream: got %d, want 503 as for GET", got)
		}
		if got := a.do("GET", "/health/live", ""); got.status != 200 || !got.closed {
			t.Errorf("live: got %+v", got)
		}
		a.post("/v1/publish/system?user=alice", `1`).ok(t)
		r.expect(`1 {"protocol":"system","event":1}`)
		r.rest()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := a.h.Drain(context.Background()); err != nil {
			t.Errorf("second Drain: %v", err)
		}
	})
}

func TestEndOfTheContextCutsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{DrainWindow: 1000 * time.Hour}, nil)
		r := a.follow("/v1/stream/agui?user=alice")
		r.expect("at 0")
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := a.h.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		a.h.Drain(canceled())
		r.rest()
		if got := time.Since(began); got != 5*time.Second {
			t.Errorf("ended after %v, want 5s", got)
		}
	})
}

func TestDrainAtOnceAndWithoutStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		for _, streams := range []int{0, 3} {
			a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{DrainWindow: -1}, nil)
			a.drainMany(t, streams)
		}
		if got := time.Since(began); got != 0 {
			t.Errorf("took %v", got)
		}
	})
}

// TestStreamsEndInTimeThatHaveNothingToSay has streams which nobody need look at for
// an hour.
func TestStreamsEndInTimeThatHaveNothingToSay(t *testing.T) {
	for name, end := range map[string]func(h *httpapi.Handler, hub *tidings.Hub, revoked chan struct{}){
		"drain": func(h *httpapi.Handler, _ *tidings.Hub, _ chan struct{}) { go h.Drain(context.Background()) },
		"unregistered": func(_ *httpapi.Handler, hub *tidings.Hub, _ chan struct{}) {
			for c := range hub.Connections("agui").All() {
				hub.Connections("agui").Unregister(c.User, c.ID)
			}
		},
		"revoked": func(_ *httpapi.Handler, _ *tidings.Hub, revoked chan struct{}) { close(revoked) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				revoked, hub := make(chan struct{}), newHub(t, nil, nil)
				access := httpapi.Access{Subject: "alice", Owner: "alice"}
				if name == "revoked" {
					access.Revoked = revoked
				}
				a := serveInMemory(t, hub, &httpapi.Options{
					KeepAlive: time.Hour, WriteTimeout: time.Hour, DrainWindow: time.Second, Authenticate: always(access),
				}, nil)
				r := a.follow("/v1/stream/agui?user=alice")
				r.expect("at 0")
				time.Sleep(time.Minute)
				began := time.Now()
				end(a.h, hub, revoked)
				r.rest()
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// Streams that come, go and meet a drain all are counted.
func TestStreamsThatWereRefusedAreNotWaitedFor(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{MaxConnections: 1})
	a := serveHub(t, hub, &httpapi.Options{
		DrainWindow:  -1,
		Authenticate: always(httpapi.Access{Subject: "boss", Subscribe: func(httpapi.Reading) bool { return true }}),
	})
	r := a.follow("/v1/stream/agui?user=alice")
	a.get("/v1/stream/agui?user=bob").is(t, 429, wire.TooManyConnections) // it is the boss who connects
	r.close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := a.h.Drain(ctx); err != nil {
		t.Error(err)
	}
}

func TestStreamsMeetDrain(t *testing.T) {
	a := serveHub(t, newHub(t, nil, &tidings.Options{MaxConnections: -1}), &httpapi.Options{DrainWindow: time.Millisecond})
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			for a.get1(fmt.Sprintf("/v1/stream/agui?user=u%d", i)) == 200 {
			}
		})
	}
	a.follow("/v1/stream/agui?user=alice")
	if err := a.h.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	work.Wait()
	if n := a.hub.Stats().Subscribers; n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
}

func TestStreamEndsWhenAccessDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		revoked := make(chan struct{})
		access := httpapi.Access{Subject: "alice", Owner: "alice", Revoked: revoked, Expires: time.Now().Add(time.Minute)}
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{Authenticate: always(access)}, nil)
		began := time.Now()
		r := a.follow("/v1/stream/agui")
		r.expect("at 0")
		if got := r.show(); !strings.HasPrefix(got, `tidings.expiring {"expires":"2000-01-01T00:01:00Z","connection":"`) {
			t.Errorf("got %s", got)
		}
		r.expect(": keep-alive", ": keep-alive", ": keep-alive")
		for r.show() != "end" {
		}
		if got := time.Since(began); got != time.Minute {
			t.Errorf("expired after %v, want 1m", got)
		}
		access.Expires = time.Time{}
		a = serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{Authenticate: always(access)}, nil)
		r = a.follow("/v1/stream/agui")
		r.expect("at 0")
		close(revoked)
		r.expect("end")
	})
}

// Streams that began together end apart, and their clients miss nothing.
func TestStreamsEndWhenTheyLastedLongEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 40
		a := serveInMemory(t, newHub(t, nil, &tidings.Options{MaxConnections: -1}), &httpapi.Options{MaxAge: time.Hour, KeepAlive: 10 * time.Minute}, nil)
		began := time.Now()
		var work sync.WaitGroup
		ends := make([]time.Duration, count)
		for i := range count {
			r := a.follow("/v1/stream/agui?user=alice")
			work.Go(func() {
				for got := ""; got != "end" && time.Since(began) <= time.Hour; got = r.show() {
				}
				ends[i] = time.Since(began)
				a.publish("alice", `1`)
				r = a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+r.lastID)
				r.show()
				if got := r.show(); !strings.HasSuffix(got, " 1") {
					t.Errorf("after the end got %s", got)
				}
				r.close()
			})
		}
		work.Wait()
		slices.Sort(ends)
		if ends[0] < 45*time.Minute || ends[0] > 50*time.Minute || ends[count-1] < 55*time.Minute || ends[count-1] > time.Hour {
			t.Errorf("ends from %v to %v", ends[0], ends[count-1])
		}
	})
}

// Whoever kept the connection of a stream that ended would come back to the
// server that is about to stop.
func TestConnectionEndsWithItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := listen(t)
		c := say(t, l, "GET /v1/stream/agui?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n")
		go func() {
			time.Sleep(time.Second)
			if err := a.h.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		began := time.Now()
		got, err := io.ReadAll(c)
		if took := time.Since(began); err != nil || took > 11*time.Second || !strings.HasSuffix(string(got), "\r\n0\r\n\r\n") {
			t.Errorf("after %v: %v, %q", took, err, got)
		}
	})
}
