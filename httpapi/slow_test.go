package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// ended counts the streams that ended.
type ended chan tidings.Selector

func hubWithEnds(t testing.TB) (*tidings.Hub, ended) {
	ends := make(ended, 100)
	return newHub(t, nil, &tidings.Options{Hooks: tidings.Hooks{Unsubscribed: func(s tidings.Selector) { ends <- s }}}), ends
}

func TestClientThatStopsReadingIsCutAndResumesWithoutLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, ends := hubWithEnds(t)
		a := serveInMemory(t, hub, nil, nil)
		r := a.follow("/v1/stream/agui?user=alice")
		r.expect("at 0")
		began := time.Now()
		want := `"` + strings.Repeat("x", 100<<10) + `"`
		a.publish("alice", `1`, want, `3`)
		<-ends
		if late := time.Since(began) - 10*time.Second; late < 0 || late > coarse() {
			t.Errorf("cut %v late", late)
		}
		r.expectEnd()
		last := r.lastID
		r = a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+last)
		r.expect("at " + seq(last))
		for i, data := range []string{`1`, want, `3`} {
			if id := string(rune('1' + i)); id > seq(last) {
				r.expect(id + " " + data)
			}
		}
		r.close()
	})
}

// On a socket, whose buffers hold a lot, a publisher never waits either.
func TestClientThatStopsReadingASocketIsCut(t *testing.T) {
	hub, ends := hubWithEnds(t)
	a := serveHub(t, hub, &httpapi.Options{WriteTimeout: 100 * time.Millisecond})
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	payload := `"` + strings.Repeat("x", 1<<20-2) + `"`
	const count = 20
	for i := range count { // each session may keep a few MiB only
		a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: strconv.Itoa(i), Data: []byte(payload)})
	}
	<-ends
	got := r.expectEnd()
	if len(got) == count {
		t.Fatal("not cut: the socket held everything")
	}
	last := r.lastID
	patient := serveHub(t, hub, nil) // this machine may be busy: whoever reads is not to be cut
	r = patient.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+last)
	r.show()
	for range count - len(got) {
		if got := r.show(); !strings.HasSuffix(got, payload) {
			t.Fatalf("got %.80s", got)
		}
	}
}

// A client is slow but reads: what it is given at once is small enough.
func TestSlowClientIsNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		r := a.open("/v1/stream/agui?user=alice")
		r.expect(": connected", "at 0")
		payload := `"` + strings.Repeat("x", 1<<20-2) + `"`
		a.publish("alice", payload)
		got, buffer := 0, make([]byte, 8<<10)
		for got < 1<<20 { // 8 KiB a second: over two minutes for the event
			time.Sleep(time.Second)
			n, err := io.ReadFull(r.res.Body, buffer)
			if got += n; err != nil {
				t.Fatalf("cut after %d bytes: %v", got, err)
			}
		}
		r.close()
	})
}

func TestServerTimeoutsDoNotEndStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, &http.Server{
			WriteTimeout: time.Second, ReadTimeout: time.Second, IdleTimeout: time.Second, ReadHeaderTimeout: time.Second,
		})
		r := a.follow("/v1/stream/agui?user=alice")
		r.expect("at 0", ": keep-alive", ": keep-alive", ": keep-alive")
		a.publish("alice", `1`)
		r.expect("1 1")
		r.close()
	})
}

func TestEleventhConnectionIsRefusedAndASlotIsFreeAtOnce(t *testing.T) {
	hub, ends := hubWithEnds(t)
	a := serveHub(t, hub, nil)
	var open []*reader
	for range 10 {
		open = append(open, a.follow("/v1/stream/agui?user=alice"))
	}
	refused := a.get("/v1/stream/agui?user=alice")
	if refused.is(t, 429, wire.TooManyConnections); refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	a.follow("/v1/stream/a2a?user=alice").close()
	<-ends
	a.follow("/v1/stream/agui?user=bob").close()
	<-ends
	for _, r := range open {
		r.close()
		<-ends
	}
	a.eventually()
}

// eventually opens a stream; the slot is given back right after the hook that
// the test waited for.
func (a *api) eventually() {
	a.t.Helper()
	for a.get1("/v1/stream/agui?user=alice") == http.StatusTooManyRequests {
		if a.t.Context().Err() != nil {
			a.t.Fatal("the slot is not given back")
		}
	}
}

// get1 opens a stream, leaves it, and returns the status.
func (a *api) get1(path string, headers ...string) int {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	defer cancel()
	res, err := a.client.Do(a.request("GET", path, "", headers...).WithContext(ctx))
	if err != nil {
		a.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestSlotsAcrossStreams(t *testing.T) {
	a := serveHub(t, newHub(t, nil, &tidings.Options{MaxConnections: 2, AcrossStreams: true}), nil)
	a.follow("/v1/stream/agui?user=alice")
	a.follow("/v1/stream/a2a?user=alice")
	a.get("/v1/stream/contexts?user=alice").is(t, 429, wire.TooManyConnections)
	a.follow("/v1/stream/contexts?user=bob")
}

// TestPanicEndsOneStream has a hook that panics while a stream runs.
func TestPanicEndsOneStream(t *testing.T) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 1}})
	t.Cleanup(func() { log.Close() })
	hub := newHub(t, log, &tidings.Options{Hooks: tidings.Hooks{Lost: func(tidings.Selector, *tidings.LostError) { panic(http.ErrAbortHandler) }}})
	a := serveHub(t, hub, nil)
	other := a.follow("/v1/stream/agui?user=bob")
	other.expect("at 0")
	old := a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: "s", Data: []byte(`1`)})
	a.publish("alice", `2`, `3`)
	a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: "s", Data: []byte(`4`)})
	a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: "s", Data: []byte(`5`)})
	r := a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+old.String())
	r.expectEnd()
	a.publish("bob", `6`)
	other.expect("6 6")
	a.eventuallyNobody(hub, 1)
	other.close()
}

// TestPanicAtTheEndGivesTheSlotBack has a hook that panics when a stream ends.
func TestPanicAtTheEndGivesTheSlotBack(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{Hooks: tidings.Hooks{Unsubscribed: func(tidings.Selector) { panic(http.ErrAbortHandler) }}})
	a := serveHub(t, hub, nil)
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	r.close()
	eventually(t, func() bool { return hub.Connections("agui").TotalConnections() == 0 })
}

func TestPanicGivesTheSlotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		hub := newHub(t, nil, &tidings.Options{MaxConnections: 1, Hooks: tidings.Hooks{Subscribed: func(tidings.Selector) {
			if calls++; calls == 1 {
				panic(http.ErrAbortHandler)
			}
		}}})
		a := serveInMemory(t, hub, nil, nil)
		if _, err := a.client.Do(a.request("GET", "/v1/stream/agui?user=alice", "")); err == nil {
			t.Error("no error")
		}
		a.follow("/v1/stream/agui?user=alice").close()
	})
}

func TestClientThatVanishesFreesItsSlotAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, &tidings.Options{MaxConnections: 1}), nil, nil)
		for range 3 {
			began := time.Now()
			r := a.follow("/v1/stream/agui?user=alice")
			a.get("/v1/stream/agui?user=alice").is(t, 429, wire.TooManyConnections)
			r.close()
			synctest.Wait()
			if time.Since(began) != 0 {
				t.Errorf("took %v", time.Since(began))
			}
		}
	})
}

func TestUnregisteringAConnectionEndsItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil, nil)
		a := serveInMemory(t, hub, nil, nil)
		r := a.follow("/v1/stream/agui?user=alice")
		registry := hub.Connections("agui")
		if users, n := registry.Counts(); users != 1 || n != 1 || registry.ConnectionCount("alice") != 1 {
			t.Errorf("got %d connections of %d owners", n, users)
		}
		if users, n := hub.Connections("a2a").Counts(); users != 0 || n != 0 {
			t.Errorf("another stream counts %d connections of %d owners", n, users)
		}
		for c := range registry.All() {
			registry.Unregister(c.User, c.ID)
		}
		r.expect("at 0", "end")
		synctest.Wait()
		if _, n := registry.Counts(); n != 0 {
			t.Errorf("got %d connections", n)
		}
	})
}
