package pgtest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// connect returns a connection that is closed at the end of the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// value returns the one value of a query.
func value[T any](t *testing.T, c *pgx.Conn, sql string, args ...any) (v T) {
	t.Helper()
	if err := c.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func exec(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestSharedIsOneServer(t *testing.T) {
	if got, want := pgtest.Shared(t), pgtest.Shared(t); got != want {
		t.Errorf("got %v and then %v", got, want)
	}
	c := connect(t, pgtest.Shared(t).URL("postgres"))
	if got := value[int](t, c, "select current_setting('server_version_num')::int"); got < 150000 {
		t.Errorf("got version %d, want 15 or later", got)
	}
}

func TestDatabasesAreEmptyAndDropped(t *testing.T) {
	s := pgtest.Shared(t)
	var names []string
	for range 2 {
		t.Run("", func(t *testing.T) {
			url := s.Database(t)
			c := connect(t, url)
			names = append(names, c.Config().Database)
			exec(t, c, "create table t (v text)") // it would be there the second time
			// Who stays connected does not keep it.
			if _, err := pgx.Connect(t.Context(), url); err != nil {
				t.Fatal(err)
			}
		})
	}
	c := connect(t, s.URL("postgres"))
	if got := value[int](t, c, "select count(*) from pg_database where datname = any ($1)", names); got != 0 {
		t.Errorf("got %d of the databases %q, want none", got, names)
	}
}

func TestRestartsKeepWhatWasCommitted(t *testing.T) {
	s := pgtest.New(t, &pgtest.Options{Settings: map[string]string{"fsync": "on", "application_name": "it's"}})
	url := s.Database(t)
	exec(t, connect(t, url), "create table t as select 7 as v")
	for _, mode := range []pgtest.Mode{pgtest.Immediate, pgtest.Fast} {
		before := connect(t, url)
		s.Restart(t, mode)
		if err := before.Ping(t.Context()); err == nil {
			t.Errorf("%s: a connection outlived the restart", mode)
		}
		c := connect(t, url)
		if got := value[int](t, c, "select v from t"); got != 7 {
			t.Errorf("%s: got %d, want 7", mode, got)
		}
		if got, want := value[string](t, c, "select current_setting('fsync') || current_setting('application_name')"), "onit's"; got != want {
			t.Errorf("%s: got the settings %s, want %s", mode, got, want)
		}
	}
	s.Stop(t, pgtest.Fast)
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("a stopped server accepts connections")
	}
}

func TestFolderIsGoneWithTheTest(t *testing.T) {
	var folder string
	t.Run("server", func(t *testing.T) {
		c := connect(t, pgtest.New(t, nil).URL("postgres"))
		folder = value[string](t, c, "select current_setting('data_directory')")
		if _, err := os.Stat(folder); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("got %v, want %s to be gone", err, folder)
	}
}

func TestFolderIsWhereOneWants(t *testing.T) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Run("server", func(t *testing.T) {
		c := connect(t, pgtest.New(t, &pgtest.Options{Dir: dir}).URL("postgres"))
		if got := value[string](t, c, "select current_setting('data_directory')"); !strings.HasPrefix(got, dir+"/") {
			t.Errorf("got %s, want it in %s", got, dir)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v, want nothing left", left, err)
	}
}

func TestServersAskForThePassword(t *testing.T) {
	config, err := pgx.ParseConfig(pgtest.New(t, nil).URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	config.Password += "x"
	_, err = pgx.ConnectConfig(t.Context(), config)
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "28P01" {
		t.Errorf("got %v, want invalid_password", err)
	}
}

func TestWithoutProgramsItIsSaidHowToGetThem(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if got, err := pgtest.Programs(filepath.Join(t.TempDir(), "*")); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("got %q, %v, want an error that names make setup", got, err)
	}
}

func TestServersThatDoNotStartSayWhy(t *testing.T) {
	err := pgtest.Start(&pgtest.Options{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "unrecognized configuration parameter") {
		t.Errorf("got %v, want what the server's log says", err)
	}
}
