package postgres

import (
	"context"
	"iter"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// tailPage looks at what follows a position, and proves that by the event that
// stands there. All that it says is of one moment.
const tailPage = `
SELECT floor, floor_nano, waiting, due, readonly, coalesce(seq, 0), coalesce(nano, 0), data IS NOT NULL,
       coalesce(owner, ''), coalesce(channel, ''), coalesce(session, ''), coalesce(type, ''),
       coalesce(key, ''), coalesce(trace, ''), data
FROM tidings.look($1, $2, $3, $4)` + settled

// A look is what one statement of a tail returned.
type look struct {
	floor         tidings.ID
	proof         tidings.ID // the first event's, which may be where the tail was
	last          tidings.ID // the last event's, or zero
	events        []tidings.Event
	outbox, due   bool // there is something to move, and to keep house
	readOnly, any bool
	more          bool // the page ended before the log did, as far as it shows
}

// Tail implements tidings.Log. What this log appends itself it does not ask for:
// the append has proven what that follows.
func (l *Log) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		defer l.own.follow()()
		l.keepPace(ctx)
		c := chase{log: l, after: after, told: true}
		events, err := c.look(ctx)
		for err == nil && yield(tidings.Batch{Events: events, Through: c.after}, nil) {
			events, err = c.next(ctx)
		}
		if err != nil {
			yield(tidings.Batch{}, err)
		}
	}
}

// keepPace waits if the backend could not be reached the last time.
func (l *Log) keepPace(ctx context.Context) {
	ctx, done := l.use(ctx, l.pace.most)
	defer done()
	l.pace.wait(ctx, l.db.gate.opened())
}

// look asks for what comes after a position, and notes what else it learns.
func (l *Log) look(ctx context.Context, after tidings.ID) (*look, error) {
	if after.Seq() > math.MaxInt64 {
		return nil, tidings.ErrForeign
	}
	inner, done := l.use(ctx, askTimeout)
	defer done()
	k := new(look)
	err := l.db.ask(inner, l.db.work, func(conn *pgxpool.Conn) error {
		*k = look{}
		rows, _ := conn.Query(inner, l.schema.in(tailPage), int64(after.Seq()), pageEvents+1, pageBytes, housekeeping)
		return k.scan(rows, int64(after.Seq()))
	})
	l.pace.note(err)
	if err != nil {
		return nil, l.readFailed(ctx, "tail", err)
	}
	if l.state.looked(k.readOnly) {
		l.turned.raise()
		l.db.reset() // the primary may be elsewhere by now, or be this one
	}
	if !k.readOnly {
		l.chores.add(chores{outbox: k.outbox, housekeeping: k.due})
	}
	return k, nil
}

// scan reads what the statement returned after seq.
func (k *look) scan(rows pgx.Rows, after int64) error {
	defer rows.Close()
	var floor, at stamped
	var there bool
	var e tidings.Event
	var events, bytes int
	into := []any{
		&floor.seq, &floor.nano, &k.outbox, &k.due, &k.readOnly, &at.seq, &at.nano, &there,
		&e.User, &e.Channel, &e.Session, &e.Type, &e.Key, &e.Trace, &e.Data,
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		k.floor = floor.id()
		events, bytes = events+1, bytes+len(e.Data)
		if at.seq == after {
			k.proof = at.id()
		}
		if at.seq > after {
			k.any, k.last = true, at.id()
		}
		if there {
			e.ID = at.id()
			k.events = append(k.events, e)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if k.floor.IsZero() {
		return errNoHead
	}
	k.more = events > pageEvents || bytes >= pageBytes
	return nil
}

// advance returns how far the tail is now, or why it cannot go on after a
// position.
func (k *look) advance(after tidings.ID) (tidings.ID, error) {
	switch {
	case after.IsZero():
		after = k.floor
	case after == k.floor:
	case after.Compare(k.floor) < 0:
		return after, &tidings.TruncatedError{Floor: k.floor}
	case k.readOnly && k.proof.IsZero() && !k.any:
		return after, errBehind
	case after != k.proof:
		return after, tidings.ErrForeign
	}
	if k.any {
		return k.last, nil
	}
	return after, nil
}
