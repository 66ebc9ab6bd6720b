package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// outboxPage reads the oldest rows of the outbox that have committed. Data that
// is too large anyway stays where it is.
const outboxPage = `
SELECT id, owner, channel, session, type, key, CASE WHEN size <= $3 THEN data END, data IS NULL, size
FROM (
    SELECT o.*, sum(least(size, $3)) OVER (ORDER BY id) - least(size, $3) AS before
    FROM (SELECT *, coalesce(octet_length(data), 0) AS size FROM tidings.outbox ORDER BY id LIMIT $1) o
) p
WHERE before < $2
ORDER BY id`

// moveRows has the database move the rows that were judged.
const moveRows = `SELECT moved, died, busy FROM tidings.move($1, $2, $3, $4, $5)`

// A mover takes rows from the outbox into the log. Of several processes one
// does, as long as it can: who finds that others were faster leaves it to them
// for a while.
type mover struct{ after time.Time }

// move moves rows until there are none, or others move them.
func (m *mover) move(ctx context.Context, l *Log) error {
	for ctx.Err() == nil && time.Now().After(m.after) {
		rows, err := l.outboxRows(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		n, err := l.moveRows(ctx, rows)
		if err != nil {
			return err
		}
		if n == 0 {
			m.after = time.Now().Add(time.Second + rand.N(time.Second)) // #nosec G404 -- it spreads load and keeps no secret
		}
		if len(rows) < pageEvents/2 {
			gather(ctx)
		}
	}
	return nil
}

// gathering is how long rows gather between two moves: a move notifies, and so
// do those who publish, and of these only one commits at a time.
const gathering = 5 * time.Millisecond

// gather lets rows gather.
func gather(ctx context.Context) {
	select {
	case <-time.After(gathering):
	case <-ctx.Done():
	}
}

// A row is one of the outbox, and why it cannot be moved, if it cannot.
type row struct {
	id     int64
	reason string
}

// outboxRows reads rows, and looks at each.
func (l *Log) outboxRows(ctx context.Context) ([]row, error) {
	ctx, done := l.use(ctx, readTimeout)
	defer done()
	var all []row
	err := l.db.ask(ctx, l.db.work, func(conn *pgxpool.Conn) (err error) {
		limit := cmp.Or(l.opts.Limits.Event, tidings.DefaultLimits().Event)
		rows, _ := conn.Query(ctx, l.schema.in(outboxPage), pageEvents, pageBytes, limit)
		all, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (row, error) { return l.judge(r, limit) })
		return err
	})
	return all, err
}

// judge says why a row cannot be moved.
func (l *Log) judge(r pgx.CollectableRow, limit int) (row, error) {
	var w row
	var e tidings.Event
	var missing bool
	var size int
	err := r.Scan(&w.id, &e.User, &e.Channel, &e.Session, &e.Type, &e.Key, &e.Data, &missing, &size)
	switch {
	case err != nil:
		return w, err
	case missing:
		w.reason = "data is null"
	case size > limit:
		w.reason = fmt.Sprintf("data: want at most %d bytes, not %d", limit, size)
	default:
		if err := cmp.Or(l.opts.Router.Check(e.Channel), l.opts.Limits.Check(&e)); err != nil {
			w.reason = err.Error()
		}
	}
	return w, nil
}

// moveRows moves rows and returns how many it found. If the database refuses
// them it halves them, until it is known which one it is.
func (l *Log) moveRows(ctx context.Context, rows []row) (int64, error) {
	n, err := l.moveOnce(ctx, rows)
	if crowded(err) {
		if err = l.extend(ctx, len(rows)); err == nil {
			n, err = l.moveOnce(ctx, rows)
		}
	}
	switch {
	case err == nil || !refused(err) || crowded(err):
		return n, err
	case len(rows) == 1:
		return l.moveOnce(ctx, []row{{rows[0].id, err.Error()}})
	}
	a, err := l.moveRows(ctx, rows[:len(rows)/2])
	if err != nil || a == 0 { // somebody else is at it, and these come before the others
		return a, err
	}
	b, err := l.moveRows(ctx, rows[len(rows)/2:])
	return a + b, err
}

// refused reports whether the database will not take the data, however often
// it is asked.
func refused(err error) bool {
	e, answered := errors.AsType[*pgconn.PgError](err)
	if !answered || len(e.Code) < 2 || e.Routine == "PreCommit_Notify" { // whose queue is full: this passes
		return false
	}
	switch e.Code[:2] {
	case "21", "22", "23", "54": // cardinality, data, constraint, limit
		return true
	}
	return false
}

// moveOnce has the database move rows.
func (l *Log) moveOnce(ctx context.Context, rows []row) (int64, error) {
	good, bad, reasons := []int64{}, []int64{}, []string{}
	for _, r := range rows {
		if r.reason == "" {
			good = append(good, r.id)
		} else {
			bad, reasons = append(bad, r.id), append(reasons, r.reason)
		}
	}
	ctx, done := l.use(ctx, appendTimeout)
	defer done()
	var moved, died int64
	var busy bool
	err := l.db.with(ctx, l.db.work, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, l.schema.in(moveRows), good, bad, reasons, int64(l.opts.KeyWindow), int64(batchWindow)).
			Scan(&moved, &died, &busy)
	})
	if err != nil {
		return 0, err
	}
	l.state.count(figureMoved, moved)
	if died > 0 {
		l.state.count(figureDied, died)
		l.opts.Logger.Warn("outbox rows died", "rows", died, "err", reasons[0], "see", "tidings postgres outbox list")
	}
	if moved > 0 {
		l.news.raise()
	}
	return moved + died, nil
}
