package httpapi_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/agui"
	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// nothingMore fails unless the stream is silent.
func (r *reader) nothingMore() {
	r.t.Helper()
	r.expect(": keep-alive")
}

func TestAnOpenedStreamReceivesTheRunOfItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		own := a.follow("/v1/stream/agui?user=alice")
		mirror := a.follow("/v1/stream/contexts?user=alice")
		silent := []*reader{a.follow("/v1/stream/agui?user=bob"), a.follow("/v1/stream/a2a?user=alice"), a.follow("/v1/stream/feed?user=bob")}
		own.expect("at 0")
		mirror.expect("0 " + noContexts)
		receipt, err := agui.NewBroadcaster(a.hub).Broadcast(t.Context(), "alice", agui.NewRunStarted("t1", "r1"))
		if err != nil || receipt.Subscribers != 2 {
			t.Errorf("got %+v, error %v, want 2 subscribers", receipt, err)
		}
		own.expect(`1 {"type":"RUN_STARTED","threadId":"t1","runId":"r1","protocolVersion":"1.0"}`)
		mirror.expect(`1 {"protocol":"agui","event":{"type":"RUN_STARTED","threadId":"t1","runId":"r1","protocolVersion":"1.0"},"session":"t1"}`)
		for _, r := range silent {
			r.expect("at 0")
			r.nothingMore()
			r.close()
		}
		own.nothingMore()
		mirror.nothingMore()
		own.close()
		mirror.close()
	})
}

// Every event that is made here is on its stream as it is encoded, and on no
// other.
func TestSystemAndAnalyticsEventsReachTheirStreamsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{StatsInterval: -1}, nil)
		var system, measured []string
		now := time.Now()
		for _, e := range []contexts.Event{
			&contexts.Created{Timestamp: now, ContextID: "c", Name: "n"}, &contexts.Updated{Timestamp: now, ContextID: "c"}, &contexts.Deleted{Timestamp: now, ContextID: "c"},
			&contexts.Snapshot{Timestamp: now}, &contexts.Connected{Timestamp: now, ConnectionID: "k"}, &contexts.Heartbeat{Timestamp: now},
		} {
			announce(t, a.hub, "alice", e)
			data, _ := e.AppendJSON(nil)
			system = append(system, string(data))
		}
		for _, e := range []analytics.Event{
			&analytics.SessionStarted{Timestamp: now, SessionID: "s"}, &analytics.SessionEnded{Timestamp: now, SessionID: "s"}, &analytics.PageView{Timestamp: now, SessionID: "s", PageURL: "/"},
			&analytics.EngagementUpdate{Timestamp: now, SessionID: "s", PageURL: "/"}, &analytics.RealTimeStats{Timestamp: now}, &analytics.Heartbeat{Timestamp: now},
		} {
			if _, err := analytics.NewBroadcaster(a.hub).Broadcast(t.Context(), "alice", e); err != nil {
				t.Fatal(err)
			}
			data, _ := e.AppendJSON(nil)
			measured = append(measured, string(data))
		}
		all, own := a.follow("/v1/stream/contexts?user=alice&from=start"), a.follow("/v1/stream/analytics?user=alice&from=start")
		for i := range 6 {
			session := ""
			if i < 3 {
				session = `,"session":"c"`
			}
			all.expect(ownTimestamps.ReplaceAllString(fmt.Sprintf(`%d {"protocol":"system","event":%s%s}`, i+1, system[i], session), `$1"timestamp":"T"`))
			own.expect(ownTimestamps.ReplaceAllString(fmt.Sprint(i+7, " ", measured[i]), `$1"timestamp":"T"`))
		}
		all.nothingMore()
		own.nothingMore()
		all.close()
		own.close()
		for _, name := range []string{"agui", "a2a"} {
			r := a.follow("/v1/stream/" + name + "?user=alice&from=start")
			r.nothingMore()
			r.close()
		}
	})
}

func TestWhoLeavesIsCountedNowhereAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		runs := agui.NewBroadcaster(a.hub).In("t")
		r, began := a.follow("/v1/stream/agui?user=alice"), time.Now()
		for _, want := range []int{1, 0} {
			receipt, err := runs.Broadcast(t.Context(), "alice", agui.NewTextMessageEnd("m"))
			if err != nil || receipt.Subscribers != want || runs.ConnectionCount("alice") != want || len(runs.ConnectedUsers()) != want {
				t.Errorf("%d subscribers, %d connections of %v, error %v, want %d", receipt.Subscribers, runs.ConnectionCount("alice"), runs.ConnectedUsers(), err, want)
			}
			r.close()
			synctest.Wait()
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

func TestEveryStreamHasConnectionsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		for _, open := range []string{"agui", "a2a", "contexts", "analytics"} {
			defer a.follow("/v1/stream/" + open + "?user=" + open).close() // an owner for each
			for _, stream := range a.hub.Router().Streams() {
				want := 0
				if stream == open {
					want = 1
				}
				if got := a.hub.Connections(stream).ConnectionCount(open); got != want {
					t.Errorf("a connection to %s: %s counts %d, want %d", open, stream, got, want)
				}
			}
		}
	})
}

// An owner publishes for himself on every channel, and for nobody else.
func TestPublishingIsForTheOwnerAlone(t *testing.T) {
	a := serve(t, &httpapi.Options{Authenticate: always(httpapi.Access{Subject: "alice", Owner: "alice"})})
	stream := a.follow("/v1/stream/contexts?session=c1")
	stream.expect("0 " + noContexts)
	for channel, body := range map[string]string{
		"agui": `{"type":"RUN_STARTED","threadId":"c1","runId":"r"}`, "a2a": `{"kind":"message","messageId":"m","contextId":"c1"}`,
		"system": `{"type":"CONTEXT_UPDATED","contextId":"c1"}`,
	} {
		want := `"duplicate":false,"subscribers":1}`
		if got := a.post("/v1/publish/"+channel, body).ok(t); got[len(got)-len(want)-1:len(got)-1] != want {
			t.Errorf("%s: got %s, want %s", channel, got, want)
		}
		a.post("/v1/publish/"+channel+"?user=bob", body).is(t, 403, wire.Forbidden)
		a.post("/v1/events", `{"user":"bob","channel":"`+channel+`","session":"c1","data":`+body+`}`).is(t, 403, wire.Forbidden)
	}
	if got := a.hub.Stats().Published; got != 3 {
		t.Errorf("%d events were published, want 3", got)
	}
}

// A context is an owner's: somebody else's of the same name is another.
func TestContextsOfTheSameNameAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		r := a.follow("/v1/stream/contexts?user=alice&session=c1")
		r.expect("0 " + noContexts)
		announce(t, a.hub, "bob", contexts.NewUpdated("c1", "mine now"))
		a.publishEvent(tidings.Event{User: "bob", Channel: "agui", Session: "c1", Data: []byte(`1`)})
		r.nothingMore()
		r.close()
		a.follow("/v1/stream/contexts?user=alice").expectListed("2 snapshot []")
	})
}

func TestDefaultBroadcastersAreOnTheDefaultHubUntilOthersAreSet(t *testing.T) {
	first, second := newHub(t, nil, nil), newHub(t, nil, nil)
	tidings.SetDefault(first)
	t.Cleanup(func() { tidings.SetDefault(nil) })
	for name, kind := range map[string]struct {
		broadcast func() error
		set       func(*tidings.Hub)
		unset     func()
	}{
		"contexts": {
			func() error {
				_, err := contexts.Default().Broadcast(context.Background(), "u", contexts.NewHeartbeat())
				return err
			},
			func(hub *tidings.Hub) { contexts.SetDefault(contexts.NewBroadcaster(hub)) }, func() { contexts.SetDefault(nil) },
		},
		"envelopes": {
			func() error {
				e := contexts.Envelope{Protocol: tidings.System, Event: []byte(`{"type":"HEARTBEAT"}`)}
				_, err := contexts.DefaultEnvelopes().Broadcast(context.Background(), "u", e)
				return err
			},
			func(hub *tidings.Hub) { contexts.SetDefaultEnvelopes(contexts.NewEnvelopeBroadcaster(hub)) }, func() { contexts.SetDefaultEnvelopes(nil) },
		},
		"analytics": {
			func() error {
				_, err := analytics.Default().Broadcast(context.Background(), "u", analytics.NewPageView("s", "/"))
				return err
			},
			func(hub *tidings.Hub) { analytics.SetDefault(analytics.NewBroadcaster(hub)) }, func() { analytics.SetDefault(nil) },
		},
	} {
		t.Cleanup(kind.unset)
		for _, hub := range []*tidings.Hub{first, second, first} {
			if hub == second {
				kind.set(second)
			} else {
				kind.unset()
			}
			before := hub.Stats().Published
			if err := kind.broadcast(); err != nil || hub.Stats().Published != before+1 {
				t.Errorf("%s: not on the hub that is meant, error %v", name, err)
			}
		}
	}
}
