package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

// patience is how long something may take that has to happen.
const patience = 30 * time.Second

// A backend is a schema of a database, and how the logs of a test reach it.
type backend struct {
	url, through string
	proxy        *pgtest.Proxy
	opts         postgres.Options
}

// newBackend returns a database of the test's own, on the shared server.
func newBackend(t testing.TB) *backend {
	t.Helper()
	return newBackendIn(t, pgtest.Shared(t).Database(t), "")
}

// newBackendIn returns a schema of a database.
func newBackendIn(t testing.TB, url, schema string) *backend {
	b := &backend{url: url, opts: postgres.Options{Partition: 25, Schema: schema}}
	b.reach(t, url)
	return b
}

// reach has the backend's logs come through a proxy to where url says.
func (b *backend) reach(t testing.TB, url string) {
	b.proxy = pgtest.NewProxy(t, url)
	b.through = b.proxy.URL()
}

// open returns a log over the backend.
func (b *backend) open(t testing.TB) *postgres.Log {
	t.Helper()
	l, err := postgres.Open(t.Context(), b.through, &b.opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// in returns statements, which are written for the schema named tidings, for
// the backend's.
func (b *backend) in(statements string) string {
	if b.opts.Schema == "" {
		return statements
	}
	name := pgx.Identifier{b.opts.Schema}.Sanitize()
	statements = strings.ReplaceAll(statements, "SCHEMA tidings", "SCHEMA "+name)
	return strings.ReplaceAll(statements, "tidings.", name+".")
}

// literal returns s as SQL has it.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// connect returns a session past all logs, as an application has it.
func (b *backend) connect(t testing.TB) *session {
	t.Helper()
	return connect(t, b.url)
}

// exec executes statements past all logs.
func (b *backend) exec(t testing.TB, statements string, args ...any) {
	t.Helper()
	s := b.connect(t)
	defer s.close()
	s.exec(b.in(statements), args...)
}

// number returns what a query past all logs says.
func (b *backend) number(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	s := b.connect(t)
	defer s.close()
	return s.number(b.in(query), args...)
}

// A session is a connection to a database, of a test.
type session struct {
	testing.TB
	conn *pgx.Conn
}

// connect returns a session, which ends with the test.
func connect(t testing.TB, url string) *session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t, conn}
	t.Cleanup(s.close)
	return s
}

func (s *session) close() { s.conn.Close(context.Background()) }

// try executes statements, and returns their error.
func (s *session) try(statements string, args ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := s.conn.Exec(ctx, statements, args...)
	return err
}

// exec executes statements, which have to succeed.
func (s *session) exec(statements string, args ...any) {
	s.Helper()
	if err := s.try(statements, args...); err != nil {
		s.Fatalf("%s: %v", statements, err)
	}
}

// scan reads one row.
func (s *session) scan(query string, args []any, into ...any) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.conn.QueryRow(ctx, query, args...).Scan(into...); err != nil {
		s.Fatalf("%s: %v", query, err)
	}
}

// number returns what a query says.
func (s *session) number(query string, args ...any) (n int) {
	s.Helper()
	s.scan(query, args, &n)
	return n
}

// publish puts a note into the outbox.
func (s *session) publish(user string, n int) {
	s.Helper()
	s.exec(`SELECT tidings.tidings_publish($1, 'system', 's', 'note', $2::text)`, user, fmt.Sprint(n))
}

// everything selects every event of these tests.
var everything = tidings.Selector{Everyone: true, Channels: []tidings.Channel{tidings.AGUI, tidings.System, tidings.Control}}

// note returns an event that carries a number.
func note(user string, n int) tidings.Event {
	return tidings.Event{User: user, Channel: tidings.System, Session: "s", Type: "note", Data: fmt.Append(nil, n)}
}

// notes returns events that carry the numbers from 0 to n-1.
func notes(n int) []tidings.Event {
	all := make([]tidings.Event, n)
	for i := range all {
		all[i] = note("a", i)
	}
	return all
}

// keep appends events, which has to succeed.
func keep(t testing.TB, l tidings.Log, events ...tidings.Event) []tidings.Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	receipts, err := l.Append(ctx, events)
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

// read returns the events after a position.
func read(t testing.TB, l tidings.Log, after tidings.ID) (all []tidings.Event) {
	t.Helper()
	for batch, err := range l.Read(t.Context(), everything, after) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, batch.Events...)
	}
	return all
}

// A tail follows a log, over faults of the moment too.
type tail struct {
	testing.TB
	events  chan tidings.Event
	ended   chan error
	through tidings.ID // when ended
}

// follow returns a tail after a position, which ends with the test.
func follow(t testing.TB, l tidings.Log, after tidings.ID) *tail {
	f := &tail{TB: t, events: make(chan tidings.Event, 100_000), ended: make(chan error, 1), through: after}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends with the test
		defer close(done)
		f.ended <- f.run(ctx, l)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

// run follows until the log says something that waiting does not change.
func (f *tail) run(ctx context.Context, l tidings.Log) error {
	for {
		var failed error
		for batch, err := range l.Tail(ctx, f.through) {
			if failed = err; err != nil {
				break
			}
			f.through = batch.Through
			for _, e := range batch.Events {
				f.events <- e
			}
		}
		if ctx.Err() != nil || errors.Is(failed, tidings.ErrForeign) || errors.Is(failed, tidings.ErrTruncated) || errors.Is(failed, tidings.ErrClosed) {
			return failed
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// next returns the next n events.
func (f *tail) next(n int) []tidings.Event {
	f.Helper()
	var all []tidings.Event
	timeout := time.After(patience)
	for len(all) < n {
		select {
		case e := <-f.events:
			all = append(all, e)
		case err := <-f.ended:
			f.Fatalf("after %d events of %d the tail ended: %v", len(all), n, err)
		case <-timeout:
			f.Fatalf("%d events of %d came: %s", len(all), n, shown(all))
		}
	}
	return all
}

// shown returns users and payloads, one event after the other.
func shown(events []tidings.Event) string {
	var b strings.Builder
	for i := range events {
		fmt.Fprintf(&b, "%s:%s ", events[i].User, events[i].Data)
	}
	return strings.TrimSpace(b.String())
}

// eventually waits until something is so that comes by itself.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
