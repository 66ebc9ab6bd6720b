package postgres_test

import (
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// wantDenied reports if a session may do something.
func wantDenied(s *session, statement string) {
	s.Helper()
	if err := s.try(statement); err == nil || !strings.Contains(err.Error(), "42501") {
		s.Errorf("%s: got %v, want that it is denied", statement, err)
	}
}

// objects returns the names of what a catalogue has in the log's schema.
func objects(s *session, query string) (names []string) {
	s.Helper()
	var all *string
	s.scan(`SELECT string_agg(name, '|') FROM (`+query+`) q(name)`, nil, &all)
	if all == nil {
		s.Fatalf("%s: nothing", query)
	}
	return strings.Split(*all, "|")
}

// tables and functions of a log; a function as a call with nothing but NULL.
const (
	tables    = `SELECT relname FROM pg_class WHERE relnamespace = 'tidings'::regnamespace AND relkind IN ('r', 'p')`
	functions = `
SELECT proname || '(' || array_to_string(ARRAY(SELECT 'NULL::' || format_type(t, NULL) FROM unnest(proargtypes) t), ', ') || ')'
FROM pg_proc WHERE pronamespace = 'tidings'::regnamespace AND proname <> 'tidings_publish'`
)

func TestWhoMayPublishMayDoNothingElse(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("a", 0))
	role := newRole(t, b)
	for range 2 {
		if err := postgres.GrantPublish(t.Context(), b.url, "", role); err != nil {
			t.Fatal(err)
		}
	}
	s := connect(t, as(t, b.url, role))
	s.publish("a", 1)
	s.exec(`SELECT tidings.tidings_publish('a', 'system', 's', 'note', '2'::json)`)
	s.exec(`SELECT tidings.tidings_publish('a', 'system', 's', 'note', '3'::jsonb, 'key')`)
	wantNumbers(t, follow(t, l, tidings.ID{}).next(4), "a", 4)

	all := b.connect(t)
	for _, table := range objects(all, tables) {
		for _, statement := range []string{"SELECT FROM tidings.%", "INSERT INTO tidings.% DEFAULT VALUES", "DELETE FROM tidings.%", "TRUNCATE tidings.%"} {
			wantDenied(s, strings.ReplaceAll(statement, "%", table))
		}
	}
	for _, call := range objects(all, functions) {
		if strings.HasPrefix(call, "matches(") {
			continue // it tells nothing
		}
		wantDenied(s, "SELECT tidings."+call)
	}
	wantDenied(s, "CREATE TABLE tidings.mine ()")
	if _, err := postgres.Open(t.Context(), as(t, b.url, role), &postgres.Options{NoMigrate: true}); err == nil || !strings.Contains(err.Error(), "tidings postgres grant") {
		t.Errorf("Open: got %v", err)
	}
}

func TestWhoMayServeServesAndChangesNoSchema(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.open(t).Close()
	role := newRole(t, b)
	for range 2 {
		if err := postgres.GrantServe(t.Context(), b.url, "", role); err != nil {
			t.Fatal(err)
		}
	}
	url := as(t, b.url, role)
	b.reach(t, url)
	b.opts.NoMigrate, b.opts.RetainAge = true, 1
	l := b.open(t)
	events := follow(t, l, tidings.ID{})
	for n := range 60 { // of several partitions
		keep(t, l, note("a", n))
	}
	events.next(60)
	s := connect(t, url)
	s.publish("outbox", 0)
	s.exec(`SELECT tidings.tidings_publish('dead', 'nowhere', 's', 'note', '1')`)
	events.next(1)
	eventually(t, "a dead letter", func() bool { return len(letters(t, l)) == 1 })
	if n, err := l.Requeue(t.Context()); n != 1 || err != nil {
		t.Errorf("Requeue: got %d, %v", n, err)
	}
	if _, err := l.Outbox(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := l.Purge(t.Context(), "outbox"); err != nil {
		t.Error(err)
	}
	if _, err := l.Recent(t.Context(), 1000); err != nil {
		t.Error(err)
	}
	if _, err := postgres.CheckVersion(t.Context(), url, ""); err != nil {
		t.Error(err)
	}
	b.exec(t, `UPDATE tidings.housekeeping SET done = done - interval '1 hour'`)
	eventually(t, "a partition that is discarded", func() bool { return l.Health().Figures["partitions_discarded_total"] > 0 })
	if err := l.Close(); err != nil { // other partitions are discarded one by one, and are not to go while they are looked at
		t.Error(err)
	}

	for _, statement := range []string{
		"CREATE TABLE tidings.mine ()", "CREATE SCHEMA mine", "DROP SCHEMA tidings CASCADE", "DROP FUNCTION tidings.stamp()",
		"CREATE FUNCTION tidings.stamp(text) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
	} {
		wantDenied(s, statement)
	}
	for _, table := range objects(b.connect(t), tables) {
		wantDenied(s, "ALTER TABLE tidings."+table+" ADD mine text")
		wantDenied(s, "DROP TABLE tidings."+table+" CASCADE")
		for _, statement := range []string{"INSERT INTO tidings.% DEFAULT VALUES", "DELETE FROM tidings.%", "TRUNCATE tidings.%"} {
			wantDenied(s, strings.ReplaceAll(statement, "%", table))
		}
	}
}
