package clients_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// everybody is all clients.
var everybody = []string{tail, eventSource4, eventSource5, fetch, fetchGuarded}

// A scene is something that happens on a stream, and what clients see of it.
type scene struct {
	name      string
	stream    string   // agui if empty
	query     string   // of the stream
	args      []string // of tail that mean the same; nil: tail cannot ask for it
	names     []string // of frames that an EventSource listens to
	keepAlive time.Duration
	cut       cut               // of the first connection
	again     cut               // of the second one, or none
	retain    int               // how many events of a session are kept; 0: enough
	events    []string          // once the client is connected
	away      []string          // while it is not, the first time
	elsewhere string            // an event of somebody else
	passes    string            // then, before the last event
	wire      string            // to eventsource 5
	want      map[string]string // by client; the one named "" is for the others
}

// first is the beginning of a stream.
const first = ": connected\n\nretry: …\n\nid: position\n\n"

var scenes = []scene{
	{
		name:   "the start of a stream",
		events: []string{`{"n":1}`},
		wire:   first + "data: {\"n\":1}\nid: 1\n\n",
		want: map[string]string{
			// The comment, the retry and the position are messages without data.
			fetch: "open; empty; empty; empty position; 1 {\"n\":1}",
			tail:  "1 {\"n\":1}",
			"":    "open; 1 {\"n\":1}",
		},
	}, {
		name:      "keep-alive, with a position that has moved",
		keepAlive: 100 * time.Millisecond,
		elsewhere: `{"n":1}`,
		passes:    ": keep-alive\n\nid: ",
		wire:      first + ": keep-alive\n\nid: position\n\n",
		want: map[string]string{
			fetch: "open; empty; empty; empty position; empty; empty position",
			tail:  "",
			"":    "open",
		},
	}, {
		name:   "notice of a loss",
		query:  "&after=1-1",
		args:   []string{"--after", "1-1"},
		names:  []string{wire.LostName},
		events: []string{`{"n":1}`},
		wire: ": connected\n\nretry: …\n\nid: position\n\n" +
			"event: tidings.lost\ndata: {\"after\":\"position\",\"oldest\":\"position\",\"reason\":\"foreign\"}\nid: position\n\n" +
			"data: {\"n\":1}\nid: 1\n\n",
		want: map[string]string{
			fetch: `open; empty; empty; empty position; tidings.lost position {"after":"position","oldest":"position","reason":"foreign"}; 1 {"n":1}`,
			tail:  `told; 1 {"n":1}`,
			"":    `open; tidings.lost position {"after":"position","oldest":"position","reason":"foreign"}; 1 {"n":1}`,
		},
	}, {
		name:   "notice of a loss that nobody listens to",
		query:  "&after=1-1",
		args:   []string{"--after", "1-1"},
		events: []string{`{"n":1}`},
		want: map[string]string{
			fetch: `open; empty; empty; empty position; tidings.lost position {"after":"position","oldest":"position","reason":"foreign"}; 1 {"n":1}`,
			tail:  `told; 1 {"n":1}`,
			"":    `open; 1 {"n":1}`,
		},
	}, {
		name:   "named frames",
		query:  "&names=type",
		args:   nil,
		names:  []string{"RUN_STARTED", "error"},
		events: []string{`{"type":"RUN_STARTED"}`, `{"type":"STEP_STARTED"}`, `{"type":"error"}`},
		wire: first + "event: RUN_STARTED\ndata: {\"type\":\"RUN_STARTED\"}\nid: 1\n\n" +
			"event: STEP_STARTED\ndata: {\"type\":\"STEP_STARTED\"}\nid: 2\n\n" +
			"data: {\"type\":\"error\"}\nid: 3\n\n",
		want: map[string]string{
			fetch: `open; empty; empty; empty position; RUN_STARTED 1 {"type":"RUN_STARTED"}; STEP_STARTED 2 {"type":"STEP_STARTED"}; 3 {"type":"error"}`,
			// Frames whose names it does not listen to pass unseen.
			"": `open; RUN_STARTED 1 {"type":"RUN_STARTED"}; 3 {"type":"error"}`,
		},
	}, {
		name: "a cut before the first event, which comes meanwhile",
		cut:  cut{events: 3, any: true, how: closed},
		away: []string{`{"n":1}`},
		wire: first + "-- cut, resumed after position --\n" + first + "data: {\"n\":1}\nid: 1\n\n",
		want: map[string]string{
			// It does not remember a position without an event, and is live again
			// where it should resume: begin with ?from=start or ?after=.
			eventSource4: "open; error; resumed after nothing; open",
			fetch:        "open; empty; empty; empty position; error; resumed after position; open; empty; empty; empty position; 1 {\"n\":1}",
			tail:         "resumed after position; 1 {\"n\":1}",
			"":           "open; error; resumed after position; open; 1 {\"n\":1}",
		},
	}, {
		name:   "a cut between events",
		cut:    cut{events: 1, how: closed},
		events: []string{`{"n":1}`, `{"n":2}`},
		wire: first + "data: {\"n\":1}\nid: 1\n\n-- cut, resumed after 1 --\n" +
			": connected\n\nretry: …\n\nid: 1\n\ndata: {\"n\":2}\nid: 2\n\n",
		want: map[string]string{
			fetch: "open; empty; empty; empty position; 1 {\"n\":1}; error; resumed after 1; open; empty; empty; empty 1; 2 {\"n\":2}",
			tail:  "resumed after 1; 1 {\"n\":1}; 2 {\"n\":2}",
			"":    "open; 1 {\"n\":1}; error; resumed after 1; open; 2 {\"n\":2}",
		},
	}, {
		name:   "a cut inside an event",
		cut:    cut{events: 1, inside: len("data: {\"n\""), how: closed},
		events: []string{`{"n":1}`, `{"n":2}`},
		wire: first + "data: {\"n\":1}\nid: 1\n\ndata: {\"n\"\n-- cut, resumed after 1 --\n" +
			": connected\n\nretry: …\n\nid: 1\n\ndata: {\"n\":2}\nid: 2\n\n",
		want: map[string]string{
			fetch: "open; empty; empty; empty position; 1 {\"n\":1}; error; resumed after 1; open; empty; empty; empty 1; 2 {\"n\":2}",
			tail:  "resumed after 1; 1 {\"n\":1}; 2 {\"n\":2}",
			"":    "open; 1 {\"n\":1}; error; resumed after 1; open; 2 {\"n\":2}",
		},
	}, {
		name:   "a cut after the id of an event, before its end",
		cut:    cut{events: 1, inside: len("data: {\"n\":2}\nid: 1763672400000000000-2\n"), how: closed},
		events: []string{`{"n":1}`, `{"n":2}`},
		wire: first + "data: {\"n\":1}\nid: 1\n\ndata: {\"n\":2}\nid: 2\n-- cut, resumed after 1 --\n" +
			": connected\n\nretry: …\n\nid: 1\n\ndata: {\"n\":2}\nid: 2\n\n",
		want: map[string]string{
			// It resumes after an event whose end it has not read.
			fetch:        "open; empty; empty; empty position; 1 {\"n\":1}; error; resumed after 2; open; empty; empty; empty 2",
			fetchGuarded: "open; empty; empty; empty position; 1 {\"n\":1}; error; resumed after 1; open; empty; empty; empty 1; 2 {\"n\":2}",
			tail:         "resumed after 1; 1 {\"n\":1}; 2 {\"n\":2}",
			"":           "open; 1 {\"n\":1}; error; resumed after 1; open; 2 {\"n\":2}",
		},
	},
}

// What is on the wire is what docs/protocol.md says, and this is what clients
// make of it.
func TestClientsSee(t *testing.T) {
	skipShort(t)
	needNode(t)
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.play(t)
		})
	}
}

// A stage is where a scene is played. The lock guards what is seen and the
// names of ids.
type stage struct {
	scene
	hub *tidings.Hub
	watch
	seen  map[string][]sight
	short map[string]string // of an owner and an id
	count map[string]int    // of events, by owner
}

// play plays a scene before every client, each with an owner of its own, who
// is named like the client.
func (s scene) play(t *testing.T) {
	ctx := within(t, time.Minute)
	g := &stage{scene: s, seen: make(map[string][]sight), short: make(map[string]string), count: make(map[string]int)}
	if g.cut == (cut{}) {
		g.cut = never
	}
	clients := everybody
	if s.args == nil && s.query != "" {
		clients = everybody[1:]
	}
	proxy := g.open(t, ctx, clients)
	everywhere := func(what string, arrived func(client string) bool) {
		t.Helper()
		for _, client := range clients {
			if !proxy.until(ctx, func() bool { return arrived(client) }) {
				t.Fatalf("%s: %s did not come to pass; on the wire\n%s", client, what, g.onWire(proxy, client))
			}
		}
	}
	passed := func(client, text string) bool {
		v := proxy.visits[client]
		return len(v) > 0 && strings.Contains(string(v[len(v)-1].text), text)
	}
	everywhere("the beginning", func(client string) bool { return passed(client, "retry: ") })
	for _, client := range clients {
		for _, data := range s.events {
			g.publish(ctx, client, data)
		}
	}
	if s.elsewhere != "" {
		g.publish(ctx, "somebody else", s.elsewhere)
	}
	if s.cut != (cut{}) {
		everywhere("the return", func(client string) bool {
			return len(proxy.visits[client]) == s.connections() && passed(client, "retry: ")
		})
	}
	everywhere("the scene", func(client string) bool { return passed(client, s.passes) })
	for _, client := range clients {
		g.publish(ctx, client, last)
	}
	for _, client := range clients {
		if !g.until(ctx, func() bool { return g.ended(client) }) {
			t.Fatalf("%s did not see the last event, but %s; on the wire\n%s", client, g.summary(proxy, client), g.onWire(proxy, client))
		}
		want, own := s.want[client]
		if client == fetchGuarded && !own {
			want, own = s.want[fetch]
		}
		if !own {
			want = s.want[""]
		}
		if got := g.summary(proxy, client); got != want {
			t.Errorf("%s saw\n%s\nwant\n%s", client, got, want)
		}
	}
	if got := g.onWire(proxy, eventSource5); s.wire != "" && got != s.wire {
		t.Errorf("on the wire (-got +want):\n%s", cmp.Diff(got, s.wire))
	}
}

// open opens a server, a proxy before it, and the clients.
func (g *stage) open(t *testing.T, ctx context.Context, clients []string) *proxy {
	t.Helper()
	p := newProxy(t, g.serve(t, ctx), func(_ string, visit int) cut {
		switch {
		case visit == 0:
			return g.cut
		case visit == 1 && g.again != (cut{}):
			return g.again
		}
		return never
	}, func(owner string, visit int) {
		if visit == 1 && len(g.away) > 0 {
			for _, data := range g.away {
				g.publish(ctx, owner, data)
			}
			g.publish(ctx, "somebody else", `{}`) // a snapshot is of a position that is nobody's
		}
	})
	var subscriptions []subscription
	for _, client := range clients {
		if client == tail {
			followTail(t, ctx, p.url, client, append([]string{g.stream}, g.args...), g.see)
			continue
		}
		subscriptions = append(subscriptions, subscription{
			Client: client, Owner: client, URL: p.url + "/v1/stream/" + g.stream + "?user=" + client + g.query, Names: append([]string{"CUSTOM"}, g.names...),
		})
	}
	follow(t, ctx, subscriptions, g.see)
	return p
}

// publish publishes an event; the owner's are numbered from 1.
func (g *stage) publish(ctx context.Context, owner, data string) {
	typ := strings.TrimSuffix(strings.TrimPrefix(data, `{"type":"`), `"}`)
	if strings.ContainsAny(typ, `{"`) {
		typ = "CUSTOM"
	}
	g.update(func() {
		receipt, err := g.hub.Publish(ctx, tidings.Event{User: owner, Channel: g.channel(), Session: "s", Type: typ, Data: []byte(data)})
		if err != nil {
			panic(err) // the hub has no limits that a scene comes near
		}
		g.count[owner]++
		g.short[owner+receipt.ID.String()] = fmt.Sprint(g.count[owner])
	})
}

// see takes what a client saw.
func (g *stage) see(s sight) {
	g.update(func() { g.seen[s.Client] = append(g.seen[s.Client], s) })
}

// ended reports whether a client saw the last event; heartbeats, and what it
// says to people, may have come since. g.mu must be held.
func (g *stage) ended(client string) bool {
	return slices.ContainsFunc(g.seen[client], func(s sight) bool { return strings.Contains(s.Data, last) })
}

// summary returns what a client saw before the last event, and what it asked
// for when it came back.
func (g *stage) summary(p *proxy, client string) string {
	p.mu.Lock()
	visits := p.visits[client]
	p.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	var lines, resumed []string
	for _, v := range visits[1:] {
		resumed = append(resumed, "resumed after "+g.name(client, v.lastEventID))
	}
	if client == tail { // when it says so does not matter
		lines = append(lines, resumed...)
	}
	for _, s := range g.seen[client] {
		switch {
		case s.Kind == said && toldOfLoss(s.Text):
			lines = append([]string{"told"}, lines...)
		case s.Kind == said, strings.Contains(s.Data, last):
		case s.Kind == event:
			lines = append(lines, g.positions(client, words(strings.TrimPrefix(s.Name, "message"), s.ID, plain(s.Data))))
		case s.Kind == failed && len(resumed) > 0:
			lines, resumed = append(lines, s.Kind, resumed[0]), resumed[1:]
		default:
			lines = append(lines, g.positions(client, strings.TrimSpace(s.Kind+" "+s.ID)))
		}
	}
	text := strings.Join(lines, "; ")
	if g.keepAlive > 0 {
		text = manyHeartbeats.ReplaceAllString(manyEmpty.ReplaceAllString(text, "$1; empty; empty position"), "$1")
	}
	return text
}

var (
	position = regexp.MustCompile(`\b\d+-\d+\b`)
	retry    = regexp.MustCompile(`retry: \d+`)
	// Keep-alives come as often as they come.
	manyKeepAlives = regexp.MustCompile(`(: keep-alive\n\n)+(id: position\n\n)(: keep-alive\n\n|id: position\n\n)*`)
	manyEmpty      = regexp.MustCompile(`(empty position)(; empty)+; empty position(; empty( position)?)*`)
)

// name returns the short name of an id.
func (g *stage) name(owner, id string) string {
	if id == "" {
		return "nothing"
	}
	return g.positions(owner, id)
}

// positions replaces the ids of an owner's events by their short names.
func (g *stage) positions(owner, text string) string {
	return position.ReplaceAllStringFunc(text, func(id string) string {
		if name := g.short[owner+id]; name != "" {
			return name
		}
		return "position"
	})
}

// onWire returns what passed the proxy before the last event.
func (g *stage) onWire(p *proxy, client string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	var b strings.Builder
	for i, v := range p.visits[client] {
		if i > 0 {
			if !strings.HasSuffix(b.String(), "\n") {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "-- cut, resumed after %s --\n", g.name(client, v.lastEventID))
		}
		b.WriteString(g.positions(client, string(v.text)))
	}
	text := plain(retry.ReplaceAllString(b.String(), "retry: …"))
	text = manyHeartbeatFrames.ReplaceAllString(text, "$1")
	text = manyKeepAlives.ReplaceAllString(text, ": keep-alive\n\n$2")
	if i := strings.Index(text, last); i >= 0 {
		text = strings.TrimSuffix(text[:strings.LastIndex(text[:i], "data: ")], "event: CUSTOM\n")
	}
	return text
}
