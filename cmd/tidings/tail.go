package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/contexts"
)

// tail is "tidings tail".
type tail struct {
	remote
	Stream    string     `arg:"" optional:"" default:"feed" help:"What to follow: feed (everything), contexts, agui, a2a, analytics or an own stream (${default})."`
	Sessions  []string   `name:"session" sep:"none" placeholder:"NAME" help:"Only this session; may be given more than once."`
	Types     []string   `placeholder:"TYPE" help:"Only events of these types, separated by commas."`
	After     tidings.ID `placeholder:"ID" help:"Begin after this position."`
	FromStart bool       `help:"Begin with the oldest event that is kept."`
	Count     int        `short:"n" placeholder:"N" help:"End after N events."`
	JSON      bool       `name:"json" help:"Print JSON lines, also on a terminal."`
}

// Help is shown by --help.
func (tail) Help() string {
	return `Every event is a line: readable on a terminal, else JSON whose member "data" is the payload, byte for byte. After a lost connection it goes on where it was; what there is to say about that goes to standard error.

What the server says of a moment is no event of the log and does not count: figures, which have no id and are shown by "tail analytics" alone, and the snapshot with which contexts begin.

The feed tells all about an event. On other streams, which are what your users' pages receive, the type is read from the payload, and the session is known of contexts alone.

Examples:

    tidings tail                                  # everything, as it happens
    tidings tail --user alice --from-start
    tidings tail contexts --user alice            # what alice's page receives
    tidings tail --session run-7 --types TEXT_MESSAGE_CONTENT
    tidings tail --json | jq .data
    tidings tail --url http://a:8080 --url http://b:8080    # two servers of one log

It ends with Ctrl-C.`
}

// Run follows the stream.
func (t *tail) Run(ctx context.Context, c *console) error {
	if err := t.check(); err != nil {
		return err
	}
	following, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hub, err := t.client(c, client.Options{Hooks: t.hooks(c, cancel)})
	if err != nil {
		return err
	}
	defer hub.Close()
	err = t.print(c, hub.Follow(following, client.Stream{
		Name: t.Stream, User: t.User, Sessions: t.Sessions, Types: t.Types, After: t.After, FromStart: t.FromStart,
	}))
	if ctx.Err() != nil {
		return nil // Ctrl-C is how it ends
	}
	return t.at(err)
}

// check reports flags that make no sense.
func (t *tail) check() error {
	switch {
	case t.FromStart && !t.After.IsZero():
		return usage("--after and --from-start are two beginnings: leave out one")
	case t.Count < 0:
		return usage("--count %d: want 1 or more", t.Count)
	}
	return nil
}

// hooks returns what tells of connections. A server that was never there is an
// error; one that goes away is waited for.
func (t *tail) hooks(c *console, cancel context.CancelCauseFunc) client.Hooks {
	connected := false
	again := t.retrying(c)
	return client.Hooks{
		Connected: func(stream string) {
			if connected {
				c.note("connected again")
			} else {
				c.note("following %s at %s", stream, t.servers())
			}
			connected = true
		},
		Retrying: func(err error, wait time.Duration) {
			_, refused := errors.AsType[*client.ProblemError](err)
			if never := !connected && !refused && err != nil; never && wait > 0 { // no server is left
				cancel(err)
				return
			}
			again(err, wait)
		},
	}
}

// print writes events until they end.
func (t *tail) print(c *console, events iter.Seq2[tidings.Event, error]) error {
	write := c.readable
	if t.JSON || !c.outTTY {
		write = c.jsonLine
	}
	left := t.Count
	for e, err := range events {
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			c.note("%s", missing(lost))
			continue
		}
		if err == nil && e.ID.IsZero() && t.Stream == tidings.FeedStream {
			continue // figures
		}
		if err == nil {
			e.Type = cmp.Or(e.Type, peekType(&e))
			err = write(&e)
		}
		if !t.momentary(&e) {
			left--
		}
		if err != nil || left == 0 && t.Count > 0 {
			return err
		}
	}
	return nil
}

// momentary reports whether an event is of the moment, and none of the log:
// figures, or a snapshot. With --from-start there is no snapshot but those that
// somebody published.
func (t *tail) momentary(e *tidings.Event) bool {
	snapshot := t.Stream == "contexts" && e.Channel == tidings.System && e.Type == contexts.TypeSnapshot
	return e.ID.IsZero() || snapshot && !t.FromStart
}

// missing says what a notice of loss means.
func missing(l *tidings.LostError) string {
	if l.Reason == tidings.LostForeign {
		return fmt.Sprintf("%s is not a position of this server's log, which may have begun anew: going on with what it has", l.After)
	}
	return fmt.Sprintf("events after %s are no longer kept: going on with those that are", l.After)
}

// peekType returns the type of an event whose stream does not tell it.
func peekType(e *tidings.Event) string {
	p := placer{channel: e.Channel, session: "any"}
	kind, _, err := p.place(e.Data)
	if err != nil {
		return "" // it is shown all the same
	}
	return kind
}
