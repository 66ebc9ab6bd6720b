package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotListening is matched by what Health says of a log that cannot listen
// for notifications. It goes on by asking, so that events of other processes are
// late by up to the polling interval.
var ErrNotListening = errors.New("postgres: not listening")

// errDeaf ends a listener that hears nothing.
var errDeaf = errors.New("events came without notifications, the connection must be dead")

// listen waits for notifications, on a connection of its own, until ctx ends. It
// is the log's goroutine.
func (l *Log) listen(ctx context.Context) {
	waits := reconnecting()
	for ctx.Err() == nil {
		opened, turned := l.db.gate.opened(), l.turned.wait()
		err := l.hear(ctx, &waits)
		if ctx.Err() != nil {
			return
		}
		l.state.listening(nil, err)
		if _, failed := errors.AsType[*pgconn.ConnectError](err); !failed {
			opened = turned // it can be reached, but not listened to, as a standby
		}
		waits.wait(ctx, opened)
	}
}

// hear listens until that fails.
func (l *Log) hear(ctx context.Context, waits *patience) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	conn, err := l.listener(ctx)
	if err != nil {
		return err
	}
	defer l.db.leave(conn)
	waits.failures = 0
	l.state.listening(func() { cancel(errDeaf) }, nil)
	l.news.raise() // there may have been some before
	for {
		told, err := conn.WaitForNotification(ctx)
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		l.state.heard()
		if !l.db.owns(told.PID) { // and otherwise who had it done tells
			l.news.raise()
		}
	}
}

// leave closes a connection that is in no pool, and may be dead.
func (d *database) leave(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
	d.leaving.Go(func() { <-conn.PgConn().CleanupDone() }) // close ends it
}

// listener returns a connection that listens.
func (l *Log) listener(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := l.db.connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+OutboxChannel); err != nil {
		l.db.leave(conn)
		return nil, fmt.Errorf("listen: %w", err)
	}
	return conn, nil
}
