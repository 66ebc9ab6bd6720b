package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

// A Log is a tidings.Log in a PostgreSQL database. All methods may be called
// concurrently.
type Log struct {
	opts    Options
	schema  schema
	db      *database
	news    signal // raised when there may be something to look for
	own     runs   // what need not be looked for
	turned  signal // raised when the database became read-only, or can be written again
	state   state
	pace    pace            // of tails
	life    context.Context // ends with Close
	end     context.CancelCauseFunc
	work    sync.WaitGroup // the listener, and who does the chores
	chores  choreList
	closing sync.Once
}

var (
	_ tidings.Log       = (*Log)(nil)
	_ tidings.Recaller  = (*Log)(nil)
	_ tidings.Purger    = (*Log)(nil)
	_ tidings.Diagnosed = (*Log)(nil)
)

// Open returns the log in the database that url names, as libpq reads it: a URL,
// or keywords and values. Unless opts say otherwise it creates what the log
// needs, or brings it up to date.
//
// As long as the database cannot be reached, or is starting, Open tries again
// until ctx ends. What waiting does not change, such as a wrong password or a
// missing permission, is an error at once.
func Open(ctx context.Context, url string, opts *Options) (*Log, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	db, err := newDatabase(url, &o)
	if err != nil {
		return nil, err
	}
	l := &Log{opts: o, schema: quoted(o.Schema), db: db, state: newState(o.Logger), pace: pace{patience: reconnecting()}}
	l.chores.wake = make(chan struct{}, 1)
	if err := l.prepare(ctx); err != nil {
		db.close()
		return nil, err
	}
	l.life, l.end = context.WithCancelCause(context.Background())
	l.work.Go(l.doChores)
	if !o.Pooled {
		l.work.Go(func() { l.listen(l.life) })
	}
	return l, nil
}

// prepare sees to it that the schema is there, waiting for the database if need
// be.
func (l *Log) prepare(ctx context.Context) error {
	waits := patience{first: time.Second, most: 10 * time.Second}
	var last error
	for {
		err := l.ready(ctx)
		if err == nil || !passing(err) {
			return err
		}
		if ctx.Err() == nil || last == nil { // that ctx ended says less
			last = err
			l.opts.Logger.Warn("waiting for the database", "err", err)
		}
		if !waits.wait(ctx, nil) {
			return fmt.Errorf("%w; gave up: %w", last, context.Cause(ctx))
		}
	}
}

// ready is prepare, once.
func (l *Log) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if !l.opts.NoMigrate {
		if _, err := migrate(ctx, l.db.work, l.opts.Schema); err != nil {
			return err
		}
	}
	if err := checkVersion(ctx, l.db.work, l.opts.Schema); err != nil {
		return err
	}
	return checkSession(ctx, l.db.work)
}

// Close ends everything that waits for the log with ErrClosed, and lets go of
// its connections. It may be called more than once, also concurrently, and
// returns when nothing is left.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.end(tidings.ErrClosed)
		l.work.Wait()
		l.db.close()
	})
	return nil
}

// use returns a context that also ends when the log is closed, or after a
// timeout, and what lets go of it.
func (l *Log) use(ctx context.Context, timeout time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.life, func() { cancel(tidings.ErrClosed) })
	timed, release := context.WithTimeout(ctx, timeout)
	return timed, func() { release(); stop(); cancel(nil) }
}

// in returns a statement, which is written for the schema named tidings, for
// this log's.
func (s schema) in(statement string) string {
	return strings.ReplaceAll(statement, "tidings.", string(s)+".")
}

// A signal wakes any number of those who wait for it. The zero signal is ready.
type signal struct {
	mu     sync.Mutex // guards raised
	raised chan struct{}
}

// wait returns what is closed when the signal is raised next.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raised == nil {
		s.raised = make(chan struct{})
	}
	return s.raised
}

// raise wakes everybody who waits.
func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raised != nil {
		close(s.raised)
		s.raised = nil
	}
}
