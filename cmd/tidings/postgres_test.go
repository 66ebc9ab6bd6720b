package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

// databaseURL names a new database to the commands of the test.
func databaseURL(t *testing.T) string {
	t.Helper()
	u := pgtest.Shared(t).Database(t)
	t.Setenv("TIDINGS_POSTGRES_URL", u)
	return u
}

// password returns the password in a URL.
func password(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := u.User.Password()
	return secret
}

// as returns a URL with another user and password.
func as(t *testing.T, raw, user, password string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

// role creates a role that may connect, for this test.
func role(t *testing.T) string {
	t.Helper()
	name := "tidings_test_" + strings.ToLower(rand.Text())
	server := pgtest.Shared(t)
	server.Exec(t, "CREATE ROLE "+name+" LOGIN PASSWORD 'hush'")
	t.Cleanup(func() { server.Exec(t, "DROP ROLE "+name) })
	return name
}

// execute executes statements in a database.
func execute(t *testing.T, u string, statements ...string) error {
	t.Helper()
	c, err := pgx.Connect(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for _, s := range statements {
		if _, err := c.Exec(t.Context(), s); err != nil {
			return err
		}
	}
	return nil
}

// must fails the test if statements cannot be executed.
func must(t *testing.T, u string, statements ...string) {
	t.Helper()
	if err := execute(t, u, statements...); err != nil {
		t.Fatal(err)
	}
}

// onPostgres runs "tidings postgres" to its end, and sees to it that it tells
// no password.
func onPostgres(t *testing.T, args string) result {
	t.Helper()
	got := finished(t, "", append([]string{"postgres"}, strings.Fields(args)...)...)
	for _, secret := range []string{password(t, os.Getenv("TIDINGS_POSTGRES_URL")), "hush"} {
		if secret != "" && strings.Contains(got.out+got.err, secret) {
			t.Errorf("postgres %s tells the password: %+v", args, got)
		}
	}
	return got
}

// expect runs "tidings postgres" and compares what it left.
func expect(t *testing.T, args string, code int, out, says string) {
	t.Helper()
	got := onPostgres(t, args)
	if got.code != code || got.out != out || !strings.Contains(got.err, says) || (says == "") != (got.err == "") {
		t.Errorf("postgres %s: exit %d\n%s%s\nwant exit %d\n%s…%s…", args, got.code, got.out, got.err, code, out, says)
	}
}

func TestMigrateSaysHowFarTheSchemaIs(t *testing.T) {
	u := databaseURL(t)
	const all, list = "001_log, 002_read, 003_outbox, 004_retention", `["001_log","002_read","003_outbox","004_retention"]`
	const head = "schema   version  this program  pending"
	const pending, made, current = head + "\ntidings  0        4             " + all + "\n",
		head + "  made\ntidings  4        4             -        " + all + "\n",
		head + "\ntidings  4        4             -\n"
	expect(t, "migrate --check", 1, pending, "not up to date: tidings postgres migrate")
	expect(t, "migrate --check", 1, pending, "not up to date")
	expect(t, "migrate", 0, made, "")
	expect(t, "migrate", 0, current, "")
	expect(t, "migrate --check", 0, current, "")
	expect(t, "migrate --postgres-schema other --json", 0, `{"schema":"other","version":4,"program":4,"needs":1,"pending":[],"made":`+list+"}\n", "")
	expect(t, "migrate --postgres-schema third --json --check", 1, `{"schema":"third","version":0,"program":4,"needs":0,"pending":`+list+`,"made":[]}`+"\n", "schema third")
	must(t, u, "INSERT INTO tidings.migration (version, name, compatible) VALUES (5, '005_later', 1)")
	expect(t, "migrate --check", 0, strings.Replace(current, "4      ", "5      ", 1), "")
	must(t, u, "INSERT INTO tidings.migration (version, name, compatible) VALUES (6, '006_much_later', 5)")
	for _, args := range []string{"migrate --check", "migrate"} {
		expect(t, args, 1, strings.Replace(current, "4      ", "6      ", 1), "use a newer one")
	}
}

func TestGrantLetsRolesPublishOrServe(t *testing.T) {
	u := databaseURL(t)
	app, worker, server, late := role(t), role(t), role(t), role(t)
	if got := onPostgres(t, "migrate"); got.code != 0 {
		t.Fatalf("migrate: %+v", got)
	}
	expect(t, "grant --publish "+app+" --publish "+worker+" --serve "+server, 0, fmt.Sprintf(
		"%s may publish from SQL in schema tidings\n%s may publish from SQL in schema tidings\n%s may serve in schema tidings\n", app, worker, server), "")
	const publish, read = "SELECT tidings.tidings_publish('alice', 'system', '', '', '1')", "SELECT FROM tidings.event"
	for _, name := range []string{app, worker} {
		must(t, as(t, u, name, "hush"), publish)
		if err := execute(t, as(t, u, name, "hush"), read); err == nil {
			t.Errorf("%s may read", name)
		}
	}
	t.Setenv("TIDINGS_POSTGRES_URL", as(t, u, server, "hush"))
	p, at := servingLog(t, "--log", "postgres", "--postgres-no-migrate")
	if got := finished(t, "", "tail", "--url", at, "--from-start", "--count", "2"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	p.signal()
	if code, _, errs := p.end(); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	expect(t, "grant --publish "+late, 1, "", "who created the log")
	must(t, u, "DROP OWNED BY "+app+", "+worker+", "+server)
}

// dead publishes from SQL what can be no event, and what can.
func dead(t *testing.T, u string) {
	t.Helper()
	must(t, u,
		`SELECT tidings.tidings_publish('alice', 'nowhere', 's', 'T', '{"a":1}', 'k')`,
		`SELECT tidings.tidings_publish('bob', 'system', '', E'\u009b31m', 'no JSON')`,
		`SELECT tidings.tidings_publish('bob', 'system', '', '', NULL::text)`,
		`SELECT tidings.tidings_publish('bob', 'system', '', '', '"alive"')`)
}

// moved has a server move what is in the outbox.
func moved(t *testing.T) {
	t.Helper()
	p, at := servingLog(t, "--log", "postgres")
	if got := finished(t, "", "tail", "--url", at, "--from-start", "--count", "1"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	p.signal()
	p.end()
}

func TestOutboxShowsWhatWaitsAndWhatDied(t *testing.T) {
	u := databaseURL(t)
	onPostgres(t, "migrate")
	expect(t, "outbox list", 0, "waiting: nothing\ndead letters: 0\n", "")
	expect(t, "outbox list --json", 0, `{"pending":0,"dead_letters":0}`+"\n", "")
	dead(t, u)
	if got := onPostgres(t, "outbox list"); got.code != 0 || !strings.HasPrefix(got.out, "waiting: 4, the oldest for ") {
		t.Errorf("%+v", got)
	}
	if got := onPostgres(t, "outbox list --json"); !strings.HasPrefix(got.out, `{"pending":4,"oldest":"2`) {
		t.Errorf("%+v", got)
	}
	moved(t)
	got := onPostgres(t, "outbox list --limit 2")
	lines := strings.Split(got.out, "\n")
	if got.code != 0 || len(lines) != 6 || lines[0]+lines[1] != "waiting: nothingdead letters: 3" || !strings.Contains(got.err, "1 more") {
		t.Fatalf("%+v", got)
	}
	for i, want := range []string{"id added owner channel type bytes reason", "1 alice nowhere T 7 channel", "2 bob system ·31m 7 type", ""} {
		for part := range strings.FieldsSeq(want) {
			if !strings.Contains(lines[2+i], part) {
				t.Errorf("line %q has no %q", lines[2+i], part)
			}
		}
	}
	deadLetters(t)
}

// deadLetters compares the JSON of what dead published.
func deadLetters(t *testing.T) {
	t.Helper()
	in := json.NewDecoder(strings.NewReader(onPostgres(t, "outbox list --json --limit 0").out))
	var first waiting
	if err := in.Decode(&first); err != nil || first.DeadLetters != 3 {
		t.Fatalf("%+v, %v", first, err)
	}
	var seen []string
	for {
		var l letter
		if err := in.Decode(&l); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		data := "null"
		if l.Data != nil {
			data = *l.Data
		}
		if l.Reason == "" || l.Added.IsZero() || l.Died.Before(l.Added) {
			t.Errorf("%+v", l)
		}
		seen = append(seen, fmt.Sprintf("%d %s %s %s %q %s %s", l.ID, l.User, l.Channel, l.Session, l.Type, l.Key, data))
	}
	want := "1 alice nowhere s \"T\" k {\"a\":1}\n2 bob system  \"\\u009b31m\"  no JSON\n3 bob system  \"\"  null"
	if got := strings.Join(seen, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOutboxShowsMoreThanAPage(t *testing.T) {
	u := databaseURL(t)
	onPostgres(t, "migrate")
	must(t, u, `INSERT INTO tidings.dead_letter (id, owner, channel, session, type, key, data, added, reason)
SELECT n, 'a', 'c', '', '', '', '1', now(), 'r' FROM generate_series(1, 250) n`)
	for args, want := range map[string]int{"": 103, "--limit 0": 253, "--limit 120": 123, "--json --limit 0": 251} {
		if got := onPostgres(t, "outbox list "+args); strings.Count(got.out, "\n") != want {
			t.Errorf("%s: %d lines, want %d", args, strings.Count(got.out, "\n"), want)
		}
	}
}

func TestRequeueSaysHowMany(t *testing.T) {
	u := databaseURL(t)
	onPostgres(t, "migrate")
	expect(t, "outbox requeue --all", 0, "requeued: 0\n", "")
	dead(t, u)
	moved(t)
	expect(t, "outbox requeue 1 1 2", 0, "requeued: 2\n", "")
	expect(t, "outbox requeue 1 3 99", 1, "requeued: 1\n", "of 3 dead letters 2 are not there")
	if got := onPostgres(t, "outbox list"); !strings.HasPrefix(got.out, "waiting: 3, ") {
		t.Errorf("%+v", got)
	}
	expect(t, "outbox requeue", 2, "", "--all")
	expect(t, "outbox requeue 1 --all", 2, "", "--all")
	expect(t, "outbox requeue one", 2, "", "one")
}

func TestPurgeDiscardsAllOfAnOwner(t *testing.T) {
	databaseURL(t)
	_, at := servingLog(t, "--log", "postgres")
	for _, user := range []string{"alice", "bob"} {
		if got := finished(t, "", "publish", "--url", at, "--user", user, "--data", `"of `+user+`"`); got.code != 0 {
			t.Fatalf("%+v", got)
		}
	}
	expect(t, "purge --user alice", 2, "", "add --yes")
	expect(t, "purge --yes", 2, "", "--user")
	feed := finished(t, "", "tail", "--url", at, "--from-start", "--count", "2")
	if len(parse(t, feed.out)) != 2 {
		t.Fatalf("%+v", feed)
	}
	got := onPostgres(t, "purge --user alice --yes")
	if id, ok := strings.CutPrefix(got.out, "purged "); got.code != 0 || !ok || !strings.HasSuffix(id, "-3\n") {
		t.Errorf("%+v", got)
	}
	feed = finished(t, "", "tail", "--url", at, "--from-start", "--count", "1")
	if left := parse(t, feed.out); len(left) != 1 || left[0].User != "bob" {
		t.Errorf("%+v", feed)
	}
}

// A log that nobody has published to can have an outbox.
func TestPurgeNeedsNoServer(t *testing.T) {
	u := databaseURL(t)
	onPostgres(t, "migrate")
	must(t, u, "SELECT tidings.tidings_publish('alice', 'system', '', '', '1')")
	if got := onPostgres(t, "purge --user alice --yes"); got.code != 0 || !strings.HasSuffix(got.out, "-1\n") {
		t.Errorf("%+v", got)
	}
	expect(t, "outbox list", 0, "waiting: nothing\ndead letters: 0\n", "")
}

// What somebody at a terminal answers decides.
func TestPurgeAsksAtATerminal(t *testing.T) {
	u := databaseURL(t)
	onPostgres(t, "migrate")
	must(t, u, "SELECT tidings.tidings_publish('alice', 'system', '', '', '1')")
	for answer, purged := range map[string]bool{"no\n": false, "": false, "y\n": false, " yes \n": true} {
		var out, errs bytes.Buffer
		c := &console{in: strings.NewReader(answer), out: &out, err: &errs, inTTY: true}
		p := &purge{database: database{URL: u}, User: "alice"}
		err := p.Run(t.Context(), c)
		if (err == nil) != purged || strings.HasPrefix(out.String(), "purged ") != purged {
			t.Errorf("%q: %v, %s", answer, err, &out)
		}
		if asked := errs.String(); !strings.Contains(asked, `"alice"`) || !strings.Contains(asked, "schema tidings") || strings.Contains(asked, password(t, u)) {
			t.Errorf("asked %s", asked)
		}
	}
}

func TestPostgresCommandsSayWhatIsWrong(t *testing.T) {
	u := databaseURL(t)
	t.Setenv("TIDINGS_POSTGRES_URL", "")
	wrong := as(t, u, "postgres", "hush")
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"migrate", 2, "TIDINGS_POSTGRES_URL"},
		{"grant --publish app", 2, "TIDINGS_POSTGRES_URL"},
		{"outbox list", 2, "TIDINGS_POSTGRES_URL"},
		{"outbox requeue --all", 2, "TIDINGS_POSTGRES_URL"},
		{"purge --user alice --yes", 2, "TIDINGS_POSTGRES_URL"},
		{"outbox list --limit=-1", 2, "--limit"},
		{"migrate --postgres-url mysql://app:hush@db/app", 2, "postgres://app:secret@db.example/app"},
		{"migrate --postgres-url " + u + " --postgres-schema " + strings.Repeat("x", 64), 2, "--postgres-schema"},
		{"grant --postgres-url " + u, 2, "--publish ROLE"},
		{"grant --postgres-url " + u + " --publish=", 2, "--publish ROLE"},
		{"grant --postgres-url " + u + " --publish nobody", 1, "tidings postgres migrate"},
		{"outbox list --postgres-url " + u, 1, "tidings postgres migrate"},
		{"purge --user a --yes --postgres-url " + u, 1, "tidings postgres migrate"},
		{"purge --yes --postgres-url " + u + " --user " + strings.Repeat("x", 3000), 2, "--user"},
		{"migrate --postgres-url " + wrong, 1, "check the password"},
		{"outbox list --postgres-url " + wrong, 1, "check the password"},
		{"migrate --postgres-url postgres://app:hush@127.0.0.1:1/app", 1, "see that PostgreSQL runs there"},
		{"outbox list --postgres-url postgres://app:hush@127.0.0.1:1/app", 1, "waited for 5s"},
	} {
		got := onPostgres(t, tt.args)
		if got.code != tt.code || got.out != "" || !strings.Contains(got.err, tt.says) || strings.Count(got.err, "\n") > 2 {
			t.Errorf("%s: exit %d, %s%s, want %d and %q", tt.args, got.code, got.out, got.err, tt.code, tt.says)
		}
		if strings.Contains(got.err, password(t, u)) {
			t.Errorf("%s tells the password: %s", tt.args, got.err)
		}
	}
}
