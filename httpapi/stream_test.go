package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

func TestLiveStreamBeginsWithThePositionOfItsSubscription(t *testing.T) {
	a := serve(t, nil)
	a.publish("alice", `1`, `2`)
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 2")
	a.publish("alice", `3`)
	r.expect("3 3")
}

func TestClientThatIsCutBeforeTheFirstEventLosesNothing(t *testing.T) {
	a := serve(t, nil)
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	r.close()
	a.publish("alice", `1`, `2`)
	r = a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+r.lastID)
	r.expect("at 0", "1 1", "2 2")
}

func TestResume(t *testing.T) {
	a := serve(t, nil)
	a.publish("alice", `1`, `2`, `3`)
	first := a.follow("/v1/stream/agui?user=alice&from=start")
	first.expect("1 1")
	id := first.lastID
	first.expect("2 2")
	newer := first.lastID

	a.follow("/v1/stream/agui?user=alice&after="+id).expect("at 1", "2 2", "3 3")
	a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+id).expect("at 1", "2 2", "3 3")
	a.follow("/v1/stream/agui?user=alice&after="+id, "Last-Event-ID: "+newer).expect("at 2", "3 3")
	a.follow("/v1/stream/agui?user=alice&from=start", "Last-Event-ID: "+newer).expect("at 2", "3 3")
	a.follow("/v1/stream/agui?user=alice&after="+id, "Last-Event-ID: ").expect("at 1", "2 2")
}

func TestForeignPositionIsToldFirst(t *testing.T) {
	a := serve(t, nil)
	a.publish("alice", `1`)
	r := a.follow("/v1/stream/agui?user=alice&after=1763672400000000000-42")
	r.expect("at 42")
	got := plain(r.show())
	if want := `0 tidings.lost {"after":"#42","oldest":"#0","reason":"foreign"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r.expect("1 1")
}

func TestLostMovesThePositionOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		r := a.follow("/v1/stream/agui?user=alice&after=1763672400000000000-42")
		r.expect("at 42")
		r.show()
		r.expect(": keep-alive", ": keep-alive")
		r.close()
	})
}

// Writes are filled up to a size; events of all sizes meet its border.
func TestEventsOfAllSizesInOneBatch(t *testing.T) {
	a := serve(t, nil)
	var want []string
	for i := range 60 {
		payload := `"` + strings.Repeat("x", i*1499) + `"`
		a.publish("alice", `1`, payload)
		want = append(want, strconv.Itoa(2*i+1)+" 1", strconv.Itoa(2*i+2)+" "+payload)
	}
	a.follow("/v1/stream/agui?user=alice&from=start").expect(want...)
}

func TestExpiredPositionIsToldFirst(t *testing.T) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 2}})
	t.Cleanup(func() { log.Close() })
	a := serveHub(t, newHub(t, log, nil), nil)
	id := a.publishEvent(tidings.Event{User: "alice", Channel: tidings.AGUI, Session: "s", Data: []byte(`1`)})
	a.publish("alice", `2`, `3`, `4`, `5`)
	r := a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+id.String())
	r.expect("at 1")
	if got, want := plain(r.show()), `3 tidings.lost {"after":"#1","oldest":"#3","reason":"expired"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r.expect("4 4", "5 5")
}

func TestSelection(t *testing.T) {
	a := serve(t, nil)
	for _, e := range []tidings.Event{
		{User: "alice", Channel: "agui", Session: "s1", Type: "A", Data: []byte(`1`)},
		{User: "alice", Channel: "a2a", Session: "s2", Type: "B", Data: []byte(`2`)},
		{User: "bob", Channel: "agui", Session: "s1", Type: "A", Data: []byte(`3`)},
		{User: "alice", Channel: "system", Type: "C", Data: []byte(`4`)},
		{User: "alice", Channel: "analytics", Type: "A", Data: []byte(`5`)},
		{User: "alice", Channel: "agui", Session: "s3", Type: "open", Data: []byte(`6`)},
		{User: "alice", Channel: "agui", Session: "s3", Type: "error", Data: []byte(`7`)},
		{User: "alice", Channel: "agui", Session: "end", Type: "A", Data: []byte(`"end"`)},
	} {
		a.publishEvent(e)
	}
	for _, tt := range []struct{ path, want string }{
		{"agui?user=alice&from=start", `1 1|6 6|7 7|8 "end"`},
		{"a2a?user=alice&from=start", `2 2`},
		{"analytics?user=alice&from=start", noFigures + `|5 5`},
		{"contexts?user=alice&from=start", `1 {"protocol":"agui","event":1,"session":"s1"}|2 {"protocol":"a2a","event":2,"session":"s2"}|4 {"protocol":"system","event":4}|` +
			`6 {"protocol":"agui","event":6,"session":"s3"}|7 {"protocol":"agui","event":7,"session":"s3"}|8 {"protocol":"agui","event":"end","session":"end"}`},
		{"agui?user=alice&from=start&session=end&session=s1", `1 1|8 "end"`},
		{"contexts?user=alice&from=start&types=C,B", `2 {"protocol":"a2a","event":2,"session":"s2"}|4 {"protocol":"system","event":4}`},
		{"contexts?user=alice&from=start&types=C&types=B", `2 {"protocol":"a2a","event":2,"session":"s2"}|4 {"protocol":"system","event":4}`},
		{"agui?user=alice&from=start&names=type", `1 A 1|6 6|7 7|8 A "end"`},
		{"agui?user=bob&from=start", `3 3`},
		{"feed?from=start&types=A", `1 {"id":"#1","user":"alice","channel":"agui","session":"s1","type":"A","time":"TIME","data":1}|` +
			`3 {"id":"#3","user":"bob","channel":"agui","session":"s1","type":"A","time":"TIME","data":3}|` +
			`5 {"id":"#5","user":"alice","channel":"analytics","type":"A","time":"TIME","data":5}`},
		{"feed?from=start&user=bob&names=type", `3 A {"id":"#3","user":"bob","channel":"agui","session":"s1","type":"A","time":"TIME","data":3}`},
	} {
		r := a.follow("/v1/stream/" + tt.path)
		for want := range strings.SplitSeq(tt.want, "|") {
			if got := plain(r.show()); got != want {
				t.Errorf("%s: got %s, want %s", tt.path, got, want)
			}
		}
		r.close()
	}
}

func TestHeaders(t *testing.T) {
	a := serve(t, nil)
	want := map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
	for _, method := range []string{"GET", "HEAD"} {
		res, err := a.client.Do(a.request(method, "/v1/stream/agui?user=alice", ""))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for name, value := range want {
			if got := res.Header.Get(name); res.StatusCode != 200 || got != value {
				t.Errorf("%s: %d, %s is %q, want %q", method, res.StatusCode, name, got, value)
			}
		}
	}
}

func TestAccept(t *testing.T) {
	a := serve(t, nil)
	for accept, want := range map[string]int{
		"text/event-stream": 200, "*/*": 200, "text/*;q=0.1": 200, "application/json, text/event-stream": 200,
		"TEXT/Event-Stream;charset=utf-8": 200, "": 200,
		"application/json": 406, "text/event-stream;q=0, */*": 406, "text/html,nonsense": 406, "text/*;q=0,*/*": 406, "text/event-stream;q=x": 406,
	} {
		res, err := a.client.Do(a.request("HEAD", "/v1/stream/agui?user=alice", "", "Accept: "+accept))
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != want {
			t.Errorf("Accept %q: got %d, want %d", accept, res.StatusCode, want)
		}
	}
}

func TestMountsUnderAPrefix(t *testing.T) {
	h := httpapi.New(newHub(t, nil, nil), nil)
	mux := http.NewServeMux()
	mux.Handle("/deep/tidings/", http.StripPrefix("/deep/tidings", h))
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/deep/tidings/v1/sessions/a%2Fb%20c/feed?user=alice", nil)
	r.Host, r.RemoteAddr = "localhost:8080", "[::1]:5555"
	if mux.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// bare hides everything of a ResponseWriter.
type bare struct{ http.ResponseWriter }

// wrapped is a ResponseWriter as middleware makes them.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestResponseWritersThatCannotStreamAreRefusedBeforeTheStream(t *testing.T) {
	a := serve(t, nil)
	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"bare":     func(w http.ResponseWriter) http.ResponseWriter { return bare{w} },
		"recorder": func(http.ResponseWriter) http.ResponseWriter { return httptest.NewRecorder() },
	} {
		w := wrap(httptest.NewRecorder())
		r := a.request("GET", "/v1/stream/agui?user=alice", "")
		r.RemoteAddr = "127.0.0.1:1"
		a.h.ServeHTTP(w, r)
		if n := a.hub.Stats().Subscribers; n != 0 {
			t.Errorf("%s: %d subscribers", name, n)
		}
	}
	w := httptest.NewRecorder()
	r := a.request("GET", "/v1/stream/agui?user=alice", "")
	r.RemoteAddr = "127.0.0.1:1"
	if a.h.ServeHTTP(bare{w}, r); w.Code != 500 || !strings.Contains(w.Body.String(), "#internal") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// unflushable has deadlines, but cannot flush.
type unflushable struct{ bare }

func (unflushable) SetWriteDeadline(time.Time) error { return nil }

func TestResponseWriterThatCannotFlushIsRefused(t *testing.T) {
	a := serve(t, nil)
	w := httptest.NewRecorder()
	r := a.request("GET", "/v1/stream/agui?user=alice", "")
	r.RemoteAddr = "127.0.0.1:1"
	if a.h.ServeHTTP(unflushable{bare{w}}, r); w.Code != 500 || !strings.Contains(w.Body.String(), "#internal") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestStreamsThroughMiddlewareThatUnwraps(t *testing.T) {
	hub := newHub(t, nil, nil)
	h := httpapi.New(hub, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrapped{w}, r) }))
	t.Cleanup(server.Close)
	a := &api{t, hub, h, server.URL, server.Client()}
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	a.publish("alice", `1`)
	r.expect("1 1")
	r.close()
}

// The deadline of a write is lifted while nothing is written; in HTTP/2 it
// would end the stream.
func TestHTTP2(t *testing.T) {
	hub := newHub(t, nil, nil)
	h := httpapi.New(hub, &httpapi.Options{WriteTimeout: 200 * time.Millisecond, KeepAlive: 300 * time.Millisecond})
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	a := &api{t, hub, h, server.URL, server.Client()}
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	a.publish("alice", `1`, `"`+strings.Repeat("x", 1<<20-2)+`"`)
	r.expect("1 1", `2 "`+strings.Repeat("x", 1<<20-2)+`"`, ": keep-alive", ": keep-alive")
	if r.res.ProtoMajor != 2 {
		t.Errorf("got %s", r.res.Proto)
	}
	r.close()
}

// Hours of silence: comments keep the connection, and id-only frames the
// position, so that the client resumes without a loss.
func TestIdleStreamKeepsItsPositionFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Age: time.Hour}})
		defer log.Close()
		a := serveInMemory(t, newHub(t, log, nil), nil, &http.Server{WriteTimeout: time.Minute, ReadTimeout: time.Minute})
		r := a.follow("/v1/stream/agui?user=alice")
		r.expect("at 0")
		began := time.Now()
		for i := range 4 * 60 * 10 {
			a.publish("bob", `1`)
			if i == 0 {
				r.expect(": keep-alive", "at 1")
			} else {
				r.expect(": keep-alive", "at "+seq(r.next2(t)))
			}
		}
		if got := time.Since(began); got != 10*time.Hour {
			t.Errorf("got %v, want 10h", got)
		}
		r.close()
		synctest.Wait()
		r = a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+r.lastID)
		r.expect("at 2400")
		a.publish("alice", `"next"`)
		r.expect(`2401 "next"`)
		r.close()
	})
}

// next2 is the position after the one that was told last.
func (r *reader) next2(t *testing.T) string {
	id, err := tidings.ParseID(r.lastID)
	if err != nil {
		t.Fatal(err)
	}
	return tidings.NewID(id.Time(), id.Seq()+1).String()
}

func TestKeepAliveComesAfterSilenceOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		r := a.follow("/v1/stream/agui?user=alice")
		r.expect("at 0")
		for _, want := range []string{"1 1", "2 1", "3 1", "4 1"} {
			time.Sleep(14300 * time.Millisecond)
			a.publish("alice", `1`)
			r.expect(want)
		}
		began := time.Now()
		r.expect(": keep-alive")
		if late := time.Since(began) - wire.HeartbeatInterval; late < 0 || late > coarse() {
			t.Errorf("keep-alive %v late", late)
		}
		r.expect(": keep-alive") // no position: it has not moved
		r.close()
	})
}

func TestHeartbeatEventForThoseWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		for name, first := range map[string][]string{"contexts": {"0 " + noContexts}, "analytics": {"at 0", noFigures}} {
			r := a.follow("/v1/stream/" + name + "?user=alice&heartbeat=json")
			r.expect(append(first, `heartbeat {"type":"heartbeat"}`, `heartbeat {"type":"heartbeat"}`)...)
			r.close()
		}
		a.get("/v1/stream/agui?user=alice&heartbeat=json").is(t, 400, wire.Invalid)
		a.get("/v1/stream/feed?user=alice&heartbeat=json").is(t, 400, wire.Invalid)
	})
}

func TestEndOfTheHubEndsStreams(t *testing.T) {
	a := serve(t, nil)
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	a.hub.Close()
	r.expect("end")
	a.get("/v1/stream/agui?user=alice").is(t, 503, wire.Unavailable)
	a.get("/v1/feed?user=alice").is(t, 503, wire.Unavailable)
	a.post("/v1/publish/system?user=alice", `1`).is(t, 503, wire.Unavailable)
}
