package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tidings-dev/tidings/postgres"
)

// outbox is "tidings postgres outbox".
type outbox struct {
	List    outboxList    `cmd:"" help:"Show what waits, and what could not become an event."`
	Requeue outboxRequeue `cmd:"" help:"Give dead letters another chance."`
}

// Help is shown by --help.
func (outbox) Help() string {
	return `What tidings_publish() was given waits in the outbox until a server moves it into the log, which is soon. What can be no event, because its channel is unknown or its data is not JSON, becomes a dead letter with the reason.`
}

// outboxList is "tidings postgres outbox list".
type outboxList struct {
	database `prefix:"postgres-"`
	Limit    int  `default:"100" placeholder:"N" help:"How many dead letters to show, the oldest first; 0 shows all (${default})."`
	JSON     bool `name:"json" help:"Print JSON lines: one about the outbox, then one for each dead letter, with all it has."`
}

// Help is shown by --help.
func (outboxList) Help() string {
	return `Examples:

    tidings postgres outbox list
    tidings postgres outbox list --limit 0 --json | jq 'select(.reason)'`
}

// Run lists.
func (l *outboxList) Run(ctx context.Context, c *console) error {
	if l.Limit < 0 {
		return usage("--limit %d: want 1 or more, or 0 for all", l.Limit)
	}
	return l.with(ctx, func(log *postgres.Log) error {
		o, err := log.Outbox(ctx)
		if err != nil {
			return err
		}
		if l.JSON {
			return l.lines(ctx, c, log, &o)
		}
		return l.readable(ctx, c, log, &o)
	})
}

// each calls do with dead letters, which may be large, a few at a time.
func (l *outboxList) each(ctx context.Context, log *postgres.Log, do func(*postgres.DeadLetter) error) error {
	const most = 100
	after := int64(0)
	for n := 0; l.Limit == 0 || n < l.Limit; {
		page := most
		if l.Limit > 0 {
			page = min(most, l.Limit-n)
		}
		letters, err := log.DeadLetters(ctx, after, page)
		if err != nil || len(letters) == 0 {
			return err
		}
		for i := range letters {
			if err := do(&letters[i]); err != nil {
				return err
			}
		}
		n, after = n+len(letters), letters[len(letters)-1].ID
	}
	return nil
}

// readable writes it for people.
func (l *outboxList) readable(ctx context.Context, c *console, log *postgres.Log, o *postgres.Outbox) error {
	waits := "waiting: nothing"
	if o.Pending > 0 {
		waits = fmt.Sprintf("waiting: %d, the oldest for %s, since %s", o.Pending, round(time.Since(o.Oldest)), second(o.Oldest))
	}
	if _, err := fmt.Fprintf(c.out, "%s\ndead letters: %d\n", waits, o.DeadLetters); err != nil || o.DeadLetters == 0 {
		return err
	}
	rows := [][]string{{"id", "added", "owner", "channel", "type", "bytes", "reason"}}
	err := l.each(ctx, log, func(d *postgres.DeadLetter) error {
		e := &d.Event
		rows = append(rows, []string{
			strconv.FormatInt(d.ID, 10), second(d.Added), e.User, string(e.Channel), e.Type, strconv.Itoa(len(e.Data)), d.Reason,
		})
		return nil
	})
	if err != nil {
		return err
	}
	if more := o.DeadLetters - int64(len(rows)-1); more > 0 {
		defer c.note("%d more are not shown: add --limit 0", more)
	}
	return c.table(rows)
}

// second returns a time for people, in their zone.
func second(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// A waiting is what is printed of the outbox.
type waiting struct {
	Pending     int64      `json:"pending"`
	Oldest      *time.Time `json:"oldest,omitempty"`
	DeadLetters int64      `json:"dead_letters"`
}

// A letter is what is printed of a dead letter. Data is a string, because what
// is in it may be no JSON.
type letter struct {
	ID      int64     `json:"id"`
	Added   time.Time `json:"added"`
	Died    time.Time `json:"died"`
	User    string    `json:"user"`
	Channel string    `json:"channel"`
	Session string    `json:"session"`
	Type    string    `json:"type"`
	Key     string    `json:"key"`
	Data    *string   `json:"data"`
	Reason  string    `json:"reason"`
}

// lines writes it as JSON lines.
func (l *outboxList) lines(ctx context.Context, c *console, log *postgres.Log, o *postgres.Outbox) error {
	w := waiting{Pending: o.Pending, DeadLetters: o.DeadLetters}
	if !o.Oldest.IsZero() {
		w.Oldest = &o.Oldest
	}
	if err := c.printJSON(w); err != nil {
		return err
	}
	return l.each(ctx, log, func(d *postgres.DeadLetter) error {
		e := &d.Event
		line := letter{d.ID, d.Added, d.Died, e.User, string(e.Channel), e.Session, e.Type, e.Key, nil, d.Reason}
		if e.Data != nil {
			line.Data = new(string(e.Data))
		}
		return c.printJSON(line)
	})
}

// outboxRequeue is "tidings postgres outbox requeue".
type outboxRequeue struct {
	database `prefix:"postgres-"`
	IDs      []int64 `arg:"" name:"id" optional:"" help:"The dead letters, as \"tidings postgres outbox list\" numbers them."`
	All      bool    `help:"All of them."`
}

// Help is shown by --help.
func (outboxRequeue) Help() string {
	return `They go back into the outbox as the newest. What still can be no event comes back as a dead letter with another number.

Examples:

    tidings postgres outbox requeue 7 9
    tidings postgres outbox requeue --all`
}

// Run requeues.
func (r *outboxRequeue) Run(ctx context.Context, c *console) error {
	if r.All == (len(r.IDs) > 0) {
		return usage("which dead letters? Want their numbers, or --all")
	}
	slices.Sort(r.IDs)
	ids := slices.Compact(r.IDs)
	return r.with(ctx, func(log *postgres.Log) error {
		n, err := log.Requeue(ctx, ids...)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(c.out, "requeued: %d\n", n); err != nil {
			return err
		}
		if !r.All && n < int64(len(ids)) {
			return fmt.Errorf("of %d dead letters %d are not there, or no longer", len(ids), int64(len(ids))-n)
		}
		return nil
	})
}
