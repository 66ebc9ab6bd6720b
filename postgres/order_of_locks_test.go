package postgres_test

import (
	"errors"
	"testing"

	"github.com/tidings-dev/tidings"
)

// blocked counts sessions that wait for a lock, in a call of a function.
const blocked = `
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '(%'`

// TestWhoWaitsForADiscardIsToldOfIt has readers come between the moment a
// partition is dropped and the end of that transaction.
func TestWhoWaitsForADiscardIsToldOfIt(t *testing.T) {
	t.Parallel()
	for _, question := range []string{"page", "look"} {
		for _, read := range []int{0, 9} { // from the floor on, and from what goes
			b := newBackend(t)
			b.opts.Partition = 10
			l := b.open(t)
			after, _, err := l.Bounds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if receipts := keep(t, l, notes(25)...); read > 0 {
				after = receipts[read-1].ID
			}
			s := b.connect(t)
			s.exec("BEGIN")
			eventually(t, "a partition to discard", func() bool { // nobody makes others meanwhile
				s.exec("SELECT tidings.discard(1, 0)")
				return s.number("SELECT min(first) FROM tidings.partition") > 1
			})
			answered := make(chan error, 1)
			go func() { answered <- firstError(t, l, question, after) }() // ends with the answer
			watch := b.connect(t)
			eventually(t, "a reader that waits", func() bool { return watch.number(blocked, question) > 0 })
			s.exec("COMMIT")
			if err := <-answered; !errors.Is(err, tidings.ErrTruncated) {
				t.Errorf("%s after %s: got %v, want ErrTruncated", question, after, err)
			}
		}
	}
}

// firstError returns what a log says first of a position.
func firstError(t testing.TB, l tidings.Log, question string, after tidings.ID) (err error) {
	batches := l.Tail(t.Context(), after)
	if question == "page" {
		batches = l.Read(t.Context(), everything, after)
	}
	for _, err = range batches {
		break
	}
	return err
}
