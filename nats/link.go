package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

// errDisconnected ends what waits for an answer that cannot come any more.
var errDisconnected = errors.New("the connection was lost")

// A link knows how long a connection lasts. The client of NATS makes another in
// its place, on which no answer comes to what was asked before. Nor does one come
// to what the server does not permit: it says so, and not of which question.
type link struct {
	logger   *slog.Logger
	mu       sync.Mutex // guards what follows
	ctx      context.Context
	end      context.CancelCauseFunc
	lostAt   time.Time // zero while there is one
	refused  context.Context
	refuse   context.CancelCauseFunc
	renewals int
	closed   bool
}

func newLink(logger *slog.Logger) *link {
	k := &link{logger: logger}
	k.ctx, k.end = context.WithCancelCause(context.Background())
	k.refused, k.refuse = context.WithCancelCause(context.Background())
	return k
}

// options have a client tell.
func (k *link) options() []nats.Option {
	return []nats.Option{
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if !nc.IsClosed() {
				k.logger.Warn("lost the connection to NATS", "err", err)
			}
			k.lost()
		}),
		nats.ReconnectHandler(func(*nats.Conn) { k.renew() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			k.logger.Warn("connection to NATS", "err", err)
			if errors.Is(err, nats.ErrPermissionViolation) {
				k.denied(err)
			}
		}),
	}
}

// denied ends the questions that are under way: one of them will have no answer.
func (k *link) denied(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refuse(&finalError{fmt.Errorf("%w; permit that", err)})
	k.refused, k.refuse = context.WithCancelCause(context.Background())
}

func (k *link) lost() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.end(errDisconnected)
	k.lostAt = time.Now()
}

// close ends what waits for an answer, now and later.
func (k *link) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.end(tidings.ErrClosed)
	k.ctx, k.end = context.WithCancelCause(context.Background()) // it may have ended for another reason
	k.end(tidings.ErrClosed)
	k.closed = true
}

// isClosed reports whether it was closed.
func (k *link) isClosed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed
}

func (k *link) renew() {
	k.logger.Info("connected to NATS again")
	k.mu.Lock()
	defer k.mu.Unlock()
	k.end(errDisconnected)
	k.lostAt, k.renewals = time.Time{}, k.renewals+1
	if !k.closed {
		k.ctx, k.end = context.WithCancelCause(context.Background())
	}
}

// current returns what ends with the connection of now.
func (k *link) current() context.Context {
	ctx, _ := k.both()
	return ctx
}

// both returns that, and what ends when the server does not permit something.
func (k *link) both() (ctx, refused context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ctx, k.refused
}

// state returns since when there is no connection, zero if there is one, and how
// often one was made in the place of another.
func (k *link) state() (lostAt time.Time, renewals int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lostAt, k.renewals
}

// asking returns a context that also ends after a timeout, with the connection,
// and when something is not permitted, and what lets go of it.
func (l *Log) asking(ctx context.Context, timeout time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	connected, refused := l.link.both()
	lost := context.AfterFunc(connected, func() { cancel(context.Cause(connected)) })
	denied := context.AfterFunc(refused, func() { cancel(context.Cause(refused)) })
	timed, release := context.WithTimeout(ctx, timeout)
	return timed, func() { release(); denied(); lost(); cancel(nil) }
}

// because returns the error of a question, or why its context ended.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return unavailable(err)
}

// unavailable says of an error of the client what it means. Nil is none.
func unavailable(err error) error {
	if err == nil || errors.Is(err, tidings.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", tidings.ErrUnavailable, err)
}
