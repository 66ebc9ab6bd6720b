package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	sdk "github.com/a2aproject/a2a-go/v2/a2a"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/agui"
)

// What the broadcasters of agui and a2a publish, and how it is written.
const (
	runStarted   = `{"type":"RUN_STARTED","threadId":"t1","runId":"r1","protocolVersion":"1.0"}`
	statusUpdate = `{"statusUpdate":{"contextId":"c1","status":{"state":"TASK_STATE_WORKING"},"taskId":"k1"}}`
	statusLegacy = `{"kind":"status-update","taskId":"k1","contextId":"c1","status":{"state":"working"},"final":false}`
)

// told returns the receipt of a broadcast, which must succeed.
func told[E any](t *testing.T, b *tidings.Broadcaster[E], user string, e E) tidings.Receipt {
	t.Helper()
	receipt, err := b.Broadcast(t.Context(), user, e)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// The same, as Go has it.
var (
	started agui.Event = agui.NewRunStarted("t1", "r1")
	working sdk.Event  = &sdk.TaskStatusUpdateEvent{TaskID: "k1", ContextID: "c1", Status: sdk.TaskStatus{State: sdk.TaskStateWorking}}
)

func TestOpenAGUIStreamReceivesTheRunThatGoBroadcasts(t *testing.T) {
	a := serve(t, nil)
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	agent := agui.NewBroadcaster(a.hub)
	told(t, agent, "alice", started)
	told(t, agent.In("t1"), "alice", agui.Event(agui.NewTextMessageContent("m1", "Hello")))
	r.expect("1 "+runStarted, `2 {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"Hello"}`)
}

func TestOpenA2AStreamReceivesTheTaskThatGoBroadcasts(t *testing.T) {
	a := serve(t, nil)
	r := a.follow("/v1/stream/a2a?user=alice")
	r.expect("at 0")
	told(t, a2a.NewBroadcaster(a.hub), "alice", working)
	told(t, a2a.NewRawBroadcaster(a.hub), "alice", json.RawMessage(statusLegacy))
	r.expect("1 "+statusUpdate, "2 "+statusLegacy)
}

func TestBroadcastsToAnotherOwnerAreNotDelivered(t *testing.T) {
	a := serve(t, nil)
	agent, tasks, relay := agui.NewBroadcaster(a.hub), a2a.NewBroadcaster(a.hub), a2a.NewRawBroadcaster(a.hub)
	var streams []*reader
	for _, name := range []string{"agui", "a2a", "contexts"} {
		r := a.follow("/v1/stream/" + name + "?user=alice")
		r.show() // where it begins
		streams = append(streams, r)
	}
	for _, user := range []string{"bob", "", "Alice", "alice"} {
		told(t, agent, user, started)
		told(t, tasks, user, working)
		told(t, relay, user, json.RawMessage(statusLegacy))
	}
	streams[0].expect("10 " + runStarted)
	streams[1].expect("11 "+statusUpdate, "12 "+statusLegacy)
	streams[2].expect(`10 {"protocol":"agui","event":` + runStarted + `,"session":"t1"}`)
}

func TestBroadcastsAreMirroredToContextsInTheirEnvelope(t *testing.T) {
	a := serve(t, nil)
	r := a.follow("/v1/stream/contexts?user=alice")
	r.expect("0 " + noContexts)
	told(t, agui.NewBroadcaster(a.hub), "alice", started)
	told(t, a2a.NewBroadcaster(a.hub), "alice", working)
	told(t, a2a.NewRawBroadcaster(a.hub), "alice", json.RawMessage(`{"jsonrpc":"2.0","id":1,"result":`+statusLegacy+`}`))
	r.expect(`1 {"protocol":"agui","event":`+runStarted+`,"session":"t1"}`,
		`2 {"protocol":"a2a","event":`+statusUpdate+`,"session":"c1"}`,
		`3 {"protocol":"a2a","event":`+statusLegacy+`,"session":"c1"}`)
}

func TestBroadcastReturnsTheNumberOfSubscribersAndNoneForAnUnknownUser(t *testing.T) {
	a := serve(t, nil)
	for _, path := range []string{"agui", "agui", "agui?session=t2", "a2a", "contexts"} {
		and := "?"
		if strings.Contains(path, "?") {
			and = "&"
		}
		a.follow("/v1/stream/" + path + and + "user=alice").show() // by then it subscribes
	}
	for _, tt := range []struct {
		user        string
		runs, tasks int
	}{{"alice", 3, 2}, {"nobody", 0, 0}, {"bob", 0, 0}} {
		if got := told(t, agui.NewBroadcaster(a.hub), tt.user, started).Subscribers; got != tt.runs {
			t.Errorf("%s: an event of AG-UI has %d subscribers, want %d", tt.user, got, tt.runs)
		}
		if got := told(t, a2a.NewBroadcaster(a.hub), tt.user, working).Subscribers; got != tt.tasks {
			t.Errorf("%s: an event of A2A has %d subscribers, want %d", tt.user, got, tt.tasks)
		}
	}
}

func TestA2AStreamDoesNotCountOnTheRegistryOfAGUI(t *testing.T) {
	a := serve(t, nil)
	a.follow("/v1/stream/a2a?user=alice").expect("at 0")
	a.follow("/v1/stream/contexts?user=alice").expect("0 " + noContexts)
	registries := map[string]*tidings.Registry{
		"agui": agui.NewBroadcaster(a.hub).Registry,
		"a2a":  a2a.NewBroadcaster(a.hub).Registry,
		"raw":  a2a.NewRawBroadcaster(a.hub).Registry,
	}
	for name, want := range map[string]int{"agui": 0, "a2a": 1, "raw": 1} {
		if got := registries[name].ConnectionCount("alice"); got != want || registries[name].TotalConnections() != want {
			t.Errorf("%s: got %d connections, want %d", name, got, want)
		}
	}
	a.follow("/v1/stream/agui?user=alice").expect("at 0")
	if agui, a2a := registries["agui"].ConnectionCount("alice"), registries["a2a"].ConnectionCount("alice"); agui != 1 || a2a != 1 {
		t.Errorf("got %d connections of AG-UI and %d of A2A, want 1 each", agui, a2a)
	}
}

// Official clients of both protocols fail on data that is no event of theirs.
func TestClientsOfAGUIAndA2ANeverSeeAJSONHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		for _, name := range []string{"agui", "a2a"} {
			res, err := a.client.Do(a.request("GET", "/v1/stream/"+name+"?user=alice&heartbeat=json", ""))
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: a JSON heartbeat is not refused", name)
			}
			r := a.follow("/v1/stream/" + name + "?user=alice")
			r.expect("at 0")
			for range 1000 { // some four hours
				r.expect(": keep-alive")
			}
			r.close()
		}
	})
}
