package clients_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// begin is the beginning of a stream of contexts for who knows nothing.
const begin = ": connected\n\nretry: …\n\ndata: snapshot\nid: position\n\n"

// lostOnce is what is seen of a notice without an id.
const lostOnce = `{"after":"position","oldest":"position","reason":"foreign"}`

// stateScenes are about streams that carry more than events: snapshots, which
// have the id that they are of, and notices and figures without one.
var stateScenes = []scene{
	{
		name:   "a snapshot, and what follows",
		stream: "contexts",
		events: []string{`{"n":1}`},
		wire:   begin + "data: agui {\"n\":1} of s\nid: 1\n\n",
		want: map[string]string{
			fetch: `open; empty; empty; position snapshot; 1 agui {"n":1} of s`,
			tail:  `position snapshot; 1 {"n":1}`,
			"":    `open; position snapshot; 1 agui {"n":1} of s`,
		},
	}, {
		name:   "a cut after the snapshot",
		stream: "contexts",
		cut:    cut{events: 1, how: closed},
		away:   []string{`{"n":1}`},
		wire: begin + "-- cut, resumed after position --\n" +
			": connected\n\nretry: …\n\nid: position\n\ndata: agui {\"n\":1} of s\nid: 1\n\n",
		want: map[string]string{
			fetch: `open; empty; empty; position snapshot; error; resumed after position; open; empty; empty; empty position; 1 agui {"n":1} of s`,
			tail:  `resumed after position; position snapshot; 1 {"n":1}`,
			"":    `open; position snapshot; error; resumed after position; open; 1 agui {"n":1} of s`,
		},
	}, {
		name:   "a cut inside the snapshot",
		stream: "contexts",
		cut:    cut{events: 2, any: true, inside: 40, how: closed},
		away:   []string{`{"n":1}`},
		wire:   ": connected\n\nretry: …\n\ndata: {\"protocol\":\"system\",\"event\":{\"typ\n-- cut, resumed after nothing --\n" + begin,
		want: map[string]string{
			fetch: `open; empty; empty; error; resumed after nothing; open; empty; empty; position snapshot`,
			tail:  `resumed after nothing; position snapshot`,
			"":    `open; error; resumed after nothing; open; position snapshot`,
		},
	}, {
		name:   "a cut after the id of the snapshot, before its end",
		stream: "contexts",
		cut:    cut{events: 2, any: true, inside: 1 << 20, how: closed},
		away:   []string{`{"n":1}`},
		wire:   strings.TrimSuffix(begin, "\n") + "-- cut, resumed after nothing --\n" + begin,
		want: map[string]string{
			// It resumes after a state that it has not got.
			fetch:        `open; empty; empty; error; resumed after position; open; empty; empty; empty position; 1 agui {"n":1} of s`,
			fetchGuarded: `open; empty; empty; error; resumed after nothing; open; empty; empty; position snapshot`,
			tail:         `resumed after nothing; position snapshot`,
			"":           `open; error; resumed after nothing; open; position snapshot`,
		},
	}, {
		name:   "a loss on contexts, and a cut between the notice and the snapshot",
		stream: "contexts",
		query:  "&after=1-1",
		args:   []string{"--after", "1-1"},
		names:  []string{wire.LostName},
		cut:    cut{events: 1, how: closed},
		wire: ": connected\n\nretry: …\n\nevent: tidings.lost\ndata: " + lostOnce + "\n\n-- cut, resumed after nothing --\n" +
			": connected\n\nretry: …\n\nevent: tidings.lost\ndata: " + lostOnce + "\n\ndata: snapshot\nid: position\n\n",
		want: map[string]string{
			fetch: `open; empty; empty; tidings.lost ` + lostOnce + `; error; resumed after nothing; ` +
				`open; empty; empty; tidings.lost ` + lostOnce + `; position snapshot`,
			tail: `told; resumed after nothing; position snapshot`,
			"": `open; tidings.lost ` + lostOnce + `; error; resumed after nothing; ` +
				`open; tidings.lost ` + lostOnce + `; position snapshot`,
		},
	}, {
		name:   "events that expire while a client is away, and a cut between the notice and the snapshot",
		stream: "contexts",
		retain: 2,
		names:  []string{wire.LostName},
		events: []string{`{"n":1}`},
		cut:    cut{events: 2, how: closed},
		away:   []string{`{"n":2}`, `{"n":3}`, `{"n":4}`, `{"n":5}`},
		again:  cut{events: 1, how: closed},
		want: map[string]string{
			// Both keep the position that they had, but do not tell it.
			fetch: `open; empty; empty; position snapshot; 1 agui {"n":1} of s; error; resumed after 1; ` +
				`open; empty; empty; tidings.lost {"after":"1","oldest":"position","reason":"expired"}; error; resumed after 1; ` +
				`open; empty; empty; tidings.lost {"after":"1","oldest":"position","reason":"expired"}; position snapshot`,
			eventSource4: `open; position snapshot; 1 agui {"n":1} of s; error; resumed after 1; ` +
				`open; tidings.lost {"after":"1","oldest":"position","reason":"expired"}; error; resumed after 1; ` +
				`open; tidings.lost {"after":"1","oldest":"position","reason":"expired"}; position snapshot`,
			eventSource5: `open; position snapshot; 1 agui {"n":1} of s; error; resumed after 1; ` +
				`open; tidings.lost 1 {"after":"1","oldest":"position","reason":"expired"}; error; resumed after 1; ` +
				`open; tidings.lost 1 {"after":"1","oldest":"position","reason":"expired"}; position snapshot`,
			tail: `told; resumed after 1; resumed after 1; position snapshot; 1 {"n":1}; position snapshot`,
		},
	}, {
		name:   "figures move no position",
		stream: "analytics",
		events: []string{`{"n":1}`},
		cut:    cut{events: 2, how: closed},
		again:  cut{events: 1, how: closed}, // after figures
		want: map[string]string{
			fetch: `open; empty; empty; empty position; figures; 1 {"n":1}; error; resumed after 1; ` +
				`open; empty; empty; empty 1; figures; error; resumed after 1; open; empty; empty; empty 1; figures`,
			eventSource4: `open; figures; 1 {"n":1}; error; resumed after 1; open; figures; error; resumed after 1; open; figures`,
			eventSource5: `open; position figures; 1 {"n":1}; error; resumed after 1; open; 1 figures; error; resumed after 1; open; 1 figures`,
			tail:         `resumed after 1; resumed after 1; figures; 1 {"n":1}; figures; figures`,
		},
	}, {
		name:      "heartbeats that are asked for",
		stream:    "contexts",
		query:     "&heartbeat=json",
		names:     []string{wire.HeartbeatName},
		keepAlive: 100 * time.Millisecond,
		passes:    "event: heartbeat",
		wire:      begin + "event: heartbeat\ndata: {\"type\":\"heartbeat\"}\n\n",
		want: map[string]string{
			fetch:        `open; empty; empty; position snapshot; heartbeat {"type":"heartbeat"}`,
			eventSource4: `open; position snapshot; heartbeat {"type":"heartbeat"}`,
			eventSource5: `open; position snapshot; heartbeat position {"type":"heartbeat"}`,
		},
	}, {
		name:      "heartbeats that nobody listens to",
		stream:    "analytics",
		query:     "&heartbeat=json",
		keepAlive: 100 * time.Millisecond,
		passes:    "event: heartbeat",
		wire:      first + "data: figures\n\nevent: heartbeat\ndata: {\"type\":\"heartbeat\"}\n\n",
		want: map[string]string{
			fetch:        `open; empty; empty; empty position; figures; heartbeat {"type":"heartbeat"}`,
			eventSource4: `open; figures`,
			eventSource5: `open; position figures`,
		},
	},
}

// What clients make of streams that tell a state.
func TestClientsSeeStates(t *testing.T) {
	skipShort(t)
	needNode(t)
	for _, s := range stateScenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.play(t)
		})
	}
}

// Heartbeats are refused where official clients would take them for events of
// their protocol.
func TestHeartbeatsAreOnTheStreamsThatHaveThem(t *testing.T) {
	skipShort(t)
	server := startServer(t, within(t, 30*time.Second))
	for stream, want := range map[string]int{"agui": 400, "a2a": 400, "feed": 400, "contexts": 200, "analytics": 200} {
		resp, err := http.Head(server.url + wire.StreamPath + stream + "?user=u&heartbeat=json")
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != want {
			t.Errorf("%s is answered with %d, want %d", stream, resp.StatusCode, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// serve opens the server of a scene, and returns its address.
func (g *stage) serve(t *testing.T, ctx context.Context) string {
	t.Helper()
	if g.stream == "" {
		g.stream = "agui"
	}
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: g.retain}})
	t.Cleanup(func() { log.Close() })
	var err error
	if g.hub, err = tidings.New(ctx, log, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.hub.Close() })
	web := httptest.NewServer(httpapi.New(g.hub, &httpapi.Options{
		KeepAlive: g.keepAlive, StatsInterval: time.Hour, Retry: 20 * time.Millisecond,
	}))
	t.Cleanup(web.Close)
	return web.Listener.Addr().String()
}

// connections returns how many a client of the scene makes.
func (s *scene) connections() int {
	if s.again != (cut{}) {
		return 3
	}
	return 2
}

// channel returns that of a scene's events.
func (g *stage) channel() tidings.Channel {
	if g.stream == "analytics" {
		return tidings.Analytics
	}
	return tidings.AGUI
}

var (
	snapshot  = regexp.MustCompile(`(\{"protocol":"system","event":)?\{"type":"CONTEXTS_SNAPSHOT","timestamp":"[^"]*","contexts":\[[^\]\n]*\]\}(\})?`)
	enveloped = regexp.MustCompile(`\{"protocol":"(\w+)","event":(.*),"session":"(\w+)"\}`)
	figures   = regexp.MustCompile(`\{"type":"REAL_TIME_STATS","timestamp":"[^"]*","active_sessions":\d+,[^}]*\}`)

	// Heartbeats come as often as they come.
	manyHeartbeats      = regexp.MustCompile(`(heartbeat( position)? \{"type":"heartbeat"\})(; heartbeat( position)? \{"type":"heartbeat"\}|; empty position)*`)
	manyHeartbeatFrames = regexp.MustCompile(`(event: heartbeat\ndata: \{"type":"heartbeat"\}\n\n)(event: heartbeat\ndata: \{"type":"heartbeat"\}\n\n|id: position\n\n)*`)
)

// plain shortens what is told of a state, and envelopes.
func plain(text string) string {
	text = snapshot.ReplaceAllString(text, "snapshot")
	text = enveloped.ReplaceAllString(text, "$1 $2 of $3")
	return figures.ReplaceAllString(text, "figures")
}

// words joins what is not empty.
func words(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// toldOfLoss reports whether tail says that events may be missing.
func toldOfLoss(text string) bool {
	return strings.Contains(text, "is not a position of") || strings.Contains(text, "are no longer kept")
}
