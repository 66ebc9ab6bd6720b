package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A Stream says what to follow and where to begin. Its zero start is live: the
// next event.
type Stream struct {
	// Name is the stream's: contexts, agui, a2a, analytics, feed or one of the
	// server's own. Required. On contexts, who presents no position gets a
	// snapshot first, and so does who lost something: an event of the channel
	// system whose ID is the position it is of.
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
	// Envelope says that the stream wraps its payloads to tell their channel and
	// session. It is known of contexts; set it for a server's own streams that do.
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
// in order. The events are the caller's. Only feed tells all of an event. On
// other streams User is the Stream's, and Channel is known if the stream
// carries but one. Where there is an envelope, Channel and Session are what it
// says, and of the channel system Type is what the payload says. What is not
// known is left empty.
//
// On analytics and feed there are also figures of the moment. They are in no
// log: they have the zero ID, nobody's User, and come to who is there.
//
// A *tidings.LostError is yielded where events may be gone; the loop goes on,
// also with events of older positions than before, if the log is another.
// A stream whose access expires goes on without a new connection, if
// Options.Header has newer access in its last minute.
//
// Every other error is the last: a *ProblemError if the server refused for
// good, the cause of ctx when that ended. There is none if the server says
// that nothing more will come (204).
//
// Nothing is read ahead while the loop's body runs. A body that takes long
// lets the server cut the connection, and Follow resumes.
func (c *Client) Follow(ctx context.Context, s Stream) iter.Seq2[tidings.Event, error] {
	return func(yield func(tidings.Event, error) bool) {
		f := &follower{client: c, tour: c.tour(), stream: s, last: s.After, yield: yield, retry: time.Second}
		for {
			before, began := f.last, time.Now()
			err := f.tour.named(f.connect(ctx))
			if err = f.goesOn(ctx, err, f.last != before, time.Since(began) >= longLife); err != nil {
				if !errors.Is(err, errDone) {
					yield(tidings.Event{}, err)
				}
				return
			}
		}
	}
}

// longLife is how long a connection has to last so that the wait after it does
// not grow: what fails that slowly need not be waited for longer.
const longLife = longestBackoff

// errDone ends a Follow that has no error to tell.
var errDone = errors.New("done")

// A follower is one loop over Follow.
type follower struct {
	client *Client
	tour   *tour
	stream Stream
	yield  func(tidings.Event, error) bool
	last   tidings.ID    // where the next connection resumes after
	told   tidings.ID    // last, if the loss of what follows it was told already
	retry  time.Duration // what the server asked to wait before reconnecting
	names  names

	// Of the connection.
	accepted bool // the server sent a stream
	heard    bool // and a frame on it
	anew     bool // the next event counts whatever its position

	extension *extension
	beside    sync.WaitGroup // what is done while it is read
}

// goesOn waits before the next attempt, or returns why there is none. Waits
// grow until the position moves. So a server that accepts and cuts is no
// better than one that is not there, and what was told a moment ago, such as
// the position that was presented, is no success.
func (f *follower) goesOn(ctx context.Context, err error, moved, lasted bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if moved {
		f.tour.forget()
	}
	if errors.Is(err, errDone) || f.tour.hopeless(err) {
		return err
	}
	wait := f.wait(err, moved, lasted)
	f.client.retrying(ctx, err, wait)
	return sleep(ctx, wait)
}

// wait returns how long to wait before the next attempt, and chooses the
// server. A stream that ended is waited for as the server asked, and had from
// the same server if anything came of it.
func (f *follower) wait(err error, moved, lasted bool) time.Duration {
	retry := min(f.retry, longestRetry)
	_, strange := errors.AsType[*strangeError](err)
	if !f.accepted || strange || errors.Is(err, errSilent) {
		return f.tour.turn(err, retry, lasted)
	}
	if !moved && !lasted {
		f.tour.pass()
	}
	return f.tour.backoff(retry, lasted)
}

// event yields an event, or skips it if it was yielded before. What cannot be
// read does not move the position: another server may have it better.
func (f *follower) event(id tidings.ID, data []byte) error {
	if !f.anew && !f.isNew(id) {
		return nil
	}
	e, err := f.stream.event(id, data, &f.names)
	if err != nil {
		return &strangeError{err}
	}
	f.last, f.told, f.anew = id, tidings.ID{}, false
	return f.hand(e, nil)
}

// figure yields an event that is in no log.
func (f *follower) figure(data []byte) error {
	e, err := f.stream.event(tidings.ID{}, data, &f.names)
	if err != nil {
		return &strangeError{err}
	}
	return f.hand(e, nil)
}

// hand yields, and reports with errDone that the loop was left.
func (f *follower) hand(e tidings.Event, err error) error {
	if !f.yield(e, err) {
		return errDone
	}
	return nil
}

// isNew reports whether a position is after the last. Positions never go back,
// except after a loss.
func (f *follower) isNew(id tidings.ID) bool {
	return f.last.IsZero() || id.Compare(f.last) > 0
}

// position moves on to a position of which no event came. Where one has to
// come, only the old position gets it.
func (f *follower) position(id tidings.ID) {
	if !f.anew && f.isNew(id) {
		f.last = id
	}
}

// lost yields a notice of loss. If it has a position, that is the one to go on
// after. Otherwise the next event begins anew, and the old position is
// presented until it came. Then the notice may come again, and is not yielded
// twice.
func (f *follower) lost(id tidings.ID, data []byte) error {
	notice, err := parseLost(id, data)
	if err != nil {
		return &strangeError{fmt.Errorf("notice of loss: %w", err)}
	}
	again := id.IsZero() && !f.told.IsZero() && f.told == f.last
	if f.anew = id.IsZero(); f.anew {
		f.told = f.last
	} else {
		f.last = id
	}
	if again {
		return nil
	}
	return f.hand(tidings.Event{}, notice)
}
