package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// A tour is the way of one call through the servers. It begins with the server
// that worked last. It knows which of them asked to be left alone for a while.
type tour struct {
	client  *Client
	at      int         // the server that is asked
	ready   []time.Time // of each server, when it may be asked again
	tried   int         // servers that did not serve, since the last wait
	strange int         // answers in a row that Tidings does not give
	waits   int         // in a row, without success
}

// tour returns a tour that begins where a call succeeded last.
func (c *Client) tour() *tour {
	return &tour{client: c, at: int(c.current.Load()), ready: make([]time.Time, len(c.bases))}
}

// base returns the address of the server that is asked.
func (t *tour) base() *url.URL { return t.client.bases[t.at] }

// works has other calls begin with the server that is asked.
func (t *tour) works() {
	if at := int64(t.at); t.client.current.Load() != at { // the usual case writes nothing
		t.client.current.Store(at)
	}
}

// forget forgets failures, because there was success.
func (t *tour) forget() { t.tried, t.strange, t.waits = 0, 0, 0 }

// hopeless reports whether an error is the last: no server would give another
// answer to this request. An answer that Tidings does not give is one if every
// server gave such.
func (t *tour) hopeless(err error) bool {
	p, isProblem := errors.AsType[*ProblemError](err)
	_, strange := errors.AsType[*strangeError](err)
	_, header := errors.AsType[*headerError](err)
	switch {
	case header, isProblem && p.refusal():
		return true
	case strange, isProblem && !p.passing():
		t.strange++
		return t.strange >= len(t.ready)
	}
	t.strange = 0
	return false
}

// turn goes on to the next server and returns how long to wait before it is
// asked: not at all until each was tried. A calm failure is one that took so
// long that waiting longer each time would help nobody.
func (t *tour) turn(err error, base time.Duration, calm bool) time.Duration {
	if p, ok := errors.AsType[*ProblemError](err); ok && p.RetryAfter > 0 {
		t.ready[t.at] = time.Now().Add(p.RetryAfter + jitter(p.RetryAfter/4))
	}
	t.pass()
	wait := max(time.Until(t.ready[t.at]), 0)
	if t.tried++; t.tried < len(t.ready) {
		return wait
	}
	return max(wait, t.backoff(base, calm))
}

// pass chooses the next server in turn that may be asked now, or the one that
// may be soonest.
func (t *tour) pass() {
	best, now := -1, time.Now()
	for i := range t.ready {
		next := (t.at + 1 + i) % len(t.ready)
		if !t.ready[next].After(now) {
			best = next
			break
		}
		if best < 0 || t.ready[next].Before(t.ready[best]) {
			best = next
		}
	}
	t.at = best
}

// backoff returns how long to wait, and counts it unless calm.
func (t *tour) backoff(base time.Duration, calm bool) time.Duration {
	t.tried = 0
	if calm {
		return backoff(0, base)
	}
	t.waits++
	return backoff(t.waits-1, base)
}

// named returns err so that it says which of several servers it is about.
func (t *tour) named(err error) error {
	if err == nil || len(t.client.bases) == 1 || errors.Is(err, errDone) {
		return err
	}
	return fmt.Errorf("%s: %w", t.base().Redacted(), err)
}

// refusal reports whether every server would refuse the request.
func (e *ProblemError) refusal() bool {
	return e.Status >= 400 && e.Status < 500 && !e.passing()
}

// passing reports whether the same request may succeed later.
func (e *ProblemError) passing() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.Status >= 500 && e.Status != http.StatusNotImplemented
}
