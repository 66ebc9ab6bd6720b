package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/tidingstest"
)

// announce publishes a system event.
func announce(t testing.TB, hub *tidings.Hub, user string, e contexts.Event) tidings.ID {
	t.Helper()
	r, err := contexts.NewBroadcaster(hub).Broadcast(context.Background(), user, e)
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

// listed shows a frame, and of a snapshot only the contexts it lists.
func (r *reader) listed() string {
	got := r.show()
	at, data, found := strings.Cut(got, ` {"protocol":"system","event":{"type":"CONTEXTS_SNAPSHOT",`)
	if !found {
		return plain(got)
	}
	var ids []string
	for _, item := range strings.Split(data, `"context_id":"`)[1:] {
		id, _, _ := strings.Cut(item, `"`)
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return fmt.Sprint(at, " snapshot ", ids)
}

// expectListed compares the next things of a contexts stream.
func (r *reader) expectListed(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := r.listed(); got != w {
			r.t.Errorf("got %s, want %s", got, w)
		}
	}
}

// one is what a contexts stream shows of an event with the payload 1.
const one = `{"protocol":"agui","event":1,"session":"s"}`

func TestContextsStreamBeginsWithASnapshotAndGoesOnWithWhatFollows(t *testing.T) {
	a := serve(t, nil)
	announce(t, a.hub, "alice", contexts.NewCreated("c1", "Trip"))
	announce(t, a.hub, "alice", contexts.NewCreated("c2", ""))
	announce(t, a.hub, "bob", contexts.NewCreated("c3", ""))
	announce(t, a.hub, "alice", contexts.NewDeleted("c2"))
	a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: "c1", Data: []byte(`{"type":"RUN_STARTED","threadId":"c1","runId":"r"}`)})
	r := a.follow("/v1/stream/contexts?user=alice&names=type")
	got := r.show()
	for _, want := range []string{
		`5 CONTEXTS_SNAPSHOT {"protocol":"system","event":{"type":"CONTEXTS_SNAPSHOT","timestamp":"T","contexts":[{"context_id":"c1","name":"Trip",`,
		`"message_count":0,"task_count":1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want in it %s", got, want)
		}
	}
	if strings.Contains(got, `"context_id":"c2"`) || strings.Contains(got, "c3") {
		t.Errorf("got %s", got)
	}
	a.publish("alice", `1`)
	r.expect("6 T " + one)
}

func TestResumedContextsStreamsHaveNoSnapshot(t *testing.T) {
	a := serve(t, nil)
	announce(t, a.hub, "alice", contexts.NewCreated("c1", ""))
	r := a.follow("/v1/stream/contexts?user=alice")
	r.expectListed("1 snapshot [c1]")
	a.publish("alice", `1`, `1`)
	for _, resumed := range []*reader{
		a.follow("/v1/stream/contexts?user=alice", "Last-Event-ID: "+r.lastID),
		a.follow("/v1/stream/contexts?user=alice&after=" + r.lastID),
	} {
		resumed.expectListed("at 1", "2 "+one, "3 "+one)
	}
	a.follow("/v1/stream/contexts?user=alice&from=start").expectListed(
		`1 {"protocol":"system","event":{"type":"CONTEXT_CREATED","timestamp":"TIME","contextId":"c1","name":""},"session":"c1"}`, "2 "+one, "3 "+one)
}

func TestLossOnAContextsStreamBeginsAnew(t *testing.T) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 2}})
	t.Cleanup(func() { log.Close() })
	a := serveHub(t, newHub(t, log, nil), nil)
	old := a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: "s", Data: []byte(`1`)})
	a.publish("alice", `1`, `1`, `1`)
	for _, tt := range []struct{ after, reason string }{{old.String(), "expired"}, {"1700000000000000000-3", "foreign"}} {
		r := a.follow("/v1/stream/contexts?user=alice", "Last-Event-ID: "+tt.after)
		notice := plain(r.show())
		if want := `","oldest":"#4","reason":"` + tt.reason + `"}`; !strings.HasPrefix(notice, `tidings.lost {"after":"#`) || !strings.HasSuffix(notice, want) {
			t.Errorf("got %s, want it without an id and with %s", notice, want)
		}
		r.expectListed("4 snapshot []")
		if n := a.hub.Stats().Subscribers; n != 1 {
			t.Errorf("one stream is %d subscribers", n)
		}
		r.close()
		a.eventuallyNobody(a.hub, 0)
		r = a.follow("/v1/stream/contexts?user=alice", "Last-Event-ID: "+r.lastID)
		r.expectListed("at 4")
		r.close()
		a.eventuallyNobody(a.hub, 0)
	}
}

func TestLossInTheMiddleOfAContextsStreamBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 3}})
		defer log.Close()
		a := serveInMemory(t, newHub(t, log, nil), &httpapi.Options{WriteTimeout: time.Hour}, nil)
		r := a.follow("/v1/stream/contexts?user=alice")
		r.expectListed("0 snapshot []")
		large := `"` + strings.Repeat("x", 100<<10) + `"`
		for range 10 { // the client does not read, and only three are kept
			a.publish("alice", large)
			synctest.Wait()
		}
		var seen []string
		for r.lastID == "" || seq(r.lastID) != "10" {
			seen = append(seen, fmt.Sprintf("%.30s", r.listed()))
		}
		got := strings.Join(seen, "|")
		if !strings.Contains(got, "tidings.lost") || !strings.Contains(got, "|10 snapshot []") {
			t.Errorf("got %s", got)
		}
		a.publish("alice", `1`)
		r.expectListed("11 " + one)
		r.close()
	})
}

func TestSnapshotsAreNarrowedAsTheStreamIs(t *testing.T) {
	a := serve(t, nil)
	for _, id := range []string{"c1", "c2", "c3"} {
		announce(t, a.hub, "alice", contexts.NewCreated(id, ""))
	}
	a.follow("/v1/stream/contexts?user=alice&session=c1&session=c3&session=c4").expectListed("3 snapshot [c1 c3]")
	a.follow("/v1/stream/contexts?user=alice&types=CONTEXTS_SNAPSHOT,X").expectListed("3 snapshot [c1 c2 c3]")
	a.follow("/v1/stream/contexts?user=alice&types=X").expectListed("at 3")
	for _, stream := range []string{"agui?user=alice", "a2a?user=alice", "feed", "feed?user=alice"} {
		a.follow("/v1/stream/" + stream).expectListed("at 3")
	}
}

func TestProvidersAreAskedAfterThePosition(t *testing.T) {
	hub := newHub(t, nil, nil)
	source := contexts.Provided(hub, func(_ context.Context, owner string) ([]contexts.Context, error) {
		announce(t, hub, owner, contexts.NewUpdated("c1", "new"))
		return []contexts.Context{{ID: "c1", Name: "new"}}, nil
	})
	a := serveHub(t, hub, &httpapi.Options{Contexts: source})
	a.publish("alice", `1`)
	r := a.follow("/v1/stream/contexts?user=alice")
	r.expectListed("1 snapshot [c1]")
	if got := r.show(); !strings.HasPrefix(got, `2 {"protocol":"system","event":{"type":"CONTEXT_UPDATED",`) {
		t.Errorf("got %s", got)
	}
}

// An interposed source lets something happen after it was asked.
type interposed struct {
	contexts.Source
	happens func()
}

func (s interposed) Contexts(ctx context.Context, owner string) (*contexts.Snapshot, tidings.ID, error) {
	defer s.happens()
	return s.Source.Contexts(ctx, owner)
}

func TestNothingIsMissedBetweenTheSnapshotAndTheSubscription(t *testing.T) {
	for name, log := range map[string]tidings.Log{"memory": nil, "slice": tidingstest.NewSliceLog(nil)} {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t, log, nil)
			announce(t, hub, "alice", contexts.NewCreated("c1", ""))
			between := func() { announce(t, hub, "alice", contexts.NewCreated("c2", "")) }
			a := serveHub(t, hub, &httpapi.Options{Contexts: interposed{contexts.NewTracker(hub, nil), between}})
			r := a.follow("/v1/stream/contexts?user=alice")
			r.expectListed("1 snapshot [c1]",
				`2 {"protocol":"system","event":{"type":"CONTEXT_CREATED","timestamp":"TIME","contextId":"c2","name":""},"session":"c2"}`)
		})
	}
}

func TestFailingProvidersAreAnErrorBeforeTheStreamBegins(t *testing.T) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 1}})
	t.Cleanup(func() { log.Close() })
	hub := newHub(t, log, nil)
	source := contexts.Provided(hub, func(context.Context, string) ([]contexts.Context, error) {
		return nil, errors.New("the database of contexts is down")
	})
	a := serveHub(t, hub, &httpapi.Options{Contexts: source})
	old := a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: "s", Data: []byte(`1`)})
	a.publish("alice", `1`, `1`)
	a.get("/v1/stream/contexts?user=alice").is(t, 500, wire.Internal)
	a.get("/v1/stream/contexts?user=alice", "Last-Event-ID: "+old.String()).is(t, 500, wire.Internal)
	a.follow("/v1/stream/agui?user=alice").expect("at 3")
	if n := hub.Connections("contexts").TotalConnections(); n != 0 {
		t.Errorf("%d connections are still counted", n)
	}
	a.eventuallyNobody(hub, 1)
}

// eventuallyNobody waits until only so many subscribers are left.
func (a *api) eventuallyNobody(hub *tidings.Hub, left int) {
	a.t.Helper()
	for hub.Stats().Subscribers > left {
		if a.t.Context().Err() != nil {
			a.t.Fatal("subscribers are left")
		}
	}
}

func TestPanickingProvidersLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil, nil)
		source := contexts.Provided(hub, func(context.Context, string) ([]contexts.Context, error) { panic(http.ErrAbortHandler) })
		a := serveInMemory(t, hub, &httpapi.Options{Contexts: source}, nil)
		if _, err := a.client.Do(a.request("GET", "/v1/stream/contexts?user=alice", "")); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
		if n := hub.Connections("contexts").TotalConnections(); n != 0 || hub.Stats().Subscribers != 0 {
			t.Errorf("%d connections, %d subscribers are left", n, hub.Stats().Subscribers)
		}
	})
}

// A client leaves while the snapshot is being taken.
func TestLeavingInTheMiddleOfSettingUpLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil, nil)
		source := contexts.Provided(hub, func(ctx context.Context, _ string) ([]contexts.Context, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		a := serveInMemory(t, hub, &httpapi.Options{Contexts: source}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.client.Do(a.request("GET", "/v1/stream/contexts?user=alice", "").WithContext(ctx)); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
		if n := hub.Connections("contexts").TotalConnections(); n != 0 || hub.Stats().Subscribers != 0 {
			t.Errorf("%d connections, %d subscribers are left", n, hub.Stats().Subscribers)
		}
	})
}
