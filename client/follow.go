package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A Stream says what to follow and where to begin. Its zero start is live: the
// next event.
type Stream struct {
	// Name is the stream's: contexts, agui, a2a, analytics, feed or one of the
	// server's own. Required.
	Name string
	// User is the owner, where more than one is granted, and in development.
	User string
	// Sessions and Types, if not empty, are the only ones wanted.
	Sessions, Types []string
	// After is the position to begin after; it takes precedence over
	// FromStart.
	After tidings.ID
	// FromStart begins with the oldest event that is retained.
	FromStart bool
	// Envelope says that the stream wraps its payloads to tell their channel.
	// It is known of contexts; set it for a server's own streams that do.
	Envelope bool
}

// query returns the parameters that say what is wanted, and where from if the
// position is not known by other means.
func (s *Stream) query(resuming bool) url.Values {
	q := query(wire.User, s.User, wire.Types, strings.Join(s.Types, ","))
	for _, session := range s.Sessions {
		q.Add(wire.Session, session)
	}
	switch {
	case resuming:
	case !s.After.IsZero():
		q.Set(wire.After, s.After.String())
	case s.FromStart:
		q.Set(wire.From, wire.FromStart)
	}
	return q
}

// Follow yields the events of a stream as they arrive. It reconnects by itself
// and goes on after the last event, without end, and yields each event once,
// in order. The events are the caller's. Only feed tells all of an event; on
// other streams User is the Stream's, Channel is known if there is an envelope
// or the stream carries but one, and Session and Type are left empty.
//
// A *tidings.LostError is yielded where events may be gone; the loop goes on.
// Every other error is the last: a *ProblemError if the server refused for
// good, the cause of ctx when that ended. There is none if the server says
// that nothing more will come (204).
//
// Nothing is read ahead while the loop's body runs. A body that takes long
// lets the server cut the connection, and Follow resumes.
func (c *Client) Follow(ctx context.Context, s Stream) iter.Seq2[tidings.Event, error] {
	return func(yield func(tidings.Event, error) bool) {
		f := &follower{client: c, stream: s, last: s.After, yield: yield, retry: time.Second}
		for n := 0; ; n++ {
			before, began := f.last, time.Now()
			err := f.connect(ctx)
			if f.last != before || time.Since(began) >= longLife {
				n = 0
			}
			if err = f.goesOn(ctx, err, n); err != nil {
				if !errors.Is(err, errDone) {
					yield(tidings.Event{}, err)
				}
				return
			}
		}
	}
}

// longLife is how long a connection has to last to be no failure, even if
// nothing happened on it: what fails that slowly need not be waited for longer.
const longLife = longestBackoff

// errDone ends a Follow that has no error to tell.
var errDone = errors.New("done")

// A follower is one loop over Follow.
type follower struct {
	client *Client
	stream Stream
	yield  func(tidings.Event, error) bool
	last   tidings.ID    // where the next connection resumes after
	retry  time.Duration // what the server asked to wait before reconnecting
}

// goesOn waits before attempt n+1, or returns why there is none.
func (f *follower) goesOn(ctx context.Context, err error, n int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, errDone) || final(err) {
		return err
	}
	var asked time.Duration
	if p, ok := errors.AsType[*ProblemError](err); ok {
		asked = p.RetryAfter
	}
	wait := afterwards(asked, backoff(n, min(f.retry, longestRetry)))
	f.client.retrying(ctx, err, wait)
	return sleep(ctx, wait)
}

// final reports whether connecting again would not help.
func final(err error) bool {
	if p, ok := errors.AsType[*ProblemError](err); ok {
		return !p.passing()
	}
	_, header := errors.AsType[*headerError](err)
	_, strange := errors.AsType[*strangeError](err)
	return header || strange
}

// event yields an event, or skips it if it was yielded before.
func (f *follower) event(id tidings.ID, data []byte) error {
	if !f.advance(id) {
		return nil
	}
	e, err := f.stream.event(id, data)
	if err != nil {
		return &strangeError{err}
	}
	if !f.yield(e, nil) {
		return errDone
	}
	return nil
}

// advance moves the position forward, and reports whether it moved. Positions
// never go back, except by a notice of loss.
func (f *follower) advance(to tidings.ID) bool {
	if !f.last.IsZero() && to.Compare(f.last) <= 0 {
		return false
	}
	f.last = to
	return true
}

// lost yields a notice of loss and goes on after the position that it gives.
func (f *follower) lost(id tidings.ID, data []byte) error {
	notice, err := parseLost(data)
	if err != nil {
		return &strangeError{fmt.Errorf("notice of loss: %w", err)}
	}
	notice.Oldest, f.last = id, id
	if !f.yield(tidings.Event{}, notice) {
		return errDone
	}
	return nil
}
