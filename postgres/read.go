package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// Bounds of one page: events that are looked at, and bytes of payload that
// come back, but for one event.
const (
	pageEvents = 1000
	pageBytes  = 1 << 20
)

// reserved begins the names of channels that who does not name channels does
// not mean.
const reserved = "tidings."

// readPage reads one page. All that it says is of one moment.
const readPage = `
SELECT current_setting('transaction_read_only')::boolean, floor, floor_nano, head, head_nano, coalesce(proof, 0), coalesce(purged, 0), coalesce(purged_nano, 0),
       coalesce(number, 0), coalesce(looked, 0), coalesce(selected, false), coalesce(seq, 0), coalesce(nano, 0),
       coalesce(owner, ''), coalesce(channel, ''), coalesce(session, ''), coalesce(type, ''),
       coalesce(key, ''), coalesce(trace, ''), data
FROM tidings.page($1, $2, $3, $4, $5, $6, $7, $8)` + settled

// settled makes a statement that calls a function wait for who discards before
// it chooses the moment that it is of. A function comes to the tables later: it
// would see the floor of before, and events of after.
const settled = ` WHERE NOT EXISTS (SELECT FROM tidings.event WHERE false)`

// A page is what one statement returned.
type page struct {
	floor, head tidings.ID
	readOnly    bool       // perhaps a standby, which may be behind
	proof       int64      // the stamp at the position that was asked for, or 0
	purged      tidings.ID // where the owner was purged, or zero
	events      []tidings.Event
	last        tidings.ID // looked at, or zero
	number      int64      // of the last one looked at, among those
	looked      int64      // at so many
}

// Read implements tidings.Log.
func (l *Log) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		var until tidings.ID
		for {
			p, err := l.page(ctx, &sel, after)
			if err == nil {
				err = p.prove(after)
			}
			if err != nil {
				yield(tidings.Batch{}, err)
				return
			}
			if until.IsZero() {
				until = p.head
			}
			after = p.through(after)
			if !yield(tidings.Batch{Events: p.events, Through: after}, nil) || after.Compare(until) >= 0 {
				return
			}
		}
	}
}

// page reads one page.
func (l *Log) page(ctx context.Context, sel *tidings.Selector, after tidings.ID) (*page, error) {
	if after.Seq() > math.MaxInt64 {
		return nil, tidings.ErrForeign
	}
	inner, done := l.use(ctx, readTimeout)
	defer done()
	p := new(page)
	err := l.db.ask(inner, l.db.reads, func(conn *pgxpool.Conn) error {
		*p = page{}
		rows, _ := conn.Query(inner, l.schema.in(readPage), int64(after.Seq()), owner(sel), channels(sel), reserved,
			list(sel.Sessions), list(sel.Types), pageEvents, pageBytes)
		return p.scan(rows)
	})
	if err != nil {
		return nil, l.readFailed(ctx, "read", err)
	}
	return p, nil
}

// readFailed returns the error of a question that had no answer.
func (l *Log) readFailed(ctx context.Context, doing string, err error) error {
	if cause := cmp.Or(context.Cause(ctx), context.Cause(l.life)); cause != nil {
		return fmt.Errorf("postgres: %s: %w", doing, cause)
	}
	l.failed(err)
	return explained(doing, err)
}

// owner returns the owner of a selector as the database takes it: null for
// everybody.
func owner(sel *tidings.Selector) *string {
	if sel.Everyone {
		return nil
	}
	return &sel.User
}

// channels returns the channels of a selector as the database takes them.
func channels(sel *tidings.Selector) []string {
	names := make([]string, len(sel.Channels))
	for i, c := range sel.Channels {
		names[i] = string(c)
	}
	return names
}

// list returns names, but never nil, which would be NULL.
func list(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// scan reads what the statement returned.
func (p *page) scan(rows pgx.Rows) error {
	defer rows.Close()
	var floor, head, purged, at stamped
	var selected bool
	var e tidings.Event
	into := []any{
		&p.readOnly, &floor.seq, &floor.nano, &head.seq, &head.nano, &p.proof, &purged.seq, &purged.nano,
		&p.number, &p.looked, &selected, &at.seq, &at.nano,
		&e.User, &e.Channel, &e.Session, &e.Type, &e.Key, &e.Trace, &e.Data,
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		p.floor, p.head, p.purged, p.last = floor.id(), head.id(), purged.id(), at.id()
		if selected {
			e.ID = at.id()
			p.events = append(p.events, e)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if p.head.IsZero() {
		return errNoHead
	}
	return nil
}

// errNoHead is a schema whose head row somebody took away.
var errNoHead = errors.New("the head row is missing: restore the log's tables from a backup, or drop the schema and begin anew")

// A stamped is a position as the database has it.
type stamped struct{ seq, nano int64 }

// id returns the position, or the zero ID if there is none.
func (s stamped) id() tidings.ID {
	if s == (stamped{}) {
		return tidings.ID{}
	}
	return position(s.seq, s.nano)
}

// errBehind is a position that a standby may not have yet, and may never have.
var errBehind = fmt.Errorf("postgres: %w: the position is beyond the head of a standby; %s", tidings.ErrUnavailable, advice["25006"])

// prove returns nil if a position is this log's and nothing selected after it
// was discarded. A zero position is before everything that is retained.
func (p *page) prove(after tidings.ID) error {
	switch {
	case after.IsZero(), after == p.floor && after.Compare(p.purged) >= 0:
		return nil
	case after.Compare(p.head) > 0 && p.readOnly:
		return errBehind
	case after.Seq() == p.floor.Seq() && after != p.floor, after.Compare(p.head) > 0:
		return tidings.ErrForeign
	case after.Compare(p.floor) < 0:
		return &tidings.TruncatedError{Floor: p.floor}
	case after != p.floor && after != tidings.NewID(time.Unix(0, p.proof), after.Seq()):
		return tidings.ErrForeign
	case after.Compare(p.purged) < 0:
		return &tidings.TruncatedError{Floor: p.purged}
	}
	return nil
}

// through returns the position up to which the page has everything that is
// selected after a position.
func (p *page) through(after tidings.ID) tidings.ID {
	if p.number == p.looked && p.looked < pageEvents {
		return p.head
	}
	return p.last
}

// boundsOfLog asks for the floor and the head.
const boundsOfLog = `
SELECT h.floor, h.floor_nano, coalesce(l.seq, h.floor), coalesce(l.nano, h.floor_nano)
FROM tidings.head h LEFT JOIN (SELECT seq, nano FROM tidings.event ORDER BY seq DESC LIMIT 1) l ON true`

// Bounds implements tidings.Log.
func (l *Log) Bounds(ctx context.Context) (floor, head tidings.ID, err error) {
	var f, h stamped
	err = l.ask(ctx, boundsOfLog, nil, &f.seq, &f.nano, &h.seq, &h.nano)
	if err != nil {
		return tidings.ID{}, tidings.ID{}, err
	}
	return f.id(), h.id(), nil
}

// Recent implements tidings.Recaller.
func (l *Log) Recent(ctx context.Context, bytes int64) (tidings.ID, error) {
	var at stamped
	err := l.ask(ctx, `SELECT seq, nano FROM tidings.recent($1, $2)`+settled, []any{max(bytes, 0), int64(tidings.RecallCost)}, &at.seq, &at.nano)
	return at.id(), err
}

// ask asks for one row.
func (l *Log) ask(ctx context.Context, statement string, args []any, into ...any) error {
	inner, done := l.use(ctx, readTimeout)
	defer done()
	err := l.db.ask(inner, l.db.work, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(inner, l.schema.in(statement), args...).Scan(into...)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNoHead
	}
	if err != nil {
		return l.readFailed(ctx, "read", err)
	}
	return nil
}
