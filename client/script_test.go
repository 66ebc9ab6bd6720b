package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings/client"
)

// at returns the text of position seq of log n.
func at(n, seq int) string { return fmt.Sprintf("%d-%d", n, seq) }

// frame returns an event of log 1 as a server writes it.
func frame(seq int) string { return fmt.Sprintf("id: %s\ndata: {\"n\":%d}\n\n", at(1, seq), seq) }

// A script is a server that gives one answer after the other, and then 204. It
// writes down what it was asked.
type script struct {
	answers []func(ctx context.Context) *http.Response
	asked   []string
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	s.asked = append(s.asked, req.URL.RequestURI()+" "+req.Header.Get("Last-Event-ID"))
	if len(s.answers) == 0 {
		return answer(204, "", "")(req.Context()), nil
	}
	next := s.answers[0]
	s.answers = s.answers[1:]
	if next == nil {
		return nil, errors.New("connection refused")
	}
	return next(req.Context()), nil
}

// answer returns a whole answer; headers are lines.
func answer(status int, headers, body string) func(context.Context) *http.Response {
	return func(context.Context) *http.Response {
		h := make(http.Header)
		for line := range strings.Lines(headers) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			h.Set(name, value)
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
	}
}

// stream returns a stream that the server ends.
func stream(frames ...string) func(context.Context) *http.Response {
	return answer(200, "Content-Type: text/event-stream", strings.Join(frames, ""))
}

// silent returns a stream that says something and then nothing more.
func silent(frames ...string) func(context.Context) *http.Response {
	return func(ctx context.Context) *http.Response {
		r := stream()(ctx)
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(strings.NewReader(strings.Join(frames, "")), hush{ctx}), io.NopCloser(nil)}
		return r
	}
}

// slow returns a stream whose frames come one by one, unless the connection was
// given up.
func slow(frames ...string) func(context.Context) *http.Response {
	return func(ctx context.Context) *http.Response {
		r := stream()(ctx)
		r.Body = io.NopCloser(&trickle{ctx, frames})
		return r
	}
}

// A trickle gives one frame to each Read.
type trickle struct {
	ctx    context.Context
	frames []string
}

func (tr *trickle) Read(p []byte) (int, error) {
	if err := tr.ctx.Err(); err != nil {
		return 0, err
	}
	if len(tr.frames) == 0 {
		return 0, io.EOF
	}
	n := copy(p, tr.frames[0])
	tr.frames = tr.frames[1:]
	return n, nil
}

// A hush is a connection on which nothing arrives.
type hush struct{ ctx context.Context }

func (h hush) Read([]byte) (int, error) {
	<-h.ctx.Done()
	return 0, h.ctx.Err()
}

// follow returns what a loop over Follow sees, one line each: sequence numbers,
// notices, waits and the last error.
func follow(t *testing.T, s *script, want client.Stream, opts client.Options) string {
	t.Helper()
	var log strings.Builder
	opts.HTTPClient = &http.Client{Transport: s}
	opts.Hooks.Retrying = func(err error, wait time.Duration) { fmt.Fprintf(&log, "retry: %v\n", err) }
	c, err := client.New("http://hub.test", &opts)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range c.Follow(t.Context(), want) {
		if err != nil {
			fmt.Fprintf(&log, "error: %v\n", err)
		} else {
			fmt.Fprintf(&log, "%d %s\n", e.ID.Seq(), e.Data)
		}
	}
	return log.String()
}

// check compares what was seen and asked.
func check(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(got), strings.TrimSpace(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", what, diff)
	}
}
