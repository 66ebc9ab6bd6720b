package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// An upload is a request that may be made again: its events have keys.
type upload struct {
	path, name string
	query      url.Values
	media      string
	body       []byte
	trace      string
}

// errPatience is the cause where Patience ended.
var errPatience = errors.New("no answer in time")

// post makes the request, of one server after the other, until it is known what
// became of it.
func (c *Client) post(ctx context.Context, u upload, answer any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Patience, errPatience)
	defer cancel()
	unknown := false // an attempt may have been kept
	for t := c.tour(); ; {
		err := t.named(c.attempt(ctx, t.base(), &u, answer))
		if err == nil {
			t.works()
			return nil
		}
		if t.hopeless(err) {
			return gaveUp(err, unknown)
		}
		unknown = unknown || doubtful(err)
		if err := c.pause(ctx, err, t.turn(err, shortestBackoff, false)); err != nil {
			return gaveUp(err, unknown)
		}
	}
}

// pause waits after an error. Where the context ends before, it does not wait
// for that, and returns the error with the cause.
func (c *Client) pause(ctx context.Context, err error, wait time.Duration) error {
	stop := context.Cause(ctx)
	if end, ok := ctx.Deadline(); stop == nil && ok && time.Until(end) <= wait {
		stop = errPatience
	}
	if stop == nil {
		c.retrying(ctx, err, wait)
		stop = sleep(ctx, wait)
	}
	switch stop {
	case nil:
		return nil
	case errPatience:
		return err // says it all
	}
	return fmt.Errorf("%w, then %w", err, stop)
}

// gaveUp returns err so that it tells whether events may have been kept.
func gaveUp(err error, unknown bool) error {
	if unknown && !errors.Is(err, tidings.ErrUnknownOutcome) {
		return fmt.Errorf("%w: %w", tidings.ErrUnknownOutcome, err)
	}
	return err
}

// attempt makes the request once.
func (c *Client) attempt(ctx context.Context, base *url.URL, u *upload, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	req, err := c.request(ctx, base, http.MethodPost, u.path, u.name, u.query, bytes.NewReader(u.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", u.media)
	if u.trace != "" {
		req.Header.Set(wire.TraceHeader, u.trace)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return problem(resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return &strangeError{err}
	}
	return nil
}

// maxAnswer bounds the receipts of one request.
const maxAnswer = 16 << 20

// A strangeError is an answer that Tidings does not give.
type strangeError struct{ err error }

func (e *strangeError) Error() string {
	return "read the answer: " + e.err.Error() + ": is this a Tidings server?"
}

func (e *strangeError) Unwrap() error { return e.err }

// doubtful reports whether the server may have kept the events all the same.
// It has not where it said so, and where no connection came about.
func doubtful(err error) bool {
	if p, ok := errors.AsType[*ProblemError](err); ok {
		return p.Status >= 500 && (p.Kind == "" || errors.Is(p, tidings.ErrUnknownOutcome))
	}
	op, ok := errors.AsType[*net.OpError](err)
	return !ok || op.Op != "dial"
}
