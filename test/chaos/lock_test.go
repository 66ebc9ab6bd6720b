package chaos_test

import (
	"testing"
	"time"
)

// locked is how long somebody holds the row that appends wait for: longer than
// a statement waits for a lock.
const locked = 30 * time.Second

// Somebody locks the head row on a console and goes for a coffee. Publishers
// wait, and go on by themselves.
func TestLockedHeadLosesAndDoublesNothing(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := begin(t, plan{replicas: 3, table: true})
	console := s.connect()
	defer console.Close(s.ctx)
	tx, err := console.Begin(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var head int64
	if _, err := tx.Exec(s.ctx, `select from tidings.head for update`); err != nil {
		t.Fatal(err)
	}
	over := time.After(locked)
	const last = `select coalesce(max(seq), 0) from tidings.event`
	if err := tx.QueryRow(s.ctx, last).Scan(&head); err != nil {
		t.Fatal(err)
	}
	<-over
	var after int64
	if err := tx.QueryRow(s.ctx, last).Scan(&after); err != nil || after != head {
		t.Errorf("the log went on from %d to %d, error %v: it was not locked", head, after, err)
	}
	if err := tx.Rollback(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.advance(20, everybody)
	s.end()
}
