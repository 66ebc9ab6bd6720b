package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable is the variable of the environment that names the server which
// [Shared] returns, as a postgres:// URL of a superuser.
const Variable = "TIDINGS_TEST_POSTGRES_URL"

// patience is how long a statement of this package may take.
const patience = time.Minute

// A Server is a PostgreSQL that accepts connections. It may be used by several
// goroutines.
type Server struct {
	base    url.URL
	cluster *cluster // nil for a server that was not started here
	shared  bool
}

// Options say how a server differs from the usual one. Nil is the usual one.
type Options struct {
	// Settings are lines of postgresql.conf. They come after ours, so that
	// {"fsync": "on"} makes a server durable. Not to be set are port and
	// listen_addresses.
	Settings map[string]string
	// Dir is the folder that the server's own folder is made in, such as
	// a small tmpfs. It has to exist, and the user postgres has to reach it
	// where the tests run as root; what t.TempDir returns is out of reach
	// then. Empty: the folder for temporary files.
	Dir string
}

// Shared returns the server that all tests of this process share: the one
// which the environment names in [Variable], otherwise one that is started at
// first use. It is not durable, and cannot be stopped.
func Shared(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var shared = sync.OnceValues(func() (*Server, error) {
	if named := os.Getenv(Variable); named != "" {
		return elsewhere(named)
	}
	s, err := start(&Options{})
	if err != nil {
		return nil, err
	}
	s.shared = true
	return s, nil
})

// elsewhere returns the server of a URL.
func elsewhere(named string) (*Server, error) {
	base, err := parse(named)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	return &Server{base: *base, shared: true}, nil
}

// parse returns a URL of PostgreSQL. Its password does not get into the error.
func parse(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		return nil, errors.New("want a URL such as postgres://user:password@host:5432/postgres")
	}
	return u, nil
}

// New starts a server of the test's own, which ends with the test. It is not
// durable if the options do not say so. Nil options are the usual server.
func New(t testing.TB, o *Options) *Server {
	t.Helper()
	s, err := start(cmp.Or(o, &Options{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.cluster.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// start returns a server that was started with options.
func start(o *Options) (*Server, error) {
	password := rand.Text()
	c, err := newCluster(o, password)
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return &Server{cluster: c, base: url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, password),
		Host:     fmt.Sprintf("127.0.0.1:%d", c.port),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}}, nil
}

// URL returns the URL by which a superuser reaches a database.
func (s *Server) URL(database string) string {
	u := s.base
	u.Path = "/" + database
	return u.String()
}

// Database creates an empty database, encoded in UTF-8, and returns its URL.
// At the end of the test the database is dropped, whoever is still connected.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "tidings_test_" + strings.ToLower(rand.Text())
	s.Exec(t, "create database "+name+" template template0 encoding 'UTF8'")
	t.Cleanup(func() {
		// What a stopped server has goes with its folder.
		if !s.stopped() {
			s.Exec(t, "drop database if exists "+name+" with (force)")
		}
	})
	return s.URL(name)
}

// Exec runs a statement on the maintenance database, as a superuser. An error
// fails the test.
func (s *Server) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	// A test's own context is over when it cleans up.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.exec(ctx, sql, args); err != nil {
		t.Fatalf("pgtest: %s: %v", sql, err)
	}
}

func (s *Server) exec(ctx context.Context, sql string, args []any) error {
	c, err := pgx.Connect(ctx, s.base.String())
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, sql, args...)
	return errors.Join(err, c.Close(ctx))
}

// A Mode is a way in which a server stops.
type Mode string

const (
	// Fast ends all connections and transactions, and stops in order.
	Fast Mode = "fast"
	// Immediate stops without a word, as in a crash. The next start
	// recovers from the log.
	Immediate Mode = "immediate"
)

// Stop stops the server. It returns when the server is gone. Only a server of
// the test's own can be stopped.
func (s *Server) Stop(t testing.TB, mode Mode) {
	t.Helper()
	s.own(t)
	if err := s.cluster.stop(mode); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// Start starts a server that was stopped, on the same port. It returns when
// the server accepts connections.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.own(t)
	if err := s.cluster.start(); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// Restart stops the server and starts it again.
func (s *Server) Restart(t testing.TB, mode Mode) {
	t.Helper()
	s.Stop(t, mode)
	s.Start(t)
}

// own fails the test if others use the server too.
func (s *Server) own(t testing.TB) {
	t.Helper()
	if s.shared {
		t.Fatal("pgtest: other tests share this server: stop one that New returned")
	}
}

func (s *Server) stopped() bool { return s.cluster != nil && s.cluster.stopped() }
