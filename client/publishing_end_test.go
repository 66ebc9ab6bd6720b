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
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
)

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
