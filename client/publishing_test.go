package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
)

// token returns the nth event of an emitter.
func token(n int) tidings.Event {
	return tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(payload(n))}
}

// emit sends events, so many without waiting, and then expects a receipt for each.
func emit(t *testing.T, p *client.Publishing, total, together int) {
	t.Helper()
	for first := 0; first < total; first += together {
		var sent []*client.Pending
		for n := first; n < first+together; n++ {
			s, err := p.Send(t.Context(), token(n))
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, s)
		}
		for i, s := range sent {
			if r, err := s.Receipt(t.Context()); err != nil || r.ID.Seq() != uint64(first+i+1) {
				t.Fatalf("event %d: %v, %v", first+i, r.ID, err)
			}
		}
	}
}

// checkKept compares what a hub has with what was emitted.
func checkKept(t *testing.T, hub *tidings.Hub, total int) {
	t.Helper()
	snapshot, err := hub.Snapshot(t.Context(), tidings.Selector{User: "alice"}, total+10)
	if err != nil || len(snapshot.Events) != total {
		t.Fatalf("%d events, %v, want %d", len(snapshot.Events), err, total)
	}
	for n, e := range snapshot.Events {
		if string(e.Data) != payload(n) {
			t.Fatalf("event %d is %s", n, e.Data)
		}
	}
}

func TestWhatIsSentIsKeptInOrderOverConnectionsThatAreCut(t *testing.T) {
	const total = 400
	for _, tt := range []struct {
		together  int
		few, most int64
		both      bool
	}{{total, 300, 4000, false}, {10, 300, 25_000, true}} {
		hub, server := serve(t, nil, httpapi.Options{})
		cut := newCutter(t, strings.TrimPrefix(server.URL, "http://"), tt.few, tt.most, tt.both)
		p := connect(t, cut.url(), nil).Open(t.Context())
		emit(t, p, total, tt.together)
		p.Close()
		checkKept(t, hub, total)
		if n := cut.count(); n < 3 {
			t.Errorf("%d cuts prove little", n)
		}
	}
}

// A cutAfter cuts its connection in the middle of an answer, after so many.
type cutAfter struct {
	http.ResponseWriter
	conn net.Conn
	left int
}

func (c *cutAfter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutAfter) Write(b []byte) (int, error) {
	for i, char := range b {
		if char != '\n' {
			continue
		}
		if c.left--; c.left < 0 {
			_, _ = c.ResponseWriter.Write(b[:i/2])
			_ = http.NewResponseController(c.ResponseWriter).Flush()
			return 0, c.conn.Close()
		}
	}
	return c.ResponseWriter.Write(b)
}

// A connKey is where a request has its connection.
type connKey struct{}

func TestWhatIsSentIsKeptInOrderThoughEachConnectionHasFewAnswers(t *testing.T) {
	for _, answers := range []int{1, 2, 5} {
		hub, err := tidings.New(t.Context(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer hub.Close()
		h := httpapi.New(hub, nil)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(&cutAfter{w, r.Context().Value(connKey{}).(net.Conn), answers}, r)
		}))
		server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		}
		server.Start()
		defer server.Close()
		defer server.CloseClientConnections()
		p := connect(t, server.URL, nil).Open(t.Context())
		for n := range 10 {
			if r, err := p.Publish(t.Context(), token(n)); err != nil || r.ID.Seq() != uint64(n+1) {
				t.Fatalf("event %d: %v, %v", n, r.ID, err)
			}
		}
		p.Close()
		checkKept(t, hub, 10)
	}
}

func TestManyMayPublishOverOneRequest(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		hub, err := tidings.New(t.Context(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer hub.Close()
		server := httptest.NewUnstartedServer(httpapi.New(hub, nil))
		server.EnableHTTP2 = http2
		server.StartTLS()
		defer server.Close()
		c, err := client.New(server.URL, &client.Options{HTTPClient: server.Client()})
		if err != nil {
			t.Fatal(err)
		}
		p := c.Open(t.Context())
		var work sync.WaitGroup
		for worker := range 20 {
			work.Go(func() {
				last := uint64(0)
				for n := range 50 {
					r, err := p.Publish(t.Context(), tidings.Event{User: fmt.Sprint(worker), Channel: "system", Data: fmt.Append(nil, n)})
					if err != nil || r.ID.Seq() <= last || r.Duplicate {
						t.Errorf("event %d of %d: %v, %v after %d", n, worker, r, err, last)
					}
					last = r.ID.Seq()
				}
			})
		}
		work.Wait()
		p.Close()
		if n := hub.Stats().Published; n != 1000 {
			t.Errorf("%d published", n)
		}
	}
}

func TestEventThatIsRefusedLeavesTheOthersAlone(t *testing.T) {
	hub, server := serve(t, nil, httpapi.Options{})
	p := connect(t, server.URL, nil).Open(t.Context())
	defer p.Close()
	var sent []*client.Pending
	for n := range 30 {
		e := tidings.Event{User: "alice", Channel: "system", Data: []byte("{\n\"n\":\r\n" + fmt.Sprint(n) + "}")}
		if n%3 == 1 {
			e.Channel = "nowhere"
		}
		if n == 15 {
			e.Data = []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
		}
		s, err := p.Send(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, s)
	}
	for n, s := range sent {
		_, err := s.Receipt(t.Context())
		problem, _ := errors.AsType[*client.ProblemError](err)
		switch {
		case n%3 == 1 && (problem == nil || problem.Kind != "unknown-channel" || problem.Status != 400 || problem.Index != -1):
			t.Errorf("event %d: %v", n, err)
		case n == 15 && !errors.Is(err, tidings.ErrTooLarge):
			t.Errorf("event %d: %v", n, err)
		case n%3 != 1 && n != 15 && err != nil:
			t.Errorf("event %d: %v", n, err)
		}
	}
	if n := hub.Stats().Published; n != 19 {
		t.Errorf("%d published", n)
	}
	if _, err := p.Send(t.Context(), tidings.Event{Data: []byte(`1}{`)}); !errors.Is(err, tidings.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestCloseWaitsAndThenNothingIsTaken(t *testing.T) {
	hub, server := serve(t, nil, httpapi.Options{})
	p := connect(t, server.URL, nil).Open(t.Context())
	for n := range 100 {
		if _, err := p.Send(t.Context(), token(n)); err != nil {
			t.Fatal(err)
		}
	}
	p.Close()
	checkKept(t, hub, 100)
	if _, err := p.Publish(t.Context(), token(0)); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got %v", err)
	}
	p.Close()
	connect(t, server.URL, nil).Open(t.Context()).Close() // of which nothing was used
}

// A server that drains ends its requests; the next takes what has no answer.
func TestPublishingGoesOnElsewhereAfterADrain(t *testing.T) {
	hub, server := serve(t, nil, httpapi.Options{})
	old := httpapi.New(hub, &httpapi.Options{DrainWindow: -1})
	drained := httptest.NewServer(old)
	defer drained.Close()
	p := connect(t, drained.URL, &client.Options{Fallbacks: []string{server.URL}}).Open(t.Context())
	var work sync.WaitGroup
	for n := range 600 {
		if n == 200 {
			work.Go(func() {
				if err := old.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		if _, err := p.Publish(t.Context(), token(n)); err != nil {
			t.Fatal(err)
		}
	}
	work.Wait()
	p.Close()
	checkKept(t, hub, 600)
}
