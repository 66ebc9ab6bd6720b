package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

// soon is how long Open may take where waiting would not help.
const soon = 10 * time.Second

// wantRefusal reports if Open does not refuse at once, and say what is wrong.
func wantRefusal(t testing.TB, url string, opts *postgres.Options, says ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	l, err := postgres.Open(ctx, url, opts)
	if err == nil {
		l.Close()
		t.Fatal("it opens")
	}
	if ctx.Err() != nil {
		t.Errorf("it waits: %v", err)
	}
	for _, want := range says {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestOpenRefusesWhatWaitingDoesNotChange(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	role := newRole(t, b)
	u, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")

	u.User = url.UserPassword(role, "another")
	wantRefusal(t, u.String(), nil, "28P01", "check the password")
	u.User = url.UserPassword("nobody_"+role, "any")
	wantRefusal(t, u.String(), nil, "28P01", "check the password")
	wantRefusal(t, as(t, b.url, role), nil, "permission denied for database "+name, "42501", "GRANT CREATE ON DATABASE")
	wantRefusal(t, b.url, &postgres.Options{NoMigrate: true}, "no log in the schema", "tidings postgres migrate")
	wantRefusal(t, b.url, &postgres.Options{Schema: strings.Repeat("x", 64)}, "schema", "63 bytes")
	wantRefusal(t, b.url, &postgres.Options{Schema: "pg_tidings"}, "pg_")
	wantRefusal(t, "postgres://:::", nil)

	b.exec(t, "ALTER ROLE "+role+" NOLOGIN")
	wantRefusal(t, as(t, b.url, role), nil, "not permitted to log in", "check the role")
	b.exec(t, "ALTER ROLE "+role+" LOGIN")
	b.exec(t, "REVOKE CONNECT ON DATABASE "+name+" FROM PUBLIC")
	wantRefusal(t, as(t, b.url, role), nil, `permission denied for database "`+name, "42501")
}

func TestOpenRefusesADatabaseThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"SQL_ASCII", "LATIN1"} {
		name := "tidings_test_" + strings.ToLower(encoding) + fmt.Sprint(time.Now().UnixNano())
		server := pgtest.Shared(t)
		server.Exec(t, fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s' LOCALE 'C'", name, encoding))
		t.Cleanup(func() { server.Exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
		for _, opts := range []*postgres.Options{nil, {Pooled: true}, {NoMigrate: true}} {
			wantRefusal(t, server.URL(name), opts, encoding, "UTF8")
		}
		if _, err := postgres.Migrate(t.Context(), server.URL(name), ""); err == nil || !strings.Contains(err.Error(), "UTF8") {
			t.Errorf("Migrate: got %v", err)
		}
		if n := connect(t, server.URL(name)).number(`SELECT count(*) FROM pg_namespace WHERE nspname = 'tidings'`); n != 0 {
			t.Error("a schema was made")
		}
	}
}

func TestOpenRefusesAPoolerThatItWasNotToldOf(t *testing.T) {
	t.Parallel()
	wantRefusal(t, pgtest.NewBouncer(t, pgtest.Shared(t).Database(t), 2), nil, "opened as a pooled one")
}

func TestOpenWaitsForADatabase(t *testing.T) {
	t.Parallel()
	server := pgtest.New(t, nil)
	opened := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	proxy := pgtest.NewProxy(t, server.URL("later"))
	go func() { // ends with Open
		l, err := postgres.Open(ctx, proxy.URL(), nil)
		if err == nil {
			err = l.Close()
		}
		opened <- err
	}()
	eventually(t, "attempts", func() bool { return proxy.Accepted() >= 2 })
	server.Stop(t, pgtest.Fast)
	tried := proxy.Accepted()
	eventually(t, "more attempts", func() bool { return proxy.Accepted() >= tried+2 })
	server.Start(t)
	server.Exec(t, "CREATE DATABASE later ENCODING 'UTF8' TEMPLATE template0")
	if err := <-opened; err != nil {
		t.Error(err)
	}
	if n := proxy.Accepted(); n > 40 {
		t.Errorf("%d connections were tried", n)
	}
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	proxy := pgtest.NewProxy(t, pgtest.Shared(t).URL("missing"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := postgres.Open(ctx, proxy.URL(), nil)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, tidings.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "create the database") {
		t.Errorf("got %v", err)
	}
	if n := proxy.Accepted(); n > 10 {
		t.Errorf("%d connections were tried", n)
	}
}

func TestAnOlderProgramWorksBesideANewerSchemaThatAllowsIt(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	keep(t, b.open(t), note("a", 0))
	b.exec(t, `INSERT INTO tidings.migration (version, name, compatible) VALUES (99, '099_later', 1)`)
	for _, noMigrate := range []bool{false, true} {
		b.opts.NoMigrate = noMigrate
		l := b.open(t)
		keep(t, l, note("a", 1))
	}
	v, err := postgres.CheckVersion(t.Context(), b.url, "")
	if err != nil || !v.Current() || v.Have != 99 || v.Compatible != 1 {
		t.Errorf("got %+v, %v", v, err)
	}
	if v, err = postgres.Migrate(t.Context(), b.url, ""); err != nil || v.Have != 99 || len(v.Pending) != 0 {
		t.Errorf("got %+v, %v", v, err)
	}
	b.exec(t, `UPDATE tidings.migration SET compatible = 98 WHERE version = 99`)
	for _, noMigrate := range []bool{false, true} {
		wantRefusal(t, b.url, &postgres.Options{NoMigrate: noMigrate}, "version 99", "needs a program that knows version 98", "use a newer one")
	}
}

// TestSettingsOfARoleDoNotMatter has settings that would be in the way.
func TestSettingsOfARoleDoNotMatter(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.open(t).Close()
	role := newRole(t, b)
	if err := postgres.GrantServe(t.Context(), b.url, "", role); err != nil {
		t.Fatal(err)
	}
	b.opts.NoMigrate, b.opts.Poll = true, 50*time.Millisecond
	b.through = as(t, b.through, role)
	for _, setting := range []string{
		"default_transaction_isolation = serializable", "default_transaction_isolation = 'repeatable read'",
		"search_path = ''", "search_path = pg_temp, public", "statement_timeout = '300ms'", "lock_timeout = '1ms'",
		"datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "timezone = 'Asia/Kathmandu'", "client_encoding = 'LATIN1'",
		"bytea_output = 'escape'", "standard_conforming_strings = off", "extra_float_digits = -15", "tidings.notify = 'off'",
		"idle_session_timeout = '200ms'", "enable_indexscan = off", "plan_cache_mode = force_custom_plan",
	} {
		b.exec(t, "ALTER ROLE "+role+" RESET ALL")
		b.exec(t, "ALTER ROLE "+role+" SET "+setting)
		for _, pooled := range []bool{false, true} {
			b.opts.Pooled = pooled
			t.Run(fmt.Sprint(setting, " pooled ", pooled), func(t *testing.T) {
				if pooled && strings.HasPrefix(setting, "default_transaction_isolation") {
					wantRefusal(t, b.through, &b.opts, "to read committed")
					return
				}
				if pooled && strings.HasPrefix(setting, "bytea_output") {
					wantRefusal(t, b.through, &b.opts, "bytea_output is escape")
					return
				}
				l := b.open(t)
				defer l.Close()
				e := note("猫", 1)
				e.Data = []byte(`"\\ ü 猫"`)
				first := keep(t, l, e)
				before := tidings.NewID(first[0].ID.Time(), first[0].ID.Seq())
				keep(t, l, note("a", 2))
				b.exec(t, `SELECT tidings.tidings_publish('outbox', 'system', 's', 'note', '3')`)
				got := follow(t, l, before).next(2)
				if shown(got) != "a:2 outbox:3" {
					t.Errorf("got %s", shown(got))
				}
				all := read(t, l, tidings.ID{})
				if e := all[len(all)-3]; e.User != "猫" || string(e.Data) != `"\\ ü 猫"` {
					t.Errorf("got %s", shown(all))
				}
			})
		}
	}
}

// TestAStatementTimeoutDoesNotEndAnAppendThatWaits has one that is shorter than
// somebody holds the head row.
func TestAStatementTimeoutDoesNotEndAnAppendThatWaits(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.exec(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''500ms''', current_database()); END $$`)
	l := b.open(t)
	keep(t, l, note("a", 0))
	unlock := lockHead(b.connect(t))
	ended := make(chan error, 1)
	go func() { // ends with the append
		_, err := l.Append(context.Background(), notes(1))
		ended <- err
	}()
	<-time.After(2 * time.Second)
	unlock()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// newServer returns a role that may serve the backend's log, changed as by ALTER
// ROLE.
func newServer(t *testing.T, b *backend, change string) (role string) {
	t.Helper()
	b.open(t).Close()
	role = newRole(t, b)
	if err := postgres.GrantServe(t.Context(), b.url, "", role); err != nil {
		t.Fatal(err)
	}
	b.exec(t, "ALTER ROLE "+role+" "+change)
	return role
}

// TestConnectionsThatTheServerEndsAreReplaced leaves all of them alone for longer
// than the server likes, and for less than after which they are tried first.
func TestConnectionsThatTheServerEndsAreReplaced(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	role := newServer(t, b, "SET idle_session_timeout = '100ms'")
	b.opts.NoMigrate, b.through = true, as(t, b.through, role)
	for _, b.opts.Pooled = range []bool{true, false} {
		l := b.open(t)
		var all sync.WaitGroup
		for range 8 { // so that there are some
			all.Go(func() { keep(t, l, note("a", 0)); read(t, l, tidings.ID{}) })
		}
		all.Wait()
		for range 3 {
			<-time.After(300 * time.Millisecond)
			keep(t, l, note("a", 1))
			read(t, l, tidings.ID{})
			if _, _, err := l.Bounds(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestWithoutAConnectionLeftItIsToldAndPasses(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	role := newServer(t, b, "CONNECTION LIMIT 1")
	taken := connect(t, as(t, b.url, role))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := postgres.Open(ctx, as(t, b.url, role), &postgres.Options{NoMigrate: true})
	if !errors.Is(err, tidings.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "53300") || !strings.Contains(fmt.Sprint(err), "raise max_connections") {
		t.Errorf("got %v", err)
	}
	taken.close()
	b.opts.NoMigrate, b.through = true, as(t, b.through, role)
	l := b.open(t) // with one connection, there is none to listen
	events := follow(t, l, tidings.ID{})
	var all sync.WaitGroup
	for i := range 16 { // and the tail is at it too
		all.Go(func() {
			if _, err := l.Append(t.Context(), []tidings.Event{note("a", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	events.next(16)
	b.exec(t, "ALTER ROLE "+role+" CONNECTION LIMIT -1")
	eventually(t, "listening", func() bool { return listens(l) })
}
