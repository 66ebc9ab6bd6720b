package tidings_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
)

// A build is an event type of somebody's own.
type build struct {
	Name string `json:"name"`
	Fail string `json:"-"` // how to fail
}

func (build) EventType() string { return "BUILD" }

// encodeBuild fails as the build says.
func encodeBuild(dst []byte, b build) (tidings.Event, error) {
	switch b.Fail {
	case "error":
		return tidings.Event{}, errBuild
	case "panic":
		panic("no such build")
	case "panic with an error":
		panic(errBuild)
	case "bytes":
		return tidings.Event{Data: append(dst, "{]"...)}, nil
	}
	return tidings.Event{Type: "BUILD", Session: b.Name, Data: append(append(append(dst, `"`...), b.Name...), `"`...)}, nil
}

var errBuild = errors.New("broken build")

// newBuilds returns a broadcaster on a channel of its own.
func newBuilds(t *testing.T, encode tidings.Encoder[build], opts *tidings.BroadcasterOptions) (*tidings.Hub, *tidings.Broadcaster[build]) {
	t.Helper()
	router, err := tidings.NewRouter(tidings.Stream{Name: "builds", Channels: []tidings.Channel{"builds"}},
		tidings.Stream{Name: "all", Channels: []tidings.Channel{"builds", "odds"}})
	if err != nil {
		t.Fatal(err)
	}
	hub := newHub(t, nil, &tidings.Options{Router: router})
	return hub, tidings.NewBroadcaster(hub, "builds", encode, opts)
}

func TestBroadcastReachesTheOwnersSubscribersOnly(t *testing.T) {
	hub, builds := newBuilds(t, encodeBuild, nil)
	first := subscribe(t, hub, tidings.Selector{User: "alice"}, tidings.Live)
	second := subscribe(t, hub, tidings.Selector{User: "alice"}, tidings.Live)
	other := subscribe(t, hub, tidings.Selector{User: "bob"}, tidings.Live)
	for user, want := range map[string]int{"alice": 2, "bob": 1, "nobody": 0} {
		receipt, err := builds.Broadcast(t.Context(), user, build{Name: user})
		if err != nil || receipt.Subscribers != want {
			t.Errorf("%s: got %d subscribers and error %v, want %d", user, receipt.Subscribers, err, want)
		}
	}
	for want, subs := range map[string][]*tidings.Subscription{`"alice"`: {first, second}, `"bob"`: {other}} {
		for _, sub := range subs {
			if got := read(t, sub, 1); got[0] != want {
				t.Errorf("got %v, want %s", got, want)
			}
			if batch, err := sub.Pending(t.Context(), nil); len(batch.Events) != 0 || err != nil {
				t.Errorf("got %d more events and error %v", len(batch.Events), err)
			}
		}
	}
}

func TestWhoLeftIsNotCounted(t *testing.T) {
	hub, builds := newBuilds(t, encodeBuild, nil)
	first := subscribe(t, hub, tidings.Selector{User: "alice"}, tidings.Live)
	second := subscribe(t, hub, tidings.Selector{User: "alice"}, tidings.Live)
	left := 2
	for _, sub := range []*tidings.Subscription{first, second} {
		sub.Close()
		left--
		receipt, err := builds.Broadcast(t.Context(), "alice", build{Name: "x"})
		if err != nil || receipt.Subscribers != left {
			t.Errorf("got %d subscribers and error %v, want %d", receipt.Subscribers, err, left)
		}
	}
	if got := hub.Stats().Subscribers; got != 0 {
		t.Errorf("%d subscribers are left", got)
	}
}

func TestBroadcastPublishesWhatTheEncoderSays(t *testing.T) {
	hub, builds := newBuilds(t, encodeBuild, nil)
	sub := subscribe(t, hub, tidings.Selector{User: "alice"}, tidings.Live)
	for _, b := range []*tidings.Broadcaster[build]{builds, builds.In("s")} {
		if _, err := b.Broadcast(t.Context(), "alice", build{Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	var sessions []string
	for e, err := range sub.Events(t.Context()) {
		if err != nil || e.Channel != "builds" || e.Type != "BUILD" || e.User != "alice" || string(e.Data) != `"x"` {
			t.Fatalf("got %+v, error %v", e, err)
		}
		if sessions = append(sessions, e.Session); len(sessions) == 2 {
			break
		}
	}
	if got := strings.Join(sessions, " "); got != "x s" {
		t.Errorf("got the sessions %s, want x s", got)
	}
}

func TestEncodersCannotNameTheOwner(t *testing.T) {
	hub := newHub(t, nil, nil)
	mislead := func(dst []byte, _ string) (tidings.Event, error) {
		return tidings.Event{User: "bob", Session: "s", Data: append(dst, '1')}, nil
	}
	b := tidings.NewBroadcaster(hub, tidings.System, mislead, nil)
	if _, err := b.Broadcast(t.Context(), "alice", ""); err != nil {
		t.Fatal(err)
	}
	if alice, bob := hub.Rings("alice")["s"], hub.Rings("bob")["s"]; alice != 1 || bob != 0 {
		t.Errorf("alice has %d events and bob %d, want 1 and 0", alice, bob)
	}
}

func TestBroadcastWithoutAnEncoder(t *testing.T) {
	hub, builds := newBuilds(t, nil, nil)
	sub := subscribe(t, hub, tidings.Selector{User: "alice"}, tidings.Live)
	if _, err := builds.Broadcast(t.Context(), "alice", build{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	for e, err := range sub.Events(t.Context()) {
		if err != nil || e.Type != "BUILD" || string(e.Data) != `{"name":"x"}` {
			t.Fatalf("got %+v, error %v", e, err)
		}
		break
	}
	functions := tidings.NewBroadcaster[func()](hub, "builds", nil, nil)
	if _, err := functions.Broadcast(t.Context(), "alice", func() {}); encodeError(err) == nil {
		t.Errorf("got error %v", err)
	}
}

// encodeError returns err as an *EncodeError, or nil.
func encodeError(err error) *tidings.EncodeError {
	e, _ := errors.AsType[*tidings.EncodeError](err)
	return e
}

func TestFailingEncodersReachTheCallerAndDisconnectNobody(t *testing.T) {
	hub, builds := newBuilds(t, encodeBuild, nil)
	sub := subscribe(t, hub, tidings.Selector{User: "alice"}, tidings.Live)
	guard := register(t, builds.Registry, "alice", "1")
	for fail, want := range map[string]error{"error": errBuild, "panic": nil, "panic with an error": errBuild} {
		_, err := builds.Broadcast(t.Context(), "alice", build{Fail: fail})
		if e := encodeError(err); e == nil || e.Channel != "builds" || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: got error %v", fail, err)
		}
	}
	if _, err := builds.Broadcast(t.Context(), "alice", build{Fail: "bytes"}); !errors.Is(err, tidings.ErrInvalid) {
		t.Errorf("malformed JSON: got error %v", err)
	}
	if got := hub.Stats(); got.Published != 0 || got.Refused != 4 || got.Subscribers != 1 || builds.ConnectionCount("alice") != 1 {
		t.Errorf("got %+v", got)
	}
	if _, err := builds.Broadcast(t.Context(), "alice", build{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, sub, 1); got[0] != `"x"` {
		t.Errorf("got %v", got)
	}
	select {
	case <-guard.Done():
		t.Error("the connection was ended")
	default:
	}
}

func TestEventIsWhatBroadcastPublishes(t *testing.T) {
	hub, builds := newBuilds(t, encodeBuild, nil)
	var batch []tidings.Event
	for _, name := range []string{"x", "y", "x"} {
		e, err := builds.Event("alice", build{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		e.Key = name
		batch = append(batch, e)
	}
	receipts := publish(t, hub, batch...)
	if receipts[0].ID != receipts[2].ID || !receipts[2].Duplicate || receipts[1].Duplicate {
		t.Errorf("got %+v", receipts)
	}
	if _, err := builds.Event("alice", build{Fail: "error"}); encodeError(err) == nil {
		t.Errorf("got error %v", err)
	}
}

func TestSessionsCanBeRequired(t *testing.T) {
	_, builds := newBuilds(t, encodeBuild, &tidings.BroadcasterOptions{SessionRequired: true})
	_, err := builds.Broadcast(t.Context(), "alice", build{})
	if encodeError(err) == nil || !errors.Is(err, tidings.ErrInvalid) || !strings.Contains(err.Error(), "BUILD") {
		t.Errorf("got error %v", err)
	}
	if _, err := builds.In("s").Broadcast(t.Context(), "alice", build{}); err != nil {
		t.Error(err)
	}
}

func TestBroadcastersCountTheConnectionsToTheirStream(t *testing.T) {
	hub, builds := newBuilds(t, encodeBuild, nil)
	for channel, stream := range map[tidings.Channel]string{
		"builds": "builds", "odds": "all", tidings.System: "contexts", tidings.AGUI: "agui", tidings.Analytics: "analytics",
	} {
		if tidings.NewBroadcaster[build](hub, channel, nil, nil).Registry != hub.Connections(stream) {
			t.Errorf("%s does not count the connections to %s", channel, stream)
		}
	}
	own := tidings.NewBroadcaster[build](hub, "builds", nil, &tidings.BroadcasterOptions{Stream: "all"})
	if own.Registry != hub.Connections("all") {
		t.Error("the stream that was asked for is not counted")
	}
	if builds.In("s").Registry != builds.Registry {
		t.Error("a broadcaster for a session counts something else")
	}
}

func TestUnknownChannelsCannotBeBroadcastOn(t *testing.T) {
	hub, _ := newBuilds(t, encodeBuild, nil)
	for _, channel := range []tidings.Channel{"nowhere", "tidings.control", ""} {
		b := tidings.NewBroadcaster(hub, channel, encodeBuild, nil)
		if _, err := b.Broadcast(t.Context(), "alice", build{Name: "x"}); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%q: got error %v", channel, err)
		}
	}
}

func TestBroadcastToAClosedHub(t *testing.T) {
	hub, builds := newBuilds(t, encodeBuild, nil)
	hub.Close()
	if _, err := builds.Broadcast(t.Context(), "alice", build{Name: "x"}); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got error %v", err)
	}
}

func TestDefaultBroadcaster(t *testing.T) {
	t.Cleanup(func() { tidings.SetDefault(nil) })
	first, _ := newBuilds(t, nil, nil)
	second, _ := newBuilds(t, nil, nil)
	d := tidings.NewDefaultBroadcaster(func(hub *tidings.Hub) *tidings.Broadcaster[build] {
		return tidings.NewBroadcaster(hub, "builds", encodeBuild, nil)
	})
	for _, hub := range []*tidings.Hub{first, second} { // it follows the default hub
		tidings.SetDefault(hub)
		if first := d.Get(); d.Get() != first {
			t.Error("asked twice it is not the same")
		}
		if _, err := d.Get().Broadcast(context.Background(), "alice", build{Name: "x"}); err != nil {
			t.Fatal(err)
		}
		if got := hub.Stats().Published; got != 1 {
			t.Errorf("the default hub has %d events, want 1", got)
		}
	}
	set := tidings.NewBroadcaster(first, "builds", encodeBuild, nil)
	d.Set(set)
	if d.Get() != set {
		t.Error("the one that was set is not the default")
	}
	d.Set(nil)
	if d.Get().Registry != second.Connections("builds") {
		t.Error("after Set(nil) the default is not on the default hub")
	}
}

func TestDefaultHub(t *testing.T) {
	t.Cleanup(func() { tidings.SetDefault(nil) })
	tidings.SetDefault(nil)
	hub := tidings.Default()
	defer hub.Close()
	if hub != tidings.Default() {
		t.Error("asked twice it is not the same")
	}
	if _, err := hub.Publish(t.Context(), event("u", "s", "1")); err != nil {
		t.Error(err)
	}
}
