package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/nettest"
)

// A road is a way to follow a real server.
type road struct {
	name   string
	stream client.Stream
	known  bool   // the position before the events of this road is presented
	lost   bool   // and is one after which events are gone
	want   string // what is seen; positions count from there
}

// The events of each road. Those of the second half are published when what
// comes first was seen, where that is a snapshot.
var passing = []tidings.Event{
	{User: "alice", Channel: tidings.System, Session: "t1", Type: "CONTEXT_CREATED", Data: []byte(`{"type":"CONTEXT_CREATED","contextId":"t1","name":"é"}`)},
	{User: "alice", Channel: tidings.AGUI, Session: "t1", Type: "RUN_STARTED", Data: []byte(` {"type":"RUN_STARTED"} `)},
	{User: "alice", Channel: tidings.Analytics, Session: "t1", Type: "PAGE_VIEW", Data: []byte(`{"type":"PAGE_VIEW"}`)},
	{User: "alice", Channel: tidings.A2A, Session: `t"2`, Type: "task", Data: []byte(`{"task":{}}`)},
	{User: "alice", Channel: tidings.System, Data: []byte(`"x"`)},
	{User: "alice", Channel: tidings.Analytics, Session: "t1", Type: "LEAD_CAPTURED", Data: []byte(`{"type":"LEAD_CAPTURED"}`)},
}

var roads = []road{
	{name: "contexts, from nothing", stream: client.Stream{Name: "contexts"}, want: `
3 system "" CONTEXTS_SNAPSHOT
4 a2a "t\"2"  {"task":{}}
5 system ""  "x"`},
	{name: "contexts, after a position", stream: client.Stream{Name: "contexts"}, known: true, want: `
1 system "t1" CONTEXT_CREATED {"type":"CONTEXT_CREATED","contextId":"t1","name":"é"}
2 agui "t1"   {"type":"RUN_STARTED"} 
4 a2a "t\"2"  {"task":{}}
5 system ""  "x"`},
	{name: "contexts, after a loss", stream: client.Stream{Name: "contexts"}, known: true, lost: true, want: `
lost expired, continuing after 3
3 system "" CONTEXTS_SNAPSHOT
4 a2a "t\"2"  {"task":{}}
5 system ""  "x"`},
	{name: "analytics, after a position", stream: client.Stream{Name: "analytics"}, known: true, want: `
3 analytics ""  {"type":"PAGE_VIEW"}
6 analytics ""  {"type":"LEAD_CAPTURED"}`},
	{name: "feed, after a position", stream: client.Stream{Name: "feed"}, known: true, want: `
1 system "t1" CONTEXT_CREATED {"type":"CONTEXT_CREATED","contextId":"t1","name":"é"}
2 agui "t1" RUN_STARTED {"type":"RUN_STARTED"}
3 analytics "t1" PAGE_VIEW {"type":"PAGE_VIEW"}
4 a2a "t\"2" task {"task":{}}
5 system ""  "x"
6 analytics "t1" LEAD_CAPTURED {"type":"LEAD_CAPTURED"}`},
}

// Wherever a real server's answer is cut, a follower sees the same: a snapshot
// only where nothing is known or something was lost, once, and then everything
// that follows it. Every third byte is tried, to save time.
func TestAStateAndWhatFollowsSurviveACutAnywhere(t *testing.T) {
	for i, r := range roads {
		for bytes, cut := i%3, true; cut && !t.Failed(); bytes += 3 {
			synctest.Test(t, func(t *testing.T) { cut = r.travelCut(t, bytes) })
		}
	}
}

// travelCut follows a road whose first connection is cut after so many bytes,
// and reports whether that came to pass.
func (r road) travelCut(t *testing.T, bytes int) (cut bool) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 8}})
	defer log.Close()
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	s := nettest.Serve(t, httpapi.New(hub, nil), nil)
	defer s.Close()
	first := &shortConn{left: bytes, broken: bytes%2 == 0}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := s.Listener.Dial(ctx)
		if first.Conn != nil || err != nil {
			return conn, err
		}
		first.Conn = conn
		return first, nil
	}}
	defer transport.CloseIdleConnections()
	got, figures := r.travel(t, hub, connect(t, s.URL, &client.Options{HTTPClient: &http.Client{Transport: transport}}))
	check(t, fmt.Sprintf("%s, cut after %d bytes", r.name, bytes), got, r.want)
	if wanted := r.stream.Name == "analytics" || r.stream.Name == "feed"; (figures > 0) != wanted {
		t.Errorf("%s, cut after %d bytes: %d figures", r.name, bytes, figures)
	}
	return first.cut.Load()
}

// A shortConn is a connection that ends after so many bytes, in one way or the
// other.
type shortConn struct {
	net.Conn
	left   int
	broken bool
	cut    atomic.Bool
}

func (c *shortConn) Read(p []byte) (int, error) {
	if c.left > 0 {
		n, err := c.Conn.Read(p[:min(len(p), c.left)])
		c.left -= n
		return n, err
	}
	c.cut.Store(true)
	c.Close()
	if c.broken {
		return 0, syscall.ECONNRESET
	}
	return 0, io.EOF
}

// publish publishes events in order and returns the first one's position.
func publish(t *testing.T, hub *tidings.Hub, events []tidings.Event) tidings.ID {
	t.Helper()
	receipts, err := hub.PublishBatch(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	return receipts[0].ID
}

// travel follows a road to its end and returns what is seen, and how many
// figures there were.
func (r road) travel(t *testing.T, hub *tidings.Hub, c *client.Client) (seen string, figures int) {
	t.Helper()
	old := publish(t, hub, passing)
	publish(t, hub, passing)
	base, s := hub.Stats().Head, r.stream
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // of the bubble
	defer cancel()
	if s.Name != tidings.FeedStream {
		s.User = "alice"
	}
	if r.known {
		s.After = base
	}
	if r.lost {
		s.After = old
	}
	later := passing[3:]
	publish(t, hub, passing[:3])
	if !strings.Contains(r.want, "SNAPSHOT") {
		publish(t, hub, later)
		later = nil
	}
	last := strings.Fields(r.want[strings.LastIndex(r.want, "\n"):])[0]
	number := func(id tidings.ID) string { return fmt.Sprint(int64(id.Seq()) - int64(base.Seq())) }
	var b strings.Builder
	for e, err := range c.Follow(ctx, s) {
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			fmt.Fprintf(&b, "lost %s, continuing after %s\n", lost.Reason, number(lost.Oldest))
			continue
		}
		if err != nil {
			return fmt.Sprintf("%s%v\n", &b, err), figures
		}
		if e.ID.IsZero() {
			figures++
			r.figure(t, &e)
			continue
		}
		data := " " + string(e.Data)
		if e.Type == "CONTEXTS_SNAPSHOT" {
			data = ""
			r.snapshot(t, &e)
			if later != nil {
				publish(t, hub, later)
				later = nil
			}
		}
		fmt.Fprintf(&b, "%s %s %q %s%s\n", number(e.ID), e.Channel, e.Session, e.Type, data)
		if number(e.ID) == last {
			break
		}
	}
	return b.String(), figures
}

// figure checks figures of the moment.
func (r road) figure(t *testing.T, e *tidings.Event) {
	t.Helper()
	if e.Channel != tidings.Analytics || !strings.HasPrefix(string(e.Data), `{"type":"REAL_TIME_STATS",`) || (e.User == "") != (r.stream.Name == tidings.FeedStream) {
		t.Errorf("%s: figures are %+v", r.name, e)
	}
}

// snapshot checks the state of the owner's contexts.
func (r road) snapshot(t *testing.T, e *tidings.Event) {
	t.Helper()
	if data := string(e.Data); e.User != "alice" || !strings.HasPrefix(data, `{"type":"CONTEXTS_SNAPSHOT",`) || !strings.Contains(data, `"context_id":"t1","name":"é"`) {
		t.Errorf("%s: the snapshot is %+v %s", r.name, e, data)
	}
}
