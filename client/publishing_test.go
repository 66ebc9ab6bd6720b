package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

// publishing opens a request of a server that is a function, in a bubble.
func publishing(t *testing.T, serve roundTrip, opts client.Options) (*client.Publishing, context.CancelCauseFunc) {
	t.Helper()
	opts.HTTPClient = &http.Client{Transport: serve}
	c, err := client.New("http://hub.test", &opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	return c.Open(ctx), cancel
}

var dialError = &net.OpError{Op: "dial", Err: errors.New("connection refused")}

// silentServer takes a body, or not, and answers nothing.
func silentServer(takes bool) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if takes {
			_, _ = r.Body.Read(make([]byte, 1000))
		}
		<-r.Context().Done()
		r.Body.Close()
		return nil, context.Cause(r.Context())
	}
}

func TestEventsAreGivenUpAfterPatience(t *testing.T) {
	for _, tt := range []struct {
		name    string
		serve   roundTrip
		unknown bool
	}{
		{"not there", func(r *http.Request) (*http.Response, error) { r.Body.Close(); return nil, dialError }, false},
		{"silent", silentServer(true), true},
		{"deaf", silentServer(false), false},
		{"ends at once", func(r *http.Request) (*http.Response, error) {
			_, _ = r.Body.Read(make([]byte, 1000))
			r.Body.Close()
			return answer(200, "Content-Type: application/x-ndjson", "")(r.Context()), nil
		}, true},
		{"unavailable", func(r *http.Request) (*http.Response, error) {
			_, _ = r.Body.Read(make([]byte, 1000))
			r.Body.Close()
			return answer(503, "Content-Type: application/problem+json", `{"type":"#unavailable"}`)(r.Context()), nil
		}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, _ := publishing(t, tt.serve, client.Options{})
			began := time.Now()
			first, err := p.Send(t.Context(), token(0))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			second, err := p.Send(t.Context(), token(1))
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range []*client.Pending{first, second} {
				_, err := s.Receipt(t.Context())
				took := time.Since(began) - time.Duration(i)*10*time.Second
				if err == nil || took > 30*time.Second || took < 10*time.Second {
					t.Errorf("%s: event %d after %v: %v", tt.name, i, took, err)
				}
				if i == 0 && errors.Is(err, tidings.ErrUnknownOutcome) != tt.unknown && tt.name != "deaf" {
					t.Errorf("%s: got %v", tt.name, err)
				}
			}
			p.Close()
		})
	}
}

func TestPublishingEndsWithItsContexts(t *testing.T) {
	for _, takes := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p, cancel := publishing(t, silentServer(takes), client.Options{})
			why := errors.New("enough")
			ctx, enough := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { enough(why) })
			if _, err := p.Publish(ctx, token(0)); !errors.Is(err, why) || errors.Is(err, tidings.ErrUnknownOutcome) != takes {
				t.Errorf("got %v", err)
			}
			s, err := p.Send(t.Context(), token(1))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Receipt(ctx); !errors.Is(err, tidings.ErrUnknownOutcome) {
				t.Errorf("got %v", err)
			}
			why = errors.New("over")
			cancel(why)
			if _, err := s.Receipt(t.Context()); !errors.Is(err, why) {
				t.Errorf("got %v", err)
			}
			p.Close()
			if _, err := p.Publish(t.Context(), token(2)); !errors.Is(err, why) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatEveryServerRefusesFailsAtOnce(t *testing.T) {
	_, server := serve(t, nil, httpapi.Options{})
	p := connect(t, server.URL+"/nowhere", nil).Open(t.Context())
	defer p.Close()
	for range 2 { // and is tried again for the next
		_, err := p.Publish(t.Context(), token(0))
		if problem, ok := errors.AsType[*client.ProblemError](err); !ok || problem.Status != 404 || errors.Is(err, tidings.ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "<html>") }))
	defer page.Close()
	p = connect(t, page.URL, nil).Open(t.Context())
	defer p.Close()
	if _, err := p.Publish(t.Context(), token(0)); err == nil || !strings.Contains(err.Error(), "is this a Tidings server?") {
		t.Errorf("got %v", err)
	}
}

func TestSendWaitsWhileManyAreOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, cancel := publishing(t, silentServer(true), client.Options{})
		for n := range 1000 {
			if _, err := p.Send(t.Context(), token(n)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := p.Send(ctx, token(0)); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, tidings.ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
		cancel(nil)
		p.Close()
	})
}

// slowServer answers each line after five seconds.
func slowServer(r *http.Request) (*http.Response, error) {
	answers, say := io.Pipe()
	go func() {
		defer r.Body.Close()
		in := bufio.NewScanner(r.Body)
		for n := 1; in.Scan(); n++ {
			time.Sleep(5 * time.Second)
			fmt.Fprintf(say, "{\"id\":%q}\n", at(1, n))
		}
		say.Close()
	}()
	resp := answer(200, "Content-Type: application/x-ndjson", "")(r.Context())
	resp.Body = answers
	return resp, nil
}

func TestAnswerToWhoHasLeftIsNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := publishing(t, slowServer, client.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Publish(ctx, token(0)); !errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if r, err := p.Publish(t.Context(), token(1)); err != nil || r.ID.String() != at(1, 2) {
			t.Errorf("got %v, %v", r.ID, err)
		}
		p.Close()
	})
}

// A server that goes when it has been sent something, before it answers.
func TestServerThatGoesBeforeItAnswersIsLeftAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const connections = 3
	done := make(chan error, 1)
	go func() {
		for range connections {
			c, err := l.Accept()
			if err != nil {
				done <- err
				return
			}
			in := bufio.NewReader(c)
			_, _ = http.ReadRequest(in)
			_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
			_, _ = in.ReadString('\n')
			c.Close()
		}
		done <- nil
	}()
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	p := connect(t, "http://"+l.Addr().String(), nil).Open(ctx)
	if _, err := p.Send(t.Context(), token(0)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%d connections in %v", connections, took)
	}
	cancel()
	p.Close()
}
