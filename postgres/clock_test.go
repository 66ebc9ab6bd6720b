package postgres_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// In a bubble the clock of the process says that it is the year 2000, while the
// database, which is outside, knows better. A log that is opened there stamps,
// remembers keys and moves the outbox as every other does.
func TestTheClockOfAProcessDoesNotMatter(t *testing.T) {
	b := newBackend(t)
	here, s := b.open(t), b.connect(t)
	began := s.now()
	keyed := note("a", 1)
	keyed.Key = "k"
	keep(t, here, keyed)
	s.publish("a", 2)
	var told []tidings.Receipt
	synctest.Test(t, func(t *testing.T) {
		if year := time.Now().Year(); year != 2000 {
			t.Fatalf("the bubble is in the year %d", year)
		}
		there, err := postgres.Open(t.Context(), b.through, &b.opts)
		if err != nil {
			t.Fatal(err)
		}
		defer there.Close()
		if again := keep(t, there, keyed); !again[0].Duplicate {
			t.Error("the key was forgotten")
		}
		follow(t, there, tidings.ID{}).next(2)
		keyed.Key = "l"
		told = keep(t, there, keyed, note("a", 3))
	})
	if again := keep(t, here, keyed, note("a", 4)); !again[0].Duplicate {
		t.Error("a key from the year 2000 was forgotten")
	}
	all := read(t, here, tidings.ID{})
	if got, want := shown(all), shown([]tidings.Event{note("a", 1), note("a", 2), note("a", 1), note("a", 3), note("a", 4)}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(all) == 5 && (told[0].ID != all[2].ID || told[1].ID != all[3].ID) {
		t.Errorf("the log was told %v, and has %v", told, all[2:4])
	}
	stamps := []time.Time{began}
	for _, e := range all {
		stamps = append(stamps, e.ID.Time())
	}
	stamps = append(stamps, s.now().Add(time.Microsecond)) // a stamp has chance in its last digits
	if !slices.IsSortedFunc(stamps, func(a, b time.Time) int { return a.Truncate(time.Microsecond).Compare(b.Truncate(time.Microsecond)) }) {
		t.Errorf("got stamps %v, want them in their order", stamps)
	}
}

// now returns the database's time.
func (s *session) now() (at time.Time) {
	s.Helper()
	s.scan(`SELECT clock_timestamp()`, nil, &at)
	return at
}
