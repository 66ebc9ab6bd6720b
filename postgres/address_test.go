package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

func TestAnAddressIsWhatAURLSaysWithoutItsPassword(t *testing.T) {
	for _, tt := range []struct{ url, servers, url2 string }{
		{"postgres://app:hush@db.example/tickets", "[db.example:5432]", "postgres://app@db.example:5432/tickets"},
		{"postgres://app:hush@a:1,b:2/tickets?sslmode=disable&pool_max_conns=9&password=hush", "[a:1 b:2]", "postgres://app@a:1,b:2/tickets?sslmode=disable"},
		{"postgres://app@[::1]:7/tickets?target_session_attrs=read-write", "[[::1]:7]", "postgres://app@[::1]:7/tickets?target_session_attrs=read-write"},
		{"postgres://app/tickets?host=/var/run/postgresql&user=app", "[/var/run/postgresql/.s.PGSQL.5432]", "postgres://app@/tickets?host=%2Fvar%2Frun%2Fpostgresql&port=5432"},
		{"host=db port=6 user=app password = hush dbname=tickets", "[db:6]", "postgres://app@db:6/tickets"},
	} {
		a, err := postgres.ParseAddress(tt.url, "")
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		want := tt.servers + " app tickets tidings " + tt.url2
		if got := fmt.Sprint(a.Servers, " ", a.User, " ", a.Database, " ", a.Schema, " ", a.URL()); got != want {
			t.Errorf("%s: got %s\nwant %s", tt.url, got, want)
		}
	}
}

// The URL leads where the other one led, for pgx and for psql, at which the
// password comes from elsewhere.
func TestAnAddressLeadsToTheDatabase(t *testing.T) {
	given := pgtest.Shared(t).Database(t)
	config, err := pgx.ParseConfig(given)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSWORD", config.Password)
	a, err := postgres.ParseAddress(given, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), a.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	psql := exec.CommandContext(t.Context(), "psql", a.URL(), "-Atc", "SELECT current_database()")
	if out, err := psql.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != config.Database {
		t.Errorf("psql: %s, %v", out, err)
	}
}

// A password is not in an error, wherever it stands and however the string is
// broken.
func TestErrorsOfAnAddressHaveNoPassword(t *testing.T) {
	for _, url := range []string{
		"postgres://app:hush%zz@db/app", "postgres://app:x/hush@127.0.0.1:1/app", "host=db password = hush port=x",
		"hush", "postgres://app:hush@db/app?sslmode=x", "postgres://app@db/app?sslmode=x&password=hush", "password='hush",
	} {
		_, parsing := postgres.ParseAddress(url, "")
		_, opening := postgres.Open(t.Context(), url, nil)
		for _, err := range []error{parsing, opening} {
			if !errors.Is(err, tidings.ErrInvalid) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v", url, err)
			}
		}
	}
	_, err := postgres.ParseAddress("postgres://app@db/app?sslmode=verify-full&sslrootcert=/no/such.crt", "")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/no/such.crt") {
		t.Error(err)
	}
	if _, err := postgres.ParseAddress("postgres://app@db/app", " x"); !errors.Is(err, tidings.ErrInvalid) {
		t.Error(err)
	}
}

func TestADatabaseThatCannotBeReachedIsExplainedInOneLine(t *testing.T) {
	_, err := postgres.CheckVersion(t.Context(), "postgres://app:hush@127.0.0.1:1/app", "")
	if !errors.Is(err, tidings.ErrUnavailable) {
		t.Fatal(err)
	}
	text := err.Error()
	if strings.Contains(text, "\n") || strings.Count(text, "refused") != 1 || !strings.Contains(text, "see that PostgreSQL runs there") {
		t.Error(text)
	}
}
