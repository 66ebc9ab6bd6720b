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
// its place, on which no answer comes to what was asked before.
type link struct {
	logger   *slog.Logger
	mu       sync.Mutex // guards what follows
	ctx      context.Context
	end      context.CancelCauseFunc
	lostAt   time.Time // zero while there is one
	renewals int
}

func newLink(logger *slog.Logger) *link {
	k := &link{logger: logger}
	k.ctx, k.end = context.WithCancelCause(context.Background())
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
	}
}

func (k *link) lost() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.end(errDisconnected)
	k.lostAt = time.Now()
}

func (k *link) renew() {
	k.logger.Info("connected to NATS again")
	k.mu.Lock()
	defer k.mu.Unlock()
	k.end(errDisconnected)
	k.lostAt, k.renewals = time.Time{}, k.renewals+1
	k.ctx, k.end = context.WithCancelCause(context.Background())
}

// current returns what ends with the connection of now.
func (k *link) current() context.Context {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ctx
}

// state returns since when there is no connection, zero if there is one, and how
// often one was made in the place of another.
func (k *link) state() (lostAt time.Time, renewals int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lostAt, k.renewals
}

// asking returns a context that also ends after a timeout, and with the
// connection, and what lets go of it.
func (l *Log) asking(ctx context.Context, timeout time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.link.current(), func() { cancel(errDisconnected) })
	timed, release := context.WithTimeout(ctx, timeout)
	return timed, func() { release(); stop(); cancel(nil) }
}

// unavailable says of an error of the client what it means. Nil is none.
func unavailable(err error) error {
	if err == nil || errors.Is(err, tidings.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", tidings.ErrUnavailable, err)
}
