package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A database is how the log reaches its backend: connections for what must not
// wait, connections for history, and a gate before both.
type database struct {
	work, reads *pgxpool.Pool
	gate        gate
	life        context.Context // of all connections
	end         context.CancelFunc
	leaving     sync.WaitGroup  // connections that are in no pool and were left
	mu          sync.Mutex      // guards what follows
	renewed     time.Time       // when the pools were reset
	own         map[uint32]bool // the backends that work for this process, and answer
}

// workConnections is how many connections there are for appending, following,
// the outbox and housekeeping.
const workConnections = 4

// Timeouts of what goes over a connection, so that one on which nothing comes
// back does not hold up anything for longer.
const (
	connectTimeout = 5 * time.Second
	askTimeout     = 5 * time.Second
	appendTimeout  = 10 * time.Second
	readTimeout    = time.Minute
)

// newDatabase prepares connections and makes none.
func newDatabase(url string, o *Options) (*database, error) {
	d := &database{own: make(map[uint32]bool)}
	d.life, d.end = context.WithCancel(context.Background())
	d.gate.open = make(chan struct{})
	var err error
	if d.work, err = d.pool(url, o, workConnections); err != nil {
		return nil, err
	}
	if d.reads, err = d.pool(url, o, o.Connections); err != nil {
		d.work.Close()
		return nil, err
	}
	return d, nil
}

// owns reports whether a backend works for this process, which will know what
// it did.
func (d *database) owns(backend uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.own[backend]
}

// note notes whether a connection is one on which answers come. What a backend
// still does whose connection was lost is as if somebody else did it.
func (d *database) note(conn *pgx.Conn, answers bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if backend := conn.PgConn().PID(); answers {
		d.own[backend] = true
	} else {
		delete(d.own, backend)
	}
}

// pool makes a pool of at most n connections.
func (d *database) pool(url string, o *Options, n int) (*pgxpool.Pool, error) {
	config, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns, config.MinIdleConns = int32(n), 0, 0
	configure(config.ConnConfig, o)
	config.ConnConfig.DialFunc = d.dial(config.ConnConfig.DialFunc)
	config.BeforeConnect = func(context.Context, *pgx.ConnConfig) error { return d.gate.pass() }
	config.AfterConnect = func(context.Context, *pgx.Conn) error { d.gate.succeed(); return nil }
	config.BeforeClose = d.abandon
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return pool, nil
}

// configure sets what all connections have in common, whatever is set for the
// role or the database. A pooler does not know what a session was told, so there
// nothing is, but for the encoding, which it keeps for each of its clients.
func configure(c *pgx.ConnConfig, o *Options) {
	if c.ConnectTimeout <= 0 || c.ConnectTimeout > connectTimeout {
		c.ConnectTimeout = connectTimeout
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "tidings"
	}
	c.RuntimeParams["client_encoding"] = "UTF8"
	if o.Pooled {
		c.DefaultQueryExecMode = pgx.QueryExecModeExec
		c.StatementCacheCapacity, c.DescriptionCacheCapacity = 0, 0
		return
	}
	c.RuntimeParams["default_transaction_isolation"] = "read committed"
	c.RuntimeParams["bytea_output"] = "hex"
	if c.RuntimeParams["statement_timeout"] == "" { // each statement has one of ours
		c.RuntimeParams["statement_timeout"] = "0"
	}
}

// abandon closes what is left of a connection that was given up. pgx would wait
// for the server to close it, up to 15 seconds in which it takes the place of
// another.
func (d *database) abandon(conn *pgx.Conn) {
	d.note(conn, false)
	if conn.IsClosed() {
		_ = conn.PgConn().Conn().Close()
	}
}

// close closes all connections, when those who use them are done. One that does
// not end in order is ended.
func (d *database) close() {
	defer time.AfterFunc(time.Second, d.end).Stop()
	d.work.Close()
	d.reads.Close()
	d.end()
	d.leaving.Wait()
}

// reset closes the connections that nobody uses, because they may lead to
// where they should not; once in a second, so that who is refused all the time
// does not connect all the time.
func (d *database) reset() {
	d.mu.Lock()
	recent := time.Since(d.renewed) < time.Second
	if !recent {
		d.renewed = time.Now()
	}
	d.mu.Unlock()
	if !recent {
		d.work.Reset()
		d.reads.Reset()
	}
}

// with calls use with a connection. An error of getting one says that nothing
// was sent. One that the server had ended before, because nobody used it for
// long, did nothing: use is called again with another.
func (d *database) with(ctx context.Context, pool *pgxpool.Pool, use func(*pgxpool.Conn) error) error {
	for {
		conn, err := d.acquire(ctx, pool)
		if err != nil {
			return &unsentError{err}
		}
		if err = d.lend(conn, use); code(err) != "57P05" {
			return err
		}
	}
}

// ask is with, for a use that changes nothing, or nothing more when it is called
// again: if its connection is lost, which may have been so for long, it is called
// again with another. Each of the pool's may be as old.
func (d *database) ask(ctx context.Context, pool *pgxpool.Pool, use func(*pgxpool.Conn) error) error {
	for left := pool.Stat().MaxConns(); ; left-- {
		lost := false
		err := d.with(ctx, pool, func(conn *pgxpool.Conn) error {
			err := use(conn)
			lost = conn.Conn().IsClosed()
			return err
		})
		if !lost || left == 0 || ctx.Err() != nil {
			return err
		}
	}
}

// lend calls use with a connection, and gives it back.
func (d *database) lend(conn *pgxpool.Conn, use func(*pgxpool.Conn) error) error {
	defer conn.Release()
	d.note(conn.Conn(), true)
	err := use(conn)
	d.note(conn.Conn(), !conn.Conn().IsClosed())
	return err
}

// acquire returns a connection. Where the server allows no more of them, it waits
// for one that the pool has.
func (d *database) acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	waits := patience{first: 2 * time.Millisecond, most: 50 * time.Millisecond}
	for {
		conn, err := pool.Acquire(ctx)
		if err == nil {
			return conn, nil
		}
		if _, failed := errors.AsType[*pgconn.ConnectError](err); failed {
			d.gate.fail(err)
		}
		if stat := pool.Stat(); code(err) != "53300" || stat.AcquiredConns()+stat.IdleConns() == 0 || !waits.wait(ctx, nil) {
			return nil, err
		}
	}
}

// connect makes a connection that is in no pool.
func (d *database) connect(ctx context.Context) (*pgx.Conn, error) {
	if err := d.gate.pass(); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, d.work.Config().ConnConfig)
	if err != nil {
		d.gate.fail(err)
		return nil, err
	}
	d.gate.succeed()
	return conn, nil
}
