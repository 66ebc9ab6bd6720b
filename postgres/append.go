package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// appendBatch is the one statement of an append.
const appendBatch = `SELECT first, nano, repeats, room, coalesce(prior, 0), coalesce(prior_nano, 0) FROM tidings.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

// batchWindow is how long the database remembers what became of a batch.
const batchWindow = time.Hour

// A batch is the events of an append, as columns, and what is known of it.
type batch struct {
	id                                              pgtype.UUID
	owners, channels, sessions, types, keys, traces []string
	datas                                           [][]byte
	doubt                                           time.Time // of the first attempt of which it is not known what became of it
}

// newBatch returns events as a batch with an id of its own.
func newBatch(events []tidings.Event) *batch {
	n := len(events)
	names := make([]string, 6*n)
	b := &batch{
		owners: names[:n], channels: names[n : 2*n], sessions: names[2*n : 3*n],
		types: names[3*n : 4*n], keys: names[4*n : 5*n], traces: names[5*n:], datas: make([][]byte, n),
	}
	b.id.Valid = true
	_, _ = rand.Read(b.id.Bytes[:]) // it never fails
	for i := range events {
		e := &events[i]
		b.owners[i], b.channels[i], b.sessions[i] = e.User, string(e.Channel), e.Session
		b.types[i], b.keys[i], b.traces[i], b.datas[i] = e.Type, e.Key, e.Trace, e.Data
	}
	return b
}

// Append implements tidings.Log. As long as it cannot know what became of the
// batch it asks again, by its id, and it waits for a head row that somebody has
// locked. Other errors match [tidings.ErrUnavailable], or [tidings.ErrReadOnly]
// where the database is a standby.
func (l *Log) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, nil
	}
	b, waits := newBatch(events), patience{first: 20 * time.Millisecond, most: time.Second}
	for {
		k, err := l.attempt(ctx, b)
		if err == nil {
			return l.appended(events, k), nil
		}
		if unknown(err) && b.doubt.IsZero() {
			b.doubt = time.Now()
		}
		if err := l.appendFailed(ctx, b, err); err != nil {
			return nil, err
		}
		waits.wait(ctx, nil)
	}
}

// attempt appends, once.
func (l *Log) attempt(ctx context.Context, b *batch) (k kept, err error) {
	ctx, done := l.use(ctx, appendTimeout)
	defer done()
	err = l.db.with(ctx, l.db.work, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, l.schema.in(appendBatch), b.id, b.owners, b.channels, b.sessions, b.types, b.keys,
			b.traces, b.datas, int64(l.opts.KeyWindow), int64(batchWindow)).
			Scan(&k.first, &k.nano, &k.repeats, &k.room, &k.before.seq, &k.before.nano)
	})
	return k, err
}

// appended returns the receipts of an append, looks at how far it came, and
// tells those who follow: for a notification that is of this log's own they do
// not look.
func (l *Log) appended(events []tidings.Event, k kept) []tidings.Receipt {
	l.state.writable(nil)
	if k.room-k.first-int64(len(events)) < l.opts.Partition {
		l.chores.add(chores{partitions: true})
	}
	receipts := k.receipts(len(events))
	if r := newRun(events, receipts, k.before.id()); r == nil || !l.own.add(r) {
		l.news.raise()
	}
	return receipts
}

// appendFailed returns the error of a batch that cannot be kept, or nil if
// trying again may help.
func (l *Log) appendFailed(ctx context.Context, b *batch, err error) error {
	if cause := cmp.Or(context.Cause(ctx), context.Cause(l.life)); cause != nil {
		return b.givenUp(cause)
	}
	switch {
	case transient(err):
		return nil
	case crowded(err):
		if err = l.extend(ctx, len(b.datas)); err == nil {
			return nil
		}
	}
	l.failed(err)
	if b.doubt.IsZero() {
		return explained("append", err)
	}
	if time.Since(b.doubt) > batchWindow/2 { // the database may have forgotten the batch
		return b.givenUp(explained("append", err))
	}
	return nil
}

// givenUp returns the error of a batch that is not tried any more.
func (b *batch) givenUp(cause error) error {
	if b.doubt.IsZero() {
		return fmt.Errorf("postgres: append: %w", cause)
	}
	return fmt.Errorf("postgres: append: %w: %w", tidings.ErrUnknownOutcome, cause)
}

// A kept is what the database says of a batch.
type kept struct {
	first, nano int64
	repeats     pgtype.FlatArray[int64] // place from 1, seq and stamp of each event that was not new
	room        int64                   // there are partitions for seqs below this
	before      stamped                 // what they follow, or zero if that is not known any more
}

// receipts returns a receipt for each of n events.
func (k *kept) receipts(n int) []tidings.Receipt {
	all := make([]tidings.Receipt, n)
	for r := k.repeats; len(r) >= 3; r = r[3:] {
		all[r[0]-1] = tidings.Receipt{ID: position(r[1], r[2]), Duplicate: true}
	}
	seq := k.first
	for i := range all {
		if !all[i].Duplicate {
			all[i].ID = position(seq, k.nano)
			seq++
		}
	}
	return all
}

// position returns a position as the root has it.
func position(seq, nano int64) tidings.ID { return tidings.NewID(time.Unix(0, nano), uint64(seq)) }
