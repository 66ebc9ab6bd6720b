package postgres_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// deadly are rows that cannot be moved where an event has at most 100 bytes, and
// what is said of them.
var deadly = []struct{ name, user, channel, session, kind, key, data, reason string }{
	{"too large", "a", "system", "s", "note", "", `"` + strings.Repeat("x", 99) + `"`, "data: want at most 100 bytes, not 101"},
	{"no JSON", "a", "system", "s", "note", "", `{`, "one JSON value"},
	{"two values", "a", "system", "s", "note", "", `1 2`, "one JSON value"},
	{"a line break in a string", "a", "system", "s", "note", "", "\"a\nb\"", "one JSON value"},
	{"empty", "a", "system", "s", "note", "", ``, "one JSON value"},
	{"too deep", "a", "system", "s", "note", "", strings.Repeat("[", 40) + strings.Repeat("]", 40), "nested at most"},
	{"unknown channel", "a", "nowhere", "s", "note", "", `1`, `channel "nowhere": want one of`},
	{"no channel", "a", "", "s", "note", "", `1`, `channel: want one of`},
	{"reserved channel", "a", "tidings.control", "s", "note", "", `{}`, `channel "tidings.control": want one of`},
	{"reserved type", "a", "system", "s", "tidings.purged", "", `{}`, "does not begin with tidings."},
	{"control character in the user", "a\x01", "system", "s", "note", "", `1`, "invalid user"},
	{"line break in the session", "a", "system", "s\n", "note", "", `1`, "invalid session"},
	{"space at the end of the key", "a", "system", "s", "note", "k ", `1`, "invalid key"},
	{"long user", strings.Repeat("u", 20_000), "system", "s", "note", "", `1`, "invalid user"},
	{"long session", "a", "system", strings.Repeat("s", 20_000), "note", "", `1`, "invalid session"},
	{"long key", "a", "system", "s", "note", strings.Repeat("k", 20_000), `1`, "invalid key"},
	{"long type", "a", "system", "s", strings.Repeat("t", 20_000), "", `1`, "invalid type"},
}

func TestARowThatCannotMoveDiesAndThoseBehindItMove(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Limits = tidings.Limits{Event: 100, Depth: 32}
	l := b.open(t)
	s := b.connect(t)
	for n, d := range deadly {
		s.exec(`SELECT tidings.tidings_publish($1, $2, $3, $4, $5::text, $6)`, d.user, d.channel, d.session, d.kind, d.data, d.key)
		s.publish("alive", n)
	}
	s.exec(`SELECT tidings.tidings_publish('a', 'system', 's', 'note', NULL::text)`)
	s.publish("alive", len(deadly))
	wantNumbers(t, follow(t, l, tidings.ID{}).next(len(deadly)+1), "alive", len(deadly)+1)

	dead, err := l.DeadLetters(t.Context(), 0, 100)
	if err != nil || len(dead) != len(deadly)+1 {
		t.Fatalf("got %d dead letters, %v", len(dead), err)
	}
	for i, d := range deadly {
		e := dead[i].Event
		if !strings.Contains(dead[i].Reason, d.reason) {
			t.Errorf("%s: the reason is %s, want %s", d.name, dead[i].Reason, d.reason)
		}
		if e.User != d.user || string(e.Channel) != d.channel || e.Session != d.session || e.Type != d.kind || e.Key != d.key || string(e.Data) != d.data {
			t.Errorf("%s: the dead letter is %+v", d.name, e)
		}
		if dead[i].Added.IsZero() || dead[i].Died.Before(dead[i].Added) {
			t.Errorf("%s: added %s, died %s", d.name, dead[i].Added, dead[i].Died)
		}
	}
	if d := dead[len(deadly)]; d.Reason != "data is null" || d.Event.Data != nil {
		t.Errorf("without data: %+v", d)
	}
	eventually(t, "the figures tell", func() bool { // the event can be there before the mover has the answer
		f := l.Health().Figures
		return f["outbox_dead_letters_total"] == float64(len(dead)) && f["outbox_moved_total"] == float64(len(deadly)+1)
	})
}

// TestARowThatTheDatabaseRefusesDiesAlone has a constraint that the program
// does not know of.
func TestARowThatTheDatabaseRefusesDiesAlone(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("first", 0))
	b.exec(t, `ALTER TABLE tidings.event ADD CONSTRAINT nobodys CHECK (owner <> 'nobody')`)
	s := b.connect(t)
	for n := range 40 {
		if n%10 == 3 {
			s.publish("nobody", n)
		}
		s.publish("alive", n)
	}
	wantNumbers(t, follow(t, l, tidings.ID{}).next(41), "alive", 40)
	dead, err := l.DeadLetters(t.Context(), 0, 100)
	if err != nil || len(dead) != 4 || !strings.Contains(dead[0].Reason, "nobodys") {
		t.Errorf("got %+v, %v", dead, err)
	}
}

func TestARequeuedLetterMovesIfItCanNow(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Limits.Event = 5
	l := b.open(t)
	s := b.connect(t)
	for _, data := range []string{`"1 long"`, `{`, `"2 long"`} {
		s.exec(`SELECT tidings.tidings_publish('a', 'system', 's', 'note', $1::text)`, data)
	}
	s.publish("a", 0)
	follow(t, l, tidings.ID{}).next(1)
	dead := letters(t, l)
	if len(dead) != 3 {
		t.Fatalf("got %+v", dead)
	}

	if n, err := l.Requeue(t.Context(), dead[0].ID); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	eventually(t, "the letter comes back", func() bool { return len(letters(t, l)) == 3 })
	again := letters(t, l)
	if again[2].ID <= dead[2].ID || string(again[2].Event.Data) != `"1 long"` || again[2].Reason != dead[0].Reason {
		t.Errorf("got %+v", again)
	}
	l.Close()

	b.opts.Limits.Event = 50
	l = b.open(t)
	events := follow(t, l, tidings.ID{})
	if n, err := l.Requeue(t.Context()); n != 3 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	if got := shown(events.next(3)); got != `a:0 a:"2 long" a:"1 long"` {
		t.Errorf("got %s", got)
	}
	eventually(t, "one letter stays dead", func() bool { return len(letters(t, l)) == 1 })
	if n, err := l.Requeue(t.Context(), 1<<40); n != 0 || err != nil {
		t.Errorf("of an unknown letter: got %d, %v", n, err)
	}
}

// letters returns the dead letters of a log.
func letters(t testing.TB, l *postgres.Log) []postgres.DeadLetter {
	t.Helper()
	all, err := l.DeadLetters(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAChoreThatKeepsFailingIsToldOnce takes from the outbox what moving needs.
func TestAChoreThatKeepsFailingIsToldOnce(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Poll = 10 * time.Millisecond
	told := new(journal)
	b.opts.Logger = slog.New(slog.NewTextHandler(told, nil))
	l := b.open(t)
	b.exec(t, `ALTER TABLE tidings.batch RENAME TO elsewhere`)
	events := follow(t, l, tidings.ID{})
	b.connect(t).publish("a", 0)
	eventually(t, "a line", func() bool { return told.count("chore failed") > 0 })
	from := looks(l)
	eventually(t, "more attempts", func() bool { return looks(l) > from+20 })
	if n := told.count("chore failed"); n != 1 {
		t.Errorf("it was told %d times", n)
	}
	b.exec(t, `ALTER TABLE tidings.elsewhere RENAME TO batch`)
	events.next(1)
	eventually(t, "a line", func() bool { return told.count("chore works again") == 1 })
}
