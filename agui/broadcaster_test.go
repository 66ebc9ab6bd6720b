package agui_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/agui"
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

// follow returns the first n events of alice's stream agui.
func follow(t *testing.T, c *client.Client, n int) (events []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for e, err := range c.Follow(ctx, client.Stream{Name: "agui", User: "alice", FromStart: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if events = append(events, string(e.Data)); len(events) == n {
			break
		}
	}
	return events
}

func TestEveryEventArrivesAsItIsEncoded(t *testing.T) {
	hub, c := serve(t)
	thread := agui.NewBroadcaster(hub).In("t1")
	sub, err := hub.Subscribe(tidings.Selector{User: "alice", Sessions: []string{"t1"}}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var want, types []string
	for _, e := range append(minimal(), decorated()...) {
		receipt, err := thread.Broadcast(t.Context(), "alice", e)
		if err != nil || receipt.Subscribers != 1 {
			t.Fatalf("%s: got %+v, %v", e.EventType(), receipt, err)
		}
		want, types = append(want, string(encode(t, e))), append(types, e.EventType())
	}
	if diff := cmp.Diff(want, follow(t, c, len(want))); diff != "" {
		t.Errorf("-encoded +came:\n%s", diff)
	}
	for e, err := range sub.Events(t.Context()) {
		if err != nil || e.Channel != tidings.AGUI || e.Type != types[0] {
			t.Fatalf("got %+v, %v, want the type %s", e, err, types[0])
		}
		if types = types[1:]; len(types) == 0 {
			break
		}
	}
}

func TestEventsThatNameTheirThreadNeedNoIn(t *testing.T) {
	hub, _ := serve(t)
	agent := agui.NewBroadcaster(hub)
	for _, e := range append(minimal(), unknown(t, `{"type":"THINKING_START"}`), unknown(t, `{"type":"LATER","threadId":"t1"}`)) {
		event, err := agent.Event("alice", e)
		switch e.EventType() {
		case agui.RunStarted, agui.RunFinished, "LATER":
			if err != nil || event.Session != "t1" {
				t.Errorf("%s: got the session %q, %v", e.EventType(), event.Session, err)
			}
		default:
			if !errors.Is(err, tidings.ErrInvalid) || !strings.Contains(err.Error(), "use In, this "+e.EventType()+" names none itself") {
				t.Errorf("%s: got %v", e.EventType(), err)
			}
		}
		if event, err = agent.In("t2").Event("alice", e); err != nil || event.Session != "t2" {
			t.Errorf("%s in t2: got the session %q, %v", e.EventType(), event.Session, err)
		}
	}
}

// unknown decodes an event of a type that is not known.
func unknown(t *testing.T, data string) agui.Event {
	t.Helper()
	e, err := agui.Decode([]byte(data))
	if _, ok := e.(*agui.UnknownEvent); !ok {
		t.Fatalf("got %T, %v", e, err)
	}
	return e
}

func TestUnknownEventsAreBroadcastAsTheyCame(t *testing.T) {
	hub, c := serve(t)
	want := []string{`{ "later" : 1.50, "type":"THINKING_START" }`, `{"type":"X_1","threadId":"t1","n":100000000000000000001}`}
	for _, data := range want {
		if _, err := agui.NewBroadcaster(hub).In("t1").Broadcast(t.Context(), "alice", unknown(t, data)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, follow(t, c, len(want))); diff != "" {
		t.Error(diff)
	}
}

// fails panics when it is encoded.
type fails struct{}

func (fails) MarshalJSON() ([]byte, error) { panic("no such value") }

func TestEventsThatCannotBeAreRefusedAndDisconnectNobody(t *testing.T) {
	hub, c := serve(t)
	thread := agui.NewBroadcaster(hub).In("t1")
	sub, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for _, tt := range []struct {
		e       agui.Event
		want    string
		invalid bool
	}{
		{nil, "agui: invalid event: found nil, want an event such as NewRunStarted returns", true},
		{(*agui.RunErrorEvent)(nil), "agui: invalid event: found nil, want an event such as NewRunStarted returns", true},
		{(*agui.UnknownEvent)(nil), "agui: invalid event: found nil, want an event such as NewRunStarted returns", true},
		{agui.NewRunStarted("", "r1"), "agui: invalid RUN_STARTED: threadId is empty", true},
		{&agui.UnknownEvent{Type: "X", Data: []byte(`{"type":"X"`)}, "agui: invalid X: is malformed JSON", true},
		{agui.NewCustom("app.x", fails{}), "the encoder panicked: no such value", false},
		{struct{ agui.Event }{}, "the encoder panicked: runtime error: invalid memory address or nil pointer dereference", false},
	} {
		_, err := thread.Broadcast(t.Context(), "alice", tt.e)
		encoding, ok := errors.AsType[*tidings.EncodeError](err)
		if !ok || encoding.Err.Error() != tt.want || errors.Is(err, agui.ErrInvalid) != tt.invalid {
			t.Errorf("%T: got %v, want %s", tt.e, err, tt.want)
		}
	}
	if receipt, err := thread.Broadcast(t.Context(), "alice", agui.NewTextMessageEnd("m1")); err != nil || receipt.Subscribers != 1 {
		t.Errorf("got %+v, %v, want 1 subscriber", receipt, err)
	}
	if got := follow(t, c, 1); got[0] != `{"type":"TEXT_MESSAGE_END","messageId":"m1"}` {
		t.Errorf("got %s", got)
	}
}

// What an agent of any kind sends passes through HTTP, a hub and a stream as
// it is, but for the line breaks between its tokens.
func TestValidFixturesAreRelayedUnchanged(t *testing.T) {
	_, c := serve(t)
	var want []string
	files := fixtures(t, "valid", 116)
	for _, file := range files {
		data := readFile(t, file)
		e := tidings.Event{User: "alice", Channel: tidings.AGUI, Session: "t1", Data: data}
		if _, err := agui.Peek(data); err != nil { // it is a part of an event
			e.Type = "PART"
		}
		if _, err := c.PublishRaw(t.Context(), e); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want = append(want, strings.NewReplacer("\n", "", "\r", "").Replace(string(data)))
	}
	for i, got := range follow(t, c, len(want)) {
		if got != want[i] {
			t.Errorf("%s:\n got %s\nwant %s", files[i], got, want[i])
		}
	}
}

func TestDefaultIsOnTheDefaultHubUntilAnotherIsSet(t *testing.T) {
	first, _ := serve(t)
	second, _ := serve(t)
	t.Cleanup(func() { agui.SetDefault(nil); tidings.SetDefault(nil) })
	tidings.SetDefault(first)
	for _, tt := range []struct {
		set  *tidings.Broadcaster[agui.Event]
		want *tidings.Hub
	}{
		{nil, first}, {agui.NewBroadcaster(second), second}, {nil, first},
	} {
		agui.SetDefault(tt.set)
		before := tt.want.Stats().Published
		if _, err := agui.Default().Broadcast(t.Context(), "alice", agui.NewRunStarted("t1", "r1")); err != nil {
			t.Fatal(err)
		}
		if got := tt.want.Stats().Published; got != before+1 {
			t.Errorf("the hub has %d events, want %d", got, before+1)
		}
	}
}
