package httpapi_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
)

// displacing are options by which the oldest of n connections makes room.
func displacing(n int) *tidings.Options {
	return &tidings.Options{MaxConnections: n, AtCap: tidings.EndOldest}
}

// farewell is what a stream ends with that was displaced.
var farewell = regexp.MustCompile(`retry: (\d+)\n\nevent: tidings\.ended\ndata: {"reason":"too-many-connections"}\n\n$`)

// expectFarewell reads a stream to its end, which tells why it is, and returns what
// came before.
func expectFarewell(t testing.TB, res *http.Response) (before string) {
	t.Helper()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	found := farewell.FindSubmatchIndex(text)
	if found == nil {
		t.Fatalf("got %q", text)
	}
	ms, err := strconv.Atoi(string(text[found[2]:found[3]]))
	if wait := time.Duration(ms) * time.Millisecond; err != nil || wait < 10*time.Second || wait > 30*time.Second {
		t.Errorf("it may come back after %v", wait)
	}
	return string(text[:found[0]])
}

// connect opens a stream that is not read yet.
func (a *api) connect(path string) *http.Response {
	a.t.Helper()
	res, err := a.client.Do(a.request("GET", path, ""))
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		a.t.Fatalf("got %s", res.Status)
	}
	return res
}

func TestTheOldestConnectionIsToldWhyItEnds(t *testing.T) {
	for _, stream := range []string{"agui", "a2a", "contexts", "analytics", "feed"} {
		hub := newHub(t, nil, displacing(2))
		a := serveHub(t, hub, nil)
		first := a.connect("/v1/stream/" + stream + "?user=alice")
		second := a.follow("/v1/stream/" + stream + "?user=alice")
		other := a.follow("/v1/stream/" + stream + "?user=bob")
		third := a.follow("/v1/stream/" + stream + "?user=alice")
		if before := expectFarewell(t, first); !strings.HasPrefix(before, ": connected\n\n") {
			t.Errorf("%s began with %q", stream, before)
		}
		eventually(t, func() bool { return hub.Stats().Subscribers == 3 })
		for _, r := range []*reader{second, third, other} {
			r.close()
		}
	}
}

// TestWhoWasDisplacedResumes has events come before and after.
func TestWhoWasDisplacedResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, displacing(1)), nil, nil)
		first := a.follow("/v1/stream/agui?user=alice")
		a.publish("alice", `1`)
		first.expect("at 0", "1 1")
		second := a.follow("/v1/stream/agui?user=alice")
		first.expect(`tidings.ended {"reason":"too-many-connections"}`, "end")
		a.publish("alice", `2`)
		again := a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+first.lastID)
		second.expect("at 1", "2 2", `tidings.ended {"reason":"too-many-connections"}`, "end")
		again.expect("at 1", "2 2")
		again.close()
	})
}

// TestOneWhoNeverReadsMakesRoomToo is cut when its patience is over; its place is
// free at once.
func TestOneWhoNeverReadsMakesRoomToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil, displacing(1))
		a := serveInMemory(t, hub, nil, nil)
		first := a.connect("/v1/stream/agui?user=alice")
		a.publish("alice", `"`+strings.Repeat("x", 100<<10)+`"`)
		synctest.Wait()
		a.follow("/v1/stream/agui?user=alice").close()
		synctest.Wait()
		if n := hub.Connections("agui").TotalConnections(); n != 0 {
			t.Errorf("%d connections count", n)
		}
		time.Sleep(10*time.Second + coarse())
		synctest.Wait()
		if n := hub.Stats().Subscribers; n != 0 {
			t.Errorf("%d subscribers are left", n)
		}
		first.Body.Close()
	})
}

// TestManyAtTheCapAtOnce has ten clients connect fifty times, where two may be: all are told
// but the last two.
func TestManyAtTheCapAtOnce(t *testing.T) {
	hub := newHub(t, nil, displacing(2))
	a := serveHub(t, hub, nil)
	var clients sync.WaitGroup
	var begun atomic.Int32
	told := make(chan bool)
	for range 10 {
		clients.Go(func() {
			for begun.Add(1) <= 50 {
				res, err := a.client.Get(a.url + "/v1/stream/agui?user=alice")
				if err != nil {
					t.Error(err)
					return
				}
				text, _ := io.ReadAll(res.Body) // what came says it
				res.Body.Close()
				told <- farewell.Match(text)
			}
		})
	}
	for range 48 {
		if !<-told {
			t.Error("one was not told")
		}
	}
	if n := hub.Connections("agui").TotalConnections(); n != 2 {
		t.Errorf("%d are left, want 2", n)
	}
	for c := range hub.Connections("agui").All() {
		hub.Connections("agui").Unregister(c.User, c.ID)
	}
	for range 2 {
		if <-told {
			t.Error("one was told what was not so")
		}
	}
	clients.Wait()
}
