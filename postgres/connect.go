package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// A database is how the log reaches its backend: connections for what must not
// wait, connections for history, and a gate before both.
type database struct {
	work, reads *pgxpool.Pool
	gate        gate
	life        context.Context // of all connections
	end         context.CancelFunc
	leaving     sync.WaitGroup // connections that are in no pool and were left
	mu          sync.Mutex     // guards renewed
	renewed     time.Time      // when the pools were reset
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
	d := new(database)
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
	config.BeforeClose = abandon
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
func abandon(conn *pgx.Conn) {
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
// was sent.
func (d *database) with(ctx context.Context, pool *pgxpool.Pool, use func(*pgxpool.Conn) error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		if _, failed := errors.AsType[*pgconn.ConnectError](err); failed {
			d.gate.fail(err)
		}
		return &unsentError{err}
	}
	defer conn.Release()
	return use(conn)
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

// An unsentError says that a statement did not leave.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// A gate keeps a backend that refuses connections from being asked too often:
// after a failure everybody is told of it, without asking, for about a second.
type gate struct {
	mu     sync.Mutex // guards what follows
	failed error
	until  time.Time
	open   chan struct{} // closed and made anew by every success
}

// pass returns the last failure if it was a moment ago.
func (g *gate) pass() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed != nil && time.Now().Before(g.until) {
		return g.failed
	}
	return nil
}

// fail notes a failure to connect.
func (g *gate) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed != nil && time.Now().Before(g.until) {
		return // this one was told, or is of the same moment
	}
	g.failed, g.until = err, time.Now().Add(time.Second/2+rand.N(time.Second/2))
}

// succeed notes that the backend can be reached, and tells those who wait.
func (g *gate) succeed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failed = nil
	close(g.open)
	g.open = make(chan struct{})
}

// opened returns what is closed at the next success.
func (g *gate) opened() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// A patience is how long somebody waits after failures in a row: longer each
// time, from first to most, and never in step with others.
type patience struct {
	first, most time.Duration
	failures    int
}

// reconnecting is the patience of those who want to be told of news.
func reconnecting() patience { return patience{first: time.Second, most: time.Minute} }

// wait waits after one more failure, no longer than until done, which may be
// nil. It reports whether ctx goes on.
func (p *patience) wait(ctx context.Context, done <-chan struct{}) bool {
	pause := min(p.first<<min(p.failures, 10), p.most)
	p.failures++
	timer := time.NewTimer(pause/2 + rand.N(pause/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// A pace is the patience of several who do the same.
type pace struct {
	mu sync.Mutex // guards what follows
	patience
	due bool
}

// note notes whether a backend could be reached.
func (p *pace) note(err error) {
	_, failed := errors.AsType[*pgconn.ConnectError](err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !failed {
		p.failures = 0
	}
	p.due = failed
}

// wait waits if the backend could not be reached the last time.
func (p *pace) wait(ctx context.Context, opened <-chan struct{}) {
	p.mu.Lock()
	mine, due := p.patience, p.due
	if due {
		p.failures++
	}
	p.mu.Unlock()
	if due {
		mine.wait(ctx, opened)
	}
}

// code returns the SQLSTATE of an error, or "".
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// What an operator may do about errors, by SQLSTATE.
var advice = map[string]string{
	"25006": "this is a read-only standby, or default_transaction_read_only is on: connect to the primary; with several hosts in the URL, target_session_attrs=read-write finds it",
	"28P01": "check the password",
	"28000": "check the role, and pg_hba.conf",
	"3D000": "create the database",
	"42501": "grant the role what it needs: tidings postgres grant; one that creates or migrates the log needs GRANT CREATE ON DATABASE",
	"3F000": "create the log's tables: tidings postgres migrate",
	"42P01": "create the log's tables: tidings postgres migrate",
	"42883": "create the log's functions: tidings postgres migrate",
	"53100": "free space on the server's disk",
	"53300": "raise max_connections, or use a pooler and a pooled log",
	"57014": "raise statement_timeout of the role",
	"08P01": "if this is a pooler such as PgBouncer, the log has to be opened as a pooled one",
	"57P03": "the server is starting or stopping",
	"TD002": "set default_transaction_isolation of the role to read committed",
}

// explained wraps a backend's error: what was done, what to do, and which of
// the root's errors it is.
func explained(doing string, err error) error { return advised(doing, err, todo(err)) }

// advised is explained, with what to do, or "".
func advised(doing string, err error, todo string) error {
	kind := tidings.ErrUnavailable
	if code(err) == "25006" {
		kind = tidings.ErrReadOnly
	}
	if _, failed := errors.AsType[*pgconn.ConnectError](err); failed {
		err = &oneLineError{err}
	}
	if todo != "" {
		return fmt.Errorf("postgres: %s: %w: %w; %s", doing, kind, err, todo)
	}
	return fmt.Errorf("postgres: %s: %w: %w", doing, kind, err)
}

// todo returns what to do about an error, or "".
func todo(err error) string {
	_, dial := errors.AsType[*net.OpError](err)
	_, name := errors.AsType[*net.DNSError](err)
	if code(err) == "" && (dial || name) {
		return "see that PostgreSQL runs there, and that this machine reaches it"
	}
	return advice[code(err)]
}

// A oneLineError is an error of connecting, which has a line for each attempt:
// with TLS and without, at each address.
type oneLineError struct{ err error }

// Error returns each line once, in one.
func (e *oneLineError) Error() string {
	first, rest, _ := strings.Cut(e.err.Error(), "\n")
	var all []string
	for line := range strings.SplitSeq(rest, "\n") {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return strings.TrimSpace(first + " " + strings.Join(all, ", "))
}

func (e *oneLineError) Unwrap() error { return e.err }
