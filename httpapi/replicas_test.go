package httpapi_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/tidingstest"
)

// everywhere serves one log by two hubs, the first of which has two handlers.
func everywhere(t *testing.T, log *tidingstest.SliceLog) []*api {
	opts := &httpapi.Options{WriteTimeout: time.Hour} // pipes hold nothing, and streams are read in turn
	hub := newHub(t, log, nil)
	return []*api{
		serveInMemory(t, hub, opts, nil), serveInMemory(t, hub, opts, nil),
		serveInMemory(t, newHub(t, log.Replica(), nil), opts, nil),
	}
}

// However many handlers and replicas there are, an event is kept once and comes
// once, to whomever it was given.
func TestSeveralHandlersAndReplicasPublishOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		all := everywhere(t, log)
		synctest.Wait()
		var streams []*reader
		for _, a := range all {
			for name, first := range map[string]string{"agui": "at 0", "contexts": "0 " + noContexts} {
				r := a.follow("/v1/stream/" + name + "?user=alice")
				r.expect(first)
				streams = append(streams, r)
			}
		}
		for i, a := range all {
			a.post("/v1/publish/agui?user=alice&session=s", fmt.Sprintf(`{"type":"T","n":%d}`, i+1)).ok(t)
		}
		for _, r := range streams {
			for n := 1; n <= 3; n++ {
				got, want := r.show(), fmt.Sprintf(`{"type":"T","n":%d}`, n)
				if !strings.HasPrefix(got, fmt.Sprint(n, " ")) || strings.Count(got, want) != 1 {
					t.Errorf("got %s, want %d %s", got, n, want)
				}
			}
			r.expect(": keep-alive") // and nothing again
			r.close()
		}
		if _, head, err := log.Bounds(t.Context()); head.Seq() != 3 || err != nil {
			t.Errorf("the log has %d events, error %v", head.Seq(), err)
		}
		if got := all[0].hub.Stats().Published + all[2].hub.Stats().Published; got != 3 {
			t.Errorf("%d events were published", got)
		}
	})
}

// What is in the log and makes no sense does not keep anybody from what does.
func TestStreamsGoOnPastPayloadsThatMakeNoSense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		all := everywhere(t, log)
		channels := map[string]tidings.Channel{"agui": tidings.AGUI, "a2a": tidings.A2A, "contexts": tidings.System, "analytics": tidings.Analytics}
		for _, channel := range channels {
			for _, data := range []string{`{`, `[]`, `{"type":7}`, `{"type":"CONTEXT_CREATED"}`, `{"type":"RUN_STARTED","threadId":{}}`} {
				if _, err := log.Append(t.Context(), []tidings.Event{{User: "alice", Channel: channel, Session: "s", Type: "X", Data: []byte(data)}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		for name, channel := range channels {
			var streams []*reader
			for _, a := range all {
				streams = append(streams, a.follow("/v1/stream/"+name+"?user=alice&types=GOOD"))
			}
			all[0].post("/v1/publish/"+string(channel)+"?user=alice&session=s&type=GOOD", `{"good":true}`).ok(t)
			for _, r := range streams {
				r.show() // where it begins
				if got := r.show(); !strings.Contains(got, `{"good":true}`) {
					t.Errorf("%s: got %s", name, got)
				}
				r.close()
			}
		}
		for _, a := range all {
			a.get("/health/ready").ok(t)
			a.follow("/v1/stream/contexts?user=alice").close()
		}
	})
}

// Another program may put into the log what no hub would publish.
func TestNothingInTheLogBreaksAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		for _, data := range []string{"1\nid: 7-7\n\ndata: 2", "1\rid: 7-7", "\r\n1\r\n", strings.Repeat(" \n", 40<<10) + "1"} {
			e := tidings.Event{User: "alice", Channel: tidings.System, Type: "T\nid: 7-7", Session: "s\nid: 7-7", Data: []byte(data)}
			if _, err := log.Append(t.Context(), []tidings.Event{e}); err != nil {
				t.Fatal(err)
			}
		}
		for _, opts := range []*tidings.Options{nil, {WindowBytes: 1}} { // from the window, and from the log
			a := serveInMemory(t, newHub(t, log.Replica(), opts), &httpapi.Options{WriteTimeout: time.Hour}, nil)
			synctest.Wait()
			for _, path := range []string{"contexts?user=alice&", "feed?user=alice&"} {
				r := a.follow("/v1/stream/" + path + "from=start&names=type")
				for n := range 4 {
					if e, err, _ := r.next(); err != nil || seq(e.ID) != fmt.Sprint(n+1) || e.Name != "" || strings.ContainsAny(string(e.Data), "\r\n") {
						t.Errorf("%s: got %s %q %.100q, error %v, want event %d", path, e.ID, e.Name, e.Data, err, n+1)
					}
				}
				r.expect(": keep-alive")
				r.close()
			}
		}
	})
}

// TestContextsJoinTheirSnapshotWhileEventsCome opens streams while contexts are
// made: a snapshot lists what was made before it, and what follows is exactly
// the rest.
func TestContextsJoinTheirSnapshotWhileEventsCome(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	hubs := []*tidings.Hub{newHub(t, log, &tidings.Options{MaxConnections: -1}), newHub(t, log.Replica(), &tidings.Options{MaxConnections: -1})}
	apis := []*api{serveHub(t, hubs[0], nil), serveHub(t, hubs[1], nil)}
	const rounds, each = 60, 5
	ids := contextIDs(rounds * each)
	for n := 0; n < len(ids); n += each {
		var publisher sync.WaitGroup
		publisher.Go(func() {
			for _, id := range ids[n : n+each] {
				announce(t, hubs[0], "alice", contexts.NewCreated(id, ""))
			}
		})
		apis[n%2].joins(n, ids[:n+each])
		publisher.Wait()
	}
}

// joins opens a contexts stream and expects a snapshot of at least the first n
// contexts, and then the events that make the others.
func (a *api) joins(n int, ids []string) {
	a.t.Helper()
	r := a.follow("/v1/stream/contexts?user=alice")
	defer r.close()
	at, listed, _ := strings.Cut(r.listed(), " snapshot ")
	k, err := strconv.Atoi(at)
	if err != nil || k < n || k > len(ids) || listed != fmt.Sprint(ids[:k]) {
		a.t.Fatalf("at %s of %d to %d the snapshot lists %s", at, n, len(ids), listed)
	}
	for i, id := range ids[k:] {
		if got := r.show(); !strings.HasPrefix(got, fmt.Sprint(k+i+1, " ")) || !strings.Contains(got, `"contextId":"`+id+`"`) {
			a.t.Fatalf("%d after %d got %s, want %s", i+1, k, got, id)
		}
	}
}

// contextIDs returns the names of the first n contexts.
func contextIDs(n int) []string {
	ids := []string{}
	for i := range n {
		ids = append(ids, fmt.Sprintf("c%03d", i+1))
	}
	return ids
}

// A client that reads too slowly is told in the middle of the stream, and what
// follows the notice has no hole.
func TestSlowClientIsToldWhatItLostAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 3}})
		defer log.Close()
		a := serveInMemory(t, newHub(t, log, nil), &httpapi.Options{WriteTimeout: time.Hour}, nil)
		r := a.follow("/v1/stream/agui?user=alice")
		r.expect("at 0")
		for range 20 { // the client does not read, and only three are kept
			a.publish("alice", `"`+strings.Repeat("x", 100<<10)+`"`)
			synctest.Wait()
		}
		var got []string
		for len(got) == 0 || got[len(got)-1] != "20" {
			text := r.show()
			at, rest, _ := strings.Cut(text, " ")
			if strings.HasPrefix(rest, "tidings.lost ") {
				at = "lost " + at
			}
			got = append(got, at)
		}
		lost := slices.Index(got, "lost 17")
		if lost < 1 || fmt.Sprint(got[lost+1:]) != "[18 19 20]" || fmt.Sprint(got[:lost]) != fmt.Sprint([]string{"1", "2", "3"}[:min(lost, 3)]) {
			t.Errorf("got %v", got)
		}
		if s := a.hub.Stats(); s.Lost != 1 || s.Dropped != uint64(17-lost) {
			t.Errorf("%d notices, %d dropped, want 1 and %d", s.Lost, s.Dropped, 17-lost)
		}
		r.close()
	})
}
