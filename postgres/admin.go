package postgres

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// An Outbox is what is known of the outbox and of what could not leave it.
type Outbox struct {
	Pending     int64     // rows that committed and did not move yet
	Oldest      time.Time // since when the oldest of them waits; zero if there is none
	DeadLetters int64
}

// Outbox returns what there is in the outbox now.
func (l *Log) Outbox(ctx context.Context) (Outbox, error) {
	var o Outbox
	var oldest *time.Time
	err := l.ask(ctx, `SELECT count(*), min(added), (SELECT count(*) FROM tidings.dead_letter) FROM tidings.outbox`, nil,
		&o.Pending, &oldest, &o.DeadLetters)
	if oldest != nil {
		o.Oldest = *oldest
	}
	return o, err
}

// A DeadLetter is a row of the outbox that could not be moved into the log.
type DeadLetter struct {
	ID     int64
	Event  tidings.Event // without ID; Data is what was given, nil if that was NULL
	Added  time.Time
	Died   time.Time
	Reason string
}

// DeadLetters returns the dead letters after an ID, oldest first, at most limit.
func (l *Log) DeadLetters(ctx context.Context, after int64, limit int) (all []DeadLetter, err error) {
	inner, done := l.use(ctx, readTimeout)
	defer done()
	err = l.db.ask(inner, l.db.work, func(conn *pgxpool.Conn) (err error) {
		rows, _ := conn.Query(inner, l.schema.in(`
SELECT id, owner, channel, session, type, key, data, added, died, reason
FROM tidings.dead_letter WHERE id > $1 ORDER BY id LIMIT $2`), after, limit)
		all, err = pgx.CollectRows(rows, scanDeadLetter)
		return err
	})
	if err != nil {
		return nil, l.readFailed(ctx, "outbox", err)
	}
	return all, nil
}

func scanDeadLetter(r pgx.CollectableRow) (d DeadLetter, err error) {
	e := &d.Event
	err = r.Scan(&d.ID, &e.User, &e.Channel, &e.Session, &e.Type, &e.Key, &e.Data, &d.Added, &d.Died, &d.Reason)
	return d, err
}

// Requeue puts dead letters back, as the newest of the outbox, all of them if
// no ID is given, and returns how many there were. Those that still cannot be
// moved come back as dead letters with another ID.
func (l *Log) Requeue(ctx context.Context, ids ...int64) (n int64, err error) {
	if err = l.row(ctx, &n, `SELECT tidings.requeue($1)`, ids); err != nil {
		return 0, l.readFailed(ctx, "outbox", err)
	}
	l.news.raise()
	return n, nil
}

// Purge implements tidings.Purger. It takes the owner's rows out of the outbox
// and the dead letters too. What PostgreSQL keeps of deleted rows, in files and
// in backups, is its own affair: VACUUM the log's tables where that matters.
func (l *Log) Purge(ctx context.Context, user string) (tidings.ID, error) {
	waits := patience{first: 20 * time.Millisecond, most: time.Second}
	at, err := l.purge(ctx, user)
	for (transient(err) || crowded(err)) && waits.wait(ctx, nil) {
		if crowded(err) {
			err = l.extend(ctx, 1)
		}
		if err == nil || transient(err) {
			at, err = l.purge(ctx, user)
		}
	}
	if err != nil && unknown(err) {
		cause := cmp.Or(context.Cause(ctx), context.Cause(l.life), err)
		return tidings.ID{}, fmt.Errorf("postgres: purge: %w: %w", tidings.ErrUnknownOutcome, cause)
	}
	if err != nil {
		return tidings.ID{}, l.readFailed(ctx, "purge", err)
	}
	l.news.raise()
	return at.id(), nil
}

// purge is Purge, once.
func (l *Log) purge(ctx context.Context, user string) (at stamped, err error) {
	ctx, done := l.use(ctx, 10*time.Minute)
	defer done()
	err = l.db.with(ctx, l.db.work, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, l.schema.in(`SELECT seq, nano FROM tidings.purge($1, $2, $3)`),
			user, int64(l.opts.KeyWindow), int64(batchWindow)).Scan(&at.seq, &at.nano)
	})
	return at, err
}
