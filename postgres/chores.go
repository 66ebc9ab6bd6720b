package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// housekeeping is how often it is done, by one of the processes that share a
// log.
const housekeeping = time.Minute

// parts is into how many partitions what is retained is divided at least: an
// event stays longer, and the log gets larger, than was asked for by one part.
const parts = 16

// forgetAtOnce is how many keys are forgotten in one transaction.
const forgetAtOnce = 10_000

// A chores says what there is to do beside appending and following.
type chores struct{ outbox, housekeeping, partitions bool }

// A list of chores is filled by those who see what there is to do, and done by
// one goroutine.
type choreList struct {
	mu   sync.Mutex // guards todo
	todo chores
	wake chan struct{} // of capacity 1
}

// add notes what there is to do.
func (c *choreList) add(more chores) {
	if more == (chores{}) {
		return
	}
	c.mu.Lock()
	c.todo.outbox = c.todo.outbox || more.outbox
	c.todo.housekeeping = c.todo.housekeeping || more.housekeeping
	c.todo.partitions = c.todo.partitions || more.partitions
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take returns what there is to do, and forgets it.
func (c *choreList) take() chores {
	c.mu.Lock()
	defer c.mu.Unlock()
	todo := c.todo
	c.todo = chores{}
	return todo
}

// doChores does them until the log is closed. It is the log's goroutine.
func (l *Log) doChores() {
	var m mover
	d := make(diary)
	for {
		select {
		case <-l.chores.wake:
		case <-l.life.Done():
			return
		}
		todo := l.chores.take()
		if todo.partitions {
			l.note(d, "extend", l.extend(l.life, 0))
		}
		if todo.outbox {
			l.note(d, "outbox", m.move(l.life, l))
		}
		if todo.housekeeping {
			l.note(d, "housekeeping", l.keepHouse(l.life))
		}
	}
}

// A diary has what went wrong with each chore when it was last tried.
type diary map[string]string

// note says that a chore fails, or works again. It is tried again when it is due.
func (l *Log) note(d diary, what string, err error) {
	if l.life.Err() != nil {
		return
	}
	var now string
	if err != nil {
		l.failed(err)
		now = explained(what, err).Error()
	}
	switch before := d[what]; {
	case now == before:
	case now == "":
		l.opts.Logger.Info("chore works again", "chore", what)
	default:
		l.opts.Logger.Warn("chore failed", "chore", what, "err", now)
	}
	d[what] = now
}

// extend sees to it that there are partitions ahead, at least for n events.
func (l *Log) extend(ctx context.Context, n int) error {
	return l.do(ctx, `SELECT tidings.extend($1, $2)`, l.opts.Partition, n)
}

// keepHouse forgets keys, begins partitions and discards them, if no other
// process did so in the last minute.
func (l *Log) keepHouse(ctx context.Context) error {
	age, bytes := max(0, int64(l.opts.RetainAge)), max(0, l.opts.RetainBytes)
	var claimed *bool // and there is something to discard
	err := l.row(ctx, &claimed, `SELECT tidings.sweep($1, $2, $3, $4, $5)`, housekeeping, age, bytes, parts, l.opts.Partition)
	if err != nil || claimed == nil {
		return err
	}
	for more := true; more && err == nil; {
		err = l.row(ctx, &more, `SELECT tidings.forget($1)`, forgetAtOnce)
	}
	for more := *claimed; more && err == nil; {
		if err = l.row(ctx, &more, `SELECT tidings.discard($1, $2)`, age, bytes); err == nil {
			l.state.count(figureDiscarded, 1)
		}
	}
	if transient(err) { // somebody reads for long
		l.opts.Logger.Debug("partition in use, discarded later", "err", err)
		return nil
	}
	return err
}

// do executes a statement that returns nothing, and that may be executed again.
func (l *Log) do(ctx context.Context, statement string, args ...any) error {
	ctx, done := l.use(ctx, readTimeout)
	defer done()
	return l.db.ask(ctx, l.db.work, func(conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, l.schema.in(statement), args...)
		return err
	})
}

// row executes a statement that returns one value.
func (l *Log) row(ctx context.Context, into any, statement string, args ...any) error {
	ctx, done := l.use(ctx, readTimeout)
	defer done()
	return l.db.with(ctx, l.db.work, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, l.schema.in(statement), args...).Scan(into)
	})
}
