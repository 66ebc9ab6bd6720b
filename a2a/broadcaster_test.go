package a2a_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	sdk "github.com/a2aproject/a2a-go/v2/a2a"
	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
)

// serve serves a hub until the test ends.
func serve(t *testing.T) (*tidings.Hub, *client.Client) {
	t.Helper()
	hub, err := tidings.New(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(httpapi.New(hub, nil))
	c, err := client.New(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); hub.Close(); server.Close() })
	return hub, c
}

// follow returns the first n events of alice's stream a2a.
func follow(t *testing.T, c *client.Client, n int) (events []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for e, err := range c.Follow(ctx, client.Stream{Name: "a2a", User: "alice", FromStart: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if events = append(events, string(e.Data)); len(events) == n {
			break
		}
	}
	return events
}

// An officialEvent is an event of the SDK, and the stream response of A2A 1.0
// that it is.
type officialEvent struct {
	event              sdk.Event
	typ, session, want string
}

// official returns events of each type of the SDK.
func official() []officialEvent {
	at := time.UnixMilli(1770000000123).UTC()
	said := &sdk.Message{ID: "m", ContextID: "c", TaskID: "k", Role: sdk.MessageRoleAgent, Parts: sdk.ContentParts{sdk.NewTextPart("<Hi>")}}
	every := sdk.ContentParts{sdk.NewTextPart(""), sdk.NewRawPart([]byte("hi")), sdk.NewDataPart(map[string]any{"n": 1.5}), sdk.NewFileURLPart("https://example.com/f", "text/plain")}
	const saidWant = `{"messageId":"m","contextId":"c","parts":[{"text":"\u003cHi\u003e"}],"role":"ROLE_AGENT","taskId":"k"}`
	const everyWant = `[{"text":""},{"raw":"aGk="},{"data":{"n":1.5}},{"url":"https://example.com/f","mediaType":"text/plain"}]`
	return []officialEvent{
		{event: said, typ: "message", session: "c", want: `{"message":` + saidWant + `}`},
		{
			event: &sdk.Message{ID: "m", Role: sdk.MessageRoleUser, Parts: every}, typ: "message",
			want: `{"message":{"messageId":"m","parts":` + everyWant + `,"role":"ROLE_USER"}}`,
		},
		{
			event: &sdk.Task{ID: "k", ContextID: "c", Status: sdk.TaskStatus{State: sdk.TaskStateSubmitted}}, typ: "task", session: "c",
			want: `{"task":{"id":"k","contextId":"c","status":{"state":"TASK_STATE_SUBMITTED"}}}`,
		},
		{
			event: &sdk.Task{
				ID: "k", ContextID: "c", History: []*sdk.Message{said}, Artifacts: []*sdk.Artifact{{ID: "a", Name: "n", Parts: every}},
				Status: sdk.TaskStatus{State: sdk.TaskStateInputRequired, Message: said, Timestamp: &at}, Metadata: map[string]any{"x": "y"},
			}, typ: "task", session: "c",
			want: `{"task":{"id":"k","artifacts":[{"artifactId":"a","name":"n","parts":` + everyWant + `}],"contextId":"c","history":[` + saidWant + `],"metadata":{"x":"y"},` +
				`"status":{"message":` + saidWant + `,"state":"TASK_STATE_INPUT_REQUIRED","timestamp":"2026-02-02T02:40:00.123Z"}}}`,
		},
		{
			event: &sdk.TaskStatusUpdateEvent{TaskID: "k", ContextID: "c", Status: sdk.TaskStatus{State: sdk.TaskStateCompleted, Message: said}},
			typ:   "statusUpdate", session: "c",
			want: `{"statusUpdate":{"contextId":"c","status":{"message":` + saidWant + `,"state":"TASK_STATE_COMPLETED"},"taskId":"k"}}`,
		},
		{
			event: &sdk.TaskArtifactUpdateEvent{TaskID: "k", ContextID: "c", Append: true, LastChunk: true, Artifact: &sdk.Artifact{ID: "a", Parts: every}},
			typ:   "artifactUpdate", session: "c",
			want: `{"artifactUpdate":{"append":true,"artifact":{"artifactId":"a","parts":` + everyWant + `},"contextId":"c","lastChunk":true,"taskId":"k"}}`,
		},
	}
}

func TestEveryEventOfTheSDKArrivesAsTheSDKReadsIt(t *testing.T) {
	hub, c := serve(t)
	events := official()
	for _, tt := range events {
		e, err := a2a.NewBroadcaster(hub).Event("alice", tt.event)
		if err != nil || e.Type != tt.typ || e.Session != tt.session || e.Channel != tidings.A2A || string(e.Data) != tt.want {
			t.Errorf("got %s %q %q %s, %v\nwant %s %q %s", e.Type, e.Session, e.Channel, e.Data, err, tt.typ, tt.session, tt.want)
		}
		if p, err := a2a.Peek(e.Data); err != nil || p.Type != e.Type || p.ContextID != e.Session {
			t.Errorf("Peek finds %+v, %v", p, err)
		}
		if _, err := a2a.NewBroadcaster(hub).Broadcast(t.Context(), "alice", tt.event); err != nil {
			t.Fatal(err)
		}
	}
	for i, data := range follow(t, c, len(events)) {
		var response sdk.StreamResponse
		if err := json.Unmarshal([]byte(data), &response); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if !reflect.DeepEqual(response.Event, events[i].event) || data != events[i].want {
			t.Errorf("got %s\n%s", data, cmp.Diff(events[i].event, response.Event))
		}
	}
}

func TestEventsOfTheSDKThatCannotBeAreRefused(t *testing.T) {
	hub, _ := serve(t)
	sub, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	empty := sdk.ContentParts{sdk.NewTextPart("x"), {Filename: "f"}}
	const noContent = "part 1: found no content, want Text, Raw, Data or URL"
	for _, tt := range []struct {
		event sdk.Event
		want  string
	}{
		{nil, "found nil, want a *Task"},
		{(*sdk.Task)(nil), "found a nil *a2a.Task, want a *Task"},
		{(*sdk.Message)(nil), "found a nil *a2a.Message, want"},
		{(*sdk.TaskStatusUpdateEvent)(nil), "found a nil *a2a.TaskStatusUpdateEvent, want"},
		{(*sdk.TaskArtifactUpdateEvent)(nil), "found a nil *a2a.TaskArtifactUpdateEvent, want"},
		{sdk.StreamResponse{Event: &sdk.Task{}}, "found the type a2a.StreamResponse, want"},
		{&sdk.Message{ID: "m", Parts: empty}, `message: message "m": ` + noContent},
		{&sdk.Message{Parts: sdk.ContentParts{nil}}, `message: message "": part 0: found no content`},
		{&sdk.Message{Parts: sdk.ContentParts{sdk.NewFileURLPart("", "")}}, `message: message "": part 0: found no content`},
		{&sdk.Task{History: []*sdk.Message{nil, {ID: "h", Parts: empty}}}, `task: message "h": ` + noContent},
		{&sdk.Task{Status: sdk.TaskStatus{Message: &sdk.Message{ID: "s", Parts: empty}}}, `task: message "s": ` + noContent},
		{&sdk.Task{Artifacts: []*sdk.Artifact{nil, {ID: "a", Parts: empty}}}, `task: artifact "a": ` + noContent},
		{&sdk.TaskStatusUpdateEvent{Status: sdk.TaskStatus{Message: &sdk.Message{ID: "s", Parts: empty}}}, `statusUpdate: message "s": ` + noContent},
		{&sdk.TaskArtifactUpdateEvent{Artifact: &sdk.Artifact{ID: "a", Parts: empty}}, `artifactUpdate: artifact "a": ` + noContent},
		{&sdk.Task{Metadata: map[string]any{"x": func() {}}}, "json: unsupported type: func()"},
	} {
		_, err := a2a.NewBroadcaster(hub).Broadcast(t.Context(), "alice", tt.event)
		encoding, ok := errors.AsType[*tidings.EncodeError](err)
		if !ok || !strings.Contains(encoding.Err.Error(), tt.want) {
			t.Errorf("%T: got %v, want %s", tt.event, err, tt.want)
		}
		if errors.Is(err, a2a.ErrInvalid) == strings.HasPrefix(tt.want, "json: ") {
			t.Errorf("%T: %v matches ErrInvalid: %t", tt.event, err, errors.Is(err, a2a.ErrInvalid))
		}
	}
	receipt, err := a2a.NewBroadcaster(hub).Broadcast(t.Context(), "alice", &sdk.Message{})
	if err != nil || receipt.Subscribers != 1 || hub.Stats().Published != 1 {
		t.Errorf("got %+v, %v, want 1 subscriber", receipt, err)
	}
}

// A part without content is refused because of this.
func TestTheSDKRefusesToReadPartsWithoutContent(t *testing.T) {
	for _, part := range []*sdk.Part{{Filename: "f"}, sdk.NewFileURLPart("", "")} {
		data, err := json.Marshal(sdk.StreamResponse{Event: &sdk.Message{Parts: sdk.ContentParts{part}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, new(sdk.StreamResponse)); err == nil {
			t.Errorf("it reads %s", data)
		}
	}
}

func TestRawEventsArriveByteForByteWithoutTheResponseAroundThem(t *testing.T) {
	hub, c := serve(t)
	raw := a2a.NewRawBroadcaster(hub)
	var want []string
	for _, event := range []string{
		task, message, statusUpdate, artifactUpdate, task03, message03, statusUpdate03, artifactUpdate03,
		`{ "kind" : "message","messageId":"m","n":[1e400,-0,1.10,"\u003c\/"],"parts":[] }`,
		"{\"kind\":\n\"status-update\",\r\n\"final\":true}",
	} {
		for _, wrap := range []string{"%", `{"jsonrpc":"2.0","id":"1","result":%}`} {
			data := json.RawMessage(strings.Replace(wrap, "%", event, 1))
			p, err := a2a.Peek(data)
			if err != nil {
				t.Fatal(err)
			}
			if e, err := raw.Event("alice", data); err != nil || e.Type != p.Type || e.Session != p.ContextID || string(e.Data) != event {
				t.Errorf("got %+v, %v, want %s %q", e, err, p.Type, p.ContextID)
			}
			if _, err := raw.Broadcast(t.Context(), "alice", data); err != nil {
				t.Fatal(err)
			}
			want = append(want, strings.NewReplacer("\n", "", "\r", "").Replace(event))
		}
	}
	if diff := cmp.Diff(want, follow(t, c, len(want))); diff != "" {
		t.Errorf("-sent +came:\n%s", diff)
	}
}

func TestRawEventsThatCannotBeAreRefused(t *testing.T) {
	hub, _ := serve(t)
	for _, data := range []string{
		``, `null`, `[` + task + `]`, `{}`, `{"type":"TASK_SUBMITTED"}`, `{"kind":"end"}`, `{"task":{},"message":{}}`, `{"task":{"id":7}}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32001}}`, `{"jsonrpc":"2.0","method":"SendMessage"}`,
		`{"task":{"id":"k","n":01}}`, `{"jsonrpc":"2.0","id":01,"result":` + task + `}`, task + task,
	} {
		_, err := a2a.NewRawBroadcaster(hub).Broadcast(t.Context(), "alice", json.RawMessage(data))
		if _, ok := errors.AsType[*tidings.EncodeError](err); !ok || !errors.Is(err, a2a.ErrInvalid) {
			t.Errorf("%s: got %v", data, err)
		}
	}
	if got := hub.Stats(); got.Published != 0 {
		t.Errorf("%d events were published", got.Published)
	}
}

// As over HTTP, what names no context goes to its owner, and to a session only
// if one is given.
func TestEventsWithoutContextNeedNoSession(t *testing.T) {
	hub, _ := serve(t)
	for _, in := range []string{"", "c"} {
		typed, err := a2a.NewBroadcaster(hub).In(in).Event("alice", sdk.NewMessage(sdk.MessageRoleAgent))
		if err != nil || typed.Session != in {
			t.Errorf("got %+v, %v, want the session %q", typed, err, in)
		}
		raw, err := a2a.NewRawBroadcaster(hub).In(in).Event("alice", json.RawMessage(`{"kind":"message"}`))
		if err != nil || raw.Session != in {
			t.Errorf("got %+v, %v, want the session %q", raw, err, in)
		}
	}
}

func TestDefaultsAreOnTheDefaultHubUntilOthersAreSet(t *testing.T) {
	first, _ := serve(t)
	second, _ := serve(t)
	t.Cleanup(func() { a2a.SetDefault(nil); a2a.SetDefaultRaw(nil); tidings.SetDefault(nil) })
	tidings.SetDefault(first)
	for _, own := range []bool{false, true, false} {
		want := first
		if own {
			want = second
			a2a.SetDefault(a2a.NewBroadcaster(second))
			a2a.SetDefaultRaw(a2a.NewRawBroadcaster(second))
		} else {
			a2a.SetDefault(nil)
			a2a.SetDefaultRaw(nil)
		}
		before := want.Stats().Published
		if _, err := a2a.Default().Broadcast(t.Context(), "alice", &sdk.Task{ID: "k"}); err != nil {
			t.Error(err)
		}
		if _, err := a2a.DefaultRaw().Broadcast(t.Context(), "alice", json.RawMessage(task)); err != nil {
			t.Error(err)
		}
		if got := want.Stats().Published - before; got != 2 {
			t.Errorf("the hub has %d more events, want 2", got)
		}
	}
}
