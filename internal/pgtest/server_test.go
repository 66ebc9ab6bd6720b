package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
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
func value[T any](t *testing.T, c *pgx.Conn, sql string) (v T) {
	t.Helper()
	if err := c.QueryRow(t.Context(), sql).Scan(&v); err != nil {
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
	for range 2 {
		t.Run("", func(t *testing.T) {
			c := connect(t, s.Database(t))
			exec(t, c, "create table t (v text)") // it would be there the second time
			// One who stays connected does not keep it.
			if _, err := pgx.Connect(context.Background(), c.Config().ConnString()); err != nil {
				t.Fatal(err)
			}
		})
	}
	c := connect(t, s.URL("postgres"))
	if got := value[int](t, c, "select count(*) from pg_database where datname like 'tidings_test_%'"); got != 0 {
		t.Errorf("got %d databases, want none", got)
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
