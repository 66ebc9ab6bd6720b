package postgres_test

import (
	"errors"
	"testing"
	"time"

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
			for n := range 25 {
				if at := keep(t, l, note("a", n))[0].ID; n < read {
					after = at
				}
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

// TestASweepAndAnAppendOfTheSameKeysDoNotWaitForEachOther has a key that ended
// be used again while a sweep that begins a partition forgets it.
func TestASweepAndAnAppendOfTheSameKeysDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keyed := note("a", 0)
	keyed.Key = "x"
	keep(t, l, keyed)
	b.exec(t, `UPDATE tidings.key SET until = 0`)
	b.exec(t, `UPDATE tidings.housekeeping SET done = 'epoch'`)
	holder, appender, sweeper, watch := b.connect(t), b.connect(t), b.connect(t), b.connect(t)
	unlock := lockHead(holder)
	ended := make(chan error, 2)
	go func() { // ends with the append
		ended <- appender.try(`SELECT tidings.append(gen_random_uuid(), '{a}', '{system}', '{s}', '{note}', '{x}', '{""}', '{1}', 1, 1)`)
	}()
	eventually(t, "an append that waits", func() bool { return watch.number(blocked, "append") == 1 })
	go func() { // ends with the sweep
		ended <- sweeper.try(`SELECT tidings.sweep('1 minute', 1, 0, 16, 25)`)
	}()
	eventually(t, "a sweep that waits", func() bool { return watch.number(blocked, "sweep") == 1 })
	unlock()
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Error(err)
	}
}

// TestAPurgeAndAMoveOfTheSameRowsDoNotWaitForEachOther has both wait for the head row.
func TestAPurgeAndAMoveOfTheSameRowsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("b", 0))
	b.connect(t).publish("a", 0)
	holder, mover, watch := b.connect(t), b.connect(t), b.connect(t)
	unlock := lockHead(holder)
	purged, moved := make(chan error, 1), make(chan error, 1)
	go func() { // ends with the purge
		_, err := l.Purge(t.Context(), "a")
		purged <- err
	}()
	eventually(t, "a purge that waits", func() bool { return watch.number(blocked, "purge") == 1 })
	go func() { // ends with the move
		moved <- mover.try(`SELECT tidings.move(ARRAY[1], '{}', '{}', 1, 1)`)
	}()
	select {
	case err := <-moved: // it does not come between
		moved <- err
	case <-time.After(time.Second):
	}
	unlock()
	if err := errors.Join(<-purged, <-moved); err != nil {
		t.Error(err)
	}
}

// TestAPurgeTakesWhatCameIntoANewPartitionWhileItWaited has a partition be made
// while a purge waits for the head row, and filled by who waits before it.
func TestAPurgeTakesWhatCameIntoANewPartitionWhileItWaited(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, notes(3)...)
	s, appender, purger, watch := b.connect(t), b.connect(t), b.connect(t), b.connect(t)
	for range 10 { // until the session knows all that it needs to know
		purger.exec("SELECT tidings.purge('nobody', 1, 1)")
	}
	s.exec("BEGIN")
	s.exec("SELECT tidings.extend(25, 500)")
	appended, purged := make(chan error, 1), make(chan error, 1)
	go func() { // ends with the append
		appended <- appender.try(`SELECT tidings.append(gen_random_uuid(), a, array_fill('system'::text, ARRAY[300]), a, a, e, e,
    array_fill('1'::bytea, ARRAY[300]), 1, 1) FROM (SELECT array_fill('a'::text, ARRAY[300]) a, array_fill(''::text, ARRAY[300]) e) i`)
	}()
	eventually(t, "an append that waits", func() bool { return watch.number(blocked, "append") == 1 })
	go func() { // ends with the purge
		purged <- purger.try("SELECT tidings.purge('a', 1, 1)")
	}()
	eventually(t, "a purge that waits", func() bool { return watch.number(blocked, "purge") == 1 })
	s.exec("COMMIT")
	if err := errors.Join(<-appended, <-purged); err != nil {
		t.Fatal(err)
	}
	if n := b.number(t, `SELECT count(*) FROM tidings.event WHERE owner = 'a' AND data <> '{}'`); n != 0 {
		t.Errorf("%d events are left", n)
	}
}

// TestTwoPurgesOfAnOwnerBothSucceed has the second find an event that came after
// the first had looked for some.
func TestTwoPurgesOfAnOwnerBothSucceed(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("b", 0))
	holder, watch := b.connect(t), b.connect(t)
	unlock := lockHead(holder)
	ended := make(chan error, 2)
	for n := range cap(ended) {
		purger := b.connect(t)
		go func() { ended <- purger.try("SELECT tidings.purge('a', 1, 1)") }() // ends with the purge
		eventually(t, "a purge that waits", func() bool { return watch.number(blocked, "purge") == n+1 })
		if n == 0 {
			b.exec(t, `INSERT INTO tidings.event VALUES (2, 1, 'a', 'system', 's', 'note', '', '', '1')`)
		}
	}
	unlock()
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Error(err)
	}
	if n := b.number(t, `SELECT count(*) FROM tidings.event WHERE owner = 'a' AND data <> '{}'`); n != 0 {
		t.Errorf("%d events are left", n)
	}
}

// TestAPurgeThatIsRefusedForTheMomentIsTriedAgain has a database that waits no
// longer than a moment for a lock.
func TestAPurgeThatIsRefusedForTheMomentIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.exec(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 100', current_database()); END $$`)
	l := b.open(t)
	keep(t, l, note("a", 0))
	unlock := lockHead(b.connect(t))
	ended := make(chan error, 1)
	go func() { // ends with the purge
		_, err := l.Purge(t.Context(), "a")
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Errorf("it was tried once: %v", err)
		unlock()
	case <-time.After(time.Second): // for several refusals
		unlock()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
