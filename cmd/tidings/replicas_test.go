package main

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

// freeAddress returns an address where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A replica is a server of a log that others serve too, at an address that it
// keeps.
type replica struct {
	*process
	addr string
	log  []string // arguments that say where events are kept
}

// newReplica starts a server on the log that arguments name.
func newReplica(t *testing.T, log ...string) *replica {
	t.Helper()
	r := &replica{addr: freeAddress(t), log: log}
	r.start(t)
	return r
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	r.process = start(t, append([]string{"serve", "--addr", r.addr, "--drain", "200ms"}, r.log...)...)
	r.line(r.errs, "listens on http://"+r.addr+",")
}

func (r *replica) url() string { return "http://" + r.addr }

// kill ends it without a word.
func (r *replica) kill(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.ended()
}

// publish publishes a number at one of the replicas.
func publishNumber(t *testing.T, n int, at ...*replica) {
	t.Helper()
	args := []string{"publish", "--user", "alice", "--data", fmt.Sprint(n)}
	for _, r := range at {
		args = append(args, "--url", r.url())
	}
	if got := finished(t, "", args...); got.code != 0 {
		t.Fatalf("publish %d: %+v", n, got)
	}
}

// numbers returns the numbers of the next events of a tail.
func numbers(t *testing.T, tail *process, n int) []string {
	t.Helper()
	var all []string
	for range n {
		all = append(all, string(parse(t, tail.line(tail.out, "{")+"\n")[0].Data))
	}
	return all
}

func TestTwoServersShareALogAndEitherMayDie(t *testing.T) {
	databaseURL(t)
	shareALog(t, "--log", "postgres")
}

// shareALog has two servers on the log that arguments name, and kills either.
func shareALog(t *testing.T, log ...string) {
	t.Helper()
	a, b := newReplica(t, log...), newReplica(t, log...)
	tail := start(t, "tail", "--user", "alice", "--url", a.url(), "--url", b.url())
	tail.line(tail.errs, "following feed")
	publishNumber(t, 1, b)
	publishNumber(t, 2, a)
	if got := numbers(t, tail, 2); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("got %v", got)
	}
	a.kill(t)
	publishNumber(t, 3, a, b)
	if got := numbers(t, tail, 1); !slices.Equal(got, []string{"3"}) {
		t.Errorf("got %v", got)
	}
	a.start(t)
	b.kill(t)
	publishNumber(t, 4, b, a)
	if got := numbers(t, tail, 1); !slices.Equal(got, []string{"4"}) {
		t.Errorf("got %v", got)
	}
}

func TestTailGoesOnWhenAllServersWereRestarted(t *testing.T) {
	databaseURL(t)
	a, b := newReplica(t, "--log", "postgres"), newReplica(t, "--log", "postgres")
	tail := start(t, "tail", "--user", "alice", "--url", a.url(), "--url", b.url())
	tail.line(tail.errs, "following feed")
	for n := range 3 {
		publishNumber(t, n, b)
	}
	first := numbers(t, tail, 2) // the third may be told before or after
	a.kill(t)
	publishNumber(t, 3, b)
	b.signal()
	if code, _, errs := b.end(); code != 0 {
		t.Errorf("serve: exit %d, %s", code, errs)
	}
	a.start(t)
	publishNumber(t, 4, a)
	b.start(t)
	publishNumber(t, 5, b)
	if got := append(first, numbers(t, tail, 4)...); !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5"}) {
		t.Errorf("got %v", got)
	}
	tail.signal()
	if code, out, errs := tail.end(); code != 0 || out != "" || strings.Contains(errs, "no longer kept") || strings.Contains(errs, "not a position") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}

// What a server prints to try from SQL works as it stands, whatever the schema
// is called, and has no password.
func TestServeSaysHowToPublishFromSQL(t *testing.T) {
	u := databaseURL(t)
	t.Setenv("PGPASSWORD", password(t, u))
	for _, args := range []string{"", "--single-tenant", "--postgres-schema a\"b$c`d\\'e"} {
		p := start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--log", "postgres"}, strings.Fields(args)...)...)
		first := p.line(p.errs, "listens on")
		_, at, _ := strings.Cut(first, "listens on ")
		at, where, _ := strings.Cut(at, ", events are kept in ")
		if !strings.Contains(where, "PostgreSQL at 127.0.0.1:") || !strings.Contains(where, "database tidings_test_") || !strings.Contains(where, "schema ") {
			t.Errorf("it says %s", first)
		}
		line := p.line(p.errs, "Or from SQL")
		_, command, _ := strings.Cut(line, "SQL")
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		tail := finished(t, "", "tail", "--url", at, "--from-start", "--count", "1")
		if got := parse(t, tail.out); len(got) != 1 || string(got[0].Data) != `{"text":"hello"}` || (got[0].User == "") != (args == "--single-tenant") {
			t.Errorf("%s: %+v", args, tail)
		}
		p.signal()
		if _, _, errs := p.end(); strings.Contains(first+line+errs, password(t, u)) {
			t.Errorf("%s: the password is told", args)
		}
		must(t, u, "DROP SCHEMA IF EXISTS tidings CASCADE")
	}
}

func TestServeWaitsForItsDatabase(t *testing.T) {
	server := pgtest.New(t, nil)
	u := server.Database(t)
	t.Setenv("TIDINGS_POSTGRES_URL", u)
	server.Stop(t, pgtest.Fast)
	addr := freeAddress(t)
	p := start(t, "serve", "--log", "postgres", "--addr", addr)
	for range 2 {
		line := p.line(p.errs, "waiting for the database")
		if !strings.Contains(line, "connection refused") || !strings.Contains(line, "see that PostgreSQL runs there") || strings.Contains(line, password(t, u)) {
			t.Errorf("it says %s", line)
		}
	}
	if got := finished(t, "", "serve", "--log", "memory", "--addr", addr); got.code != 1 || !strings.Contains(got.err, "is another server running there?") {
		t.Errorf("the address is not taken: %+v", got)
	}
	early, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	server.Start(t)
	p.line(p.errs, "listens on http://"+addr)
	if _, err := fmt.Fprintf(early, "GET /health/live HTTP/1.0\r\nHost: %s\r\n\r\n", addr); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(early).ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
		t.Errorf("who was early got %s, %v", line, err)
	}
}

func TestServeThatWaitsEndsWithCtrlC(t *testing.T) {
	t.Setenv("TIDINGS_POSTGRES_URL", "postgres://app:hush@127.0.0.1:1/app")
	p := start(t, "serve", "--log", "postgres", "--addr", "127.0.0.1:0")
	p.line(p.errs, "waiting for the database")
	p.signal()
	if code, out, errs := p.end(); code != 0 || out != "" || !strings.Contains(errs, "stopped before there was anything to serve") || strings.Contains(errs, "hush") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}

func TestServeEndsWhereWaitingDoesNotHelp(t *testing.T) {
	u := databaseURL(t)
	name := role(t)
	for _, tt := range []struct{ args, says string }{
		{"--postgres-url " + as(t, u, name, "sesame"), "check the password"},
		{"--postgres-url " + as(t, u, name, "hush"), "GRANT CREATE ON DATABASE"},
		{"--postgres-no-migrate", "tidings postgres migrate makes one"},
	} {
		got := finished(t, "", append([]string{"serve", "--log", "postgres", "--addr", "127.0.0.1:0"}, strings.Fields(tt.args)...)...)
		if got.code != 1 || got.out != "" || !strings.Contains(got.err, tt.says) || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%s: %+v", tt.args, got)
		}
		for _, secret := range []string{"hush", "sesame", password(t, u)} {
			if strings.Contains(got.err, secret) {
				t.Errorf("%s tells the password: %s", tt.args, got.err)
			}
		}
	}
}

// Who names a database does not get a log in memory by mistake.
func TestServeWantsFlagsThatAgreeOnTheLog(t *testing.T) {
	for _, tt := range []struct{ env, args, says string }{
		{"", "--log postgres", "TIDINGS_POSTGRES_URL"},
		{"", "--postgres-url postgres://app:hush@db/app", "add --log postgres"},
		{"", "--log memory --postgres-retain-age 3d", "--postgres-retain-age is for a log in a database"},
		{"postgres://app:hush@db/app", "", "add --log postgres"},
		{"", "--log postgres --postgres-url hush", "postgres://app:secret@db.example/app"},
		{"postgres://app:hush@db/app", "--log postgres --postgres-retain-bytes 16", "16GiB"},
		{"postgres://app:hush@db/app", "--log postgres --postgres-retain-age 0", "7d"},
	} {
		t.Setenv("TIDINGS_POSTGRES_URL", tt.env)
		got := finished(t, "", append([]string{"serve", "--addr", "127.0.0.1:0"}, strings.Fields(tt.args)...)...)
		if got.code != 2 || !strings.Contains(got.err, tt.says) || strings.Contains(got.err, "hush") {
			t.Errorf("%q %s: %+v, want %q", tt.env, tt.args, got, tt.says)
		}
	}
	t.Setenv("TIDINGS_POSTGRES_URL", "postgres://app:hush@db/app")
	servingLog(t, "--log", "memory")
	t.Setenv("TIDINGS_LOG", "memory")
	servingLog(t)
}
