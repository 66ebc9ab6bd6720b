package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

// open returns a proxy for a database of its own that has a table t, and a
// connection to it that does not go through the proxy.
func open(t *testing.T) (*pgtest.Proxy, *pgx.Conn) {
	t.Helper()
	url := pgtest.Shared(t).Database(t)
	direct := connect(t, url)
	exec(t, direct, "create table t (v int)")
	return pgtest.NewProxy(t, url), direct
}

// count returns how many rows the table has.
func count(t *testing.T, c *pgx.Conn) int {
	t.Helper()
	return value[int](t, c, "select count(*) from t")
}

// hears reports whether a notification comes within a time that is long for
// one.
func hears(t *testing.T, c *pgx.Conn) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := c.WaitForNotification(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	return err == nil
}

// await waits for a notification.
func await(t *testing.T, c *pgx.Conn) {
	t.Helper()
	if _, err := c.WaitForNotification(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestProxiesPassWhatComes(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL())
	rows := pgx.CopyFromSlice(100_000, func(i int) ([]any, error) { return []any{i}, nil })
	if _, err := c.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"v"}, rows); err != nil {
		t.Fatal(err)
	}
	if got := count(t, direct); got != 100_000 {
		t.Errorf("got %d rows, want 100000", got)
	}
	got := value[string](t, c, "select string_agg(v::text, ',' order by v) from t")
	if want := value[string](t, direct, "select string_agg(v::text, ',' order by v) from t"); got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
	if n := len(value[string](t, c, "select string_agg(v::text, ',') from (select generate_series(1, 9) v) s")); n != 17 {
		t.Errorf("got %d bytes after that, want 17", n)
	}
	if got, want := fmt.Sprint(p.Connections(), p.Accepted()), "1 1"; got != want {
		t.Errorf("got %s connections now and in all, want %s", got, want)
	}
}

func TestProxiesRefuseEncryption(t *testing.T) {
	p, _ := open(t)
	c := connect(t, strings.Replace(p.URL(), "sslmode=disable", "sslmode=prefer", 1))
	if got := value[int](t, c, "select 1"); got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestCutEndsAllAndRefusesUntilRestored(t *testing.T) {
	p, _ := open(t)
	c := connect(t, p.URL())
	p.Cut()
	if _, err := c.WaitForNotification(t.Context()); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
	if _, err := pgx.Connect(t.Context(), p.URL()); err == nil {
		t.Error("got a connection while they are cut")
	}
	// pgx has tried to cancel too, perhaps.
	if now, all := p.Connections(), p.Accepted(); now != 0 || all < 2 {
		t.Errorf("got %d connections, %d in all, want none and 2 or more", now, all)
	}
	p.Restore()
	if got := value[int](t, connect(t, p.URL()), "select 1"); got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestFreezeHoldsBothDirectionsUntilThaw(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL())
	exec(t, c, "listen down")
	exec(t, direct, "listen up")
	p.Freeze()
	exec(t, direct, "notify down")
	if hears(t, c) {
		t.Error("a frozen connection passed something to the client")
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.Exec(t.Context(), "notify up")
		sent <- err
	}()
	if hears(t, direct) {
		t.Error("a frozen connection passed something to the server")
	}
	p.Thaw()
	await(t, direct)
	if err := <-sent; err != nil {
		t.Error(err)
	}
	await(t, c)
}

func TestFreezeHoldsConnectionsThatCome(t *testing.T) {
	p, _ := open(t)
	p.Freeze()
	opened := make(chan error, 1)
	go func() {
		c, err := pgx.Connect(t.Context(), p.URL())
		if err == nil {
			err = c.Close(t.Context())
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("got %v while frozen", err)
	case <-time.After(200 * time.Millisecond):
	}
	p.Thaw()
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestFreezeExistingForgetsThoseOnly(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL())
	exec(t, c, "listen down")
	pid := c.PgConn().PID()
	p.FreezeExisting()
	fresh := connect(t, p.URL())
	exec(t, fresh, "listen down")
	exec(t, direct, "notify down")
	await(t, fresh)
	p.Thaw()
	if hears(t, c) {
		t.Error("a forgotten connection passed something to the client")
	}
	c.PgConn().Conn().Close()
	const there = "select count(*) from pg_stat_activity where pid = $1"
	if got := value[int](t, direct, there, pid); got != 1 {
		t.Error("the server was told of the end of a forgotten connection")
	}
	if got := p.Connections(); got != 2 {
		t.Errorf("got %d connections, want 2", got)
	}
}

func TestCutAnswersLeavesTheOutcomeUnknown(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL())
	exec(t, c, "insert into t values (0)")
	p.CutAnswers(2)
	for want := 2; want <= 3; want++ {
		_, err := c.Exec(t.Context(), "insert into t values ($1)", want)
		if !errors.Is(err, syscall.ECONNRESET) || pgconn.SafeToRetry(err) {
			t.Errorf("got %v, want a reset after which nobody knows", err)
		}
		if got := count(t, direct); got != want {
			t.Errorf("got %d rows, want %d", got, want)
		}
		if got := p.Pending(); got != 3-want {
			t.Errorf("got %d answers still to be cut, want %d", got, 3-want)
		}
		c = connect(t, p.URL())
	}
	exec(t, c, "insert into t values (4)")
}

func TestCutAnswersPassesWhatIsNoStatement(t *testing.T) {
	p, direct := open(t)
	p.CutAnswers(1)
	c := connect(t, p.URL())
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Prepare(t.Context(), "insert", "insert into t values ($1)"); err != nil {
		t.Error(err)
	}
	if _, err := c.Exec(t.Context(), "insert", 1); err == nil {
		t.Error("the answer to a statement was passed")
	}
	if got := count(t, direct); got != 1 {
		t.Errorf("got %d rows, want 1", got)
	}
}

func TestCutAnswersOfACopyAfterAllWasCopied(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL())
	p.CutAnswers(1)
	rows := pgx.CopyFromSlice(10_000, func(i int) ([]any, error) { return []any{i}, nil })
	if _, err := c.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"v"}, rows); err == nil {
		t.Error("the answer was passed")
	}
	if got := count(t, direct); got != 10_000 {
		t.Errorf("got %d rows, want 10000", got)
	}
}

func TestCutAnswersPassesNoPartOfThem(t *testing.T) {
	p, _ := open(t)
	c := connect(t, p.URL())
	p.CutAnswers(1)
	rows, _ := c.Query(t.Context(), "select generate_series(1, 100000)", pgx.QueryExecModeSimpleProtocol)
	if rows.Next() {
		t.Error("got a row")
	}
	rows.Close()
	if rows.Err() == nil {
		t.Error("got the end of the rows")
	}
}

// Other clients than pgx copy when the server has said that it is ready to.
func TestCutAnswersLetsWhoCopiesBegin(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL()).PgConn()
	p.CutAnswers(1)
	c.Conn().SetDeadline(time.Now().Add(20 * time.Second))
	c.Frontend().Send(&pgproto3.Query{String: "copy t from stdin"})
	if err := c.Frontend().Flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Frontend().Receive(); err != nil {
		t.Fatalf("got %v, %v, want to be told to begin", got, err)
	}
	c.Frontend().Send(&pgproto3.CopyData{Data: []byte("1\n")})
	c.Frontend().Send(&pgproto3.CopyDone{})
	if err := c.Frontend().Flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Frontend().Receive(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, %v, want a reset", got, err)
	}
	if got := count(t, direct); got != 1 {
		t.Errorf("got %d rows, want 1", got)
	}
}

func TestCutCommitsWaitsForTheCommit(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL())
	p.CutCommits(1)
	if got := count(t, c); got != 0 {
		t.Fatalf("got %d rows, want none", got)
	}
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "insert into t values (1)"); err != nil {
		t.Fatal(err)
	}
	// Which error it is cannot be relied on: in the simple protocol pgx has
	// forgotten the reset, and takes this for safe to retry.
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("the answer to a commit was passed")
	}
	if got := count(t, direct); got != 1 {
		t.Errorf("got %d rows, want 1", got)
	}
	p.CutCommits(1)
	if _, err := connect(t, p.URL()).Exec(t.Context(), "insert into t values (2)"); err == nil {
		t.Error("the answer to what commits by itself was passed")
	}
}

func TestProxiesPassOnTheServersEnd(t *testing.T) {
	p, direct := open(t)
	c := connect(t, p.URL())
	p.CutCommits(1) // answers may be held back
	exec(t, direct, fmt.Sprintf("select pg_terminate_backend(%d)", c.PgConn().PID()))
	_, err := c.Exec(t.Context(), "select 1")
	if told, ok := errors.AsType[*pgconn.PgError](err); !ok || told.Code != "57P01" {
		t.Errorf("got %v, want admin_shutdown", err)
	}
}
