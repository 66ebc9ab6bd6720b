package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

func TestAnAppendWhoseAnswerIsLostIsKeptOnce(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 1000
	l := b.open(t)
	known := note("a", 100)
	known.Key = "known"
	first := keep(t, l, known)[0]
	for n := range 5 {
		b.proxy.CutAnswers(1 + n%3)
		single := keep(t, l, note("a", n))
		b.proxy.CutAnswers(1 + n%3)
		batch := notes(6)
		for i, key := range []string{"", "known", "x", "x", "", "y"} {
			if batch[i].Key = key; key == "x" || key == "y" {
				batch[i].Key += fmt.Sprint(n)
			}
		}
		got := keep(t, l, batch...)
		if b.proxy.Pending() != 0 {
			t.Fatal("no answer was cut")
		}
		from := single[0].ID.Seq()
		want := []uint64{from + 1, first.ID.Seq(), from + 2, from + 2, from + 3, from + 4}
		for i, r := range got {
			if r.ID.Seq() != want[i] || r.Duplicate != (i == 1 || i == 3) {
				t.Errorf("receipt %d is %+v, want seq %d", i, r, want[i])
			}
		}
		if got[1].ID != first.ID || got[3].ID != got[2].ID {
			t.Errorf("duplicates are %s and %s, want %s and %s", got[1].ID, got[3].ID, first.ID, got[2].ID)
		}
	}
	if n := len(read(t, l, tidings.ID{})); n != 1+5*5 {
		t.Errorf("the log has %d events, want %d", n, 1+5*5)
	}
}

// TestAnAppendWhoseServerProcessIsEndedIsKeptOnce ends it while it waits for
// the head row.
func TestAnAppendWhoseServerProcessIsEndedIsKeptOnce(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("a", 0))
	s := b.connect(t)
	unlock := lockHead(b.connect(t))
	done := make(chan []tidings.Receipt, 1)
	go func() { // ends with the append
		receipts, err := l.Append(context.Background(), notes(3))
		if err != nil {
			t.Error(err)
		}
		done <- receipts
	}()
	for range 3 {
		eventually(t, "an append that waits", func() bool { return s.number(terminateWaiting) == 1 })
	}
	unlock()
	receipts := <-done
	events := read(t, l, tidings.ID{})
	if shown(events) != "a:0 a:0 a:1 a:2" || len(receipts) != 3 || receipts[0].ID != events[1].ID || receipts[2].ID != events[3].ID {
		t.Errorf("got %s, %+v", shown(events), receipts)
	}
}

// terminateWaiting ends who waits for the head row.
const terminateWaiting = `
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%append(%'`

// waiting counts who waits for the head row.
const waiting = `
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%append(%'`

// lockHead locks the head row, and returns what unlocks it. Whoever looks at the
// statistics needs another session: this one sees those of one moment.
func lockHead(s *session) (unlock func()) {
	s.Helper()
	s.exec("BEGIN")
	s.exec("SELECT FROM tidings.head FOR UPDATE")
	return func() { s.Helper(); s.exec("COMMIT") }
}

func TestAnAppendWaitsForWhoHoldsTheHeadRow(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("a", 0))
	unlock := lockHead(b.connect(t))
	unlocked := make(chan []tidings.Receipt, 1)
	go func() { // ends with the append
		receipts, err := l.Append(context.Background(), notes(1))
		if err != nil {
			t.Error(err)
		}
		unlocked <- receipts
	}()
	<-time.After(6 * time.Second) // longer than the database waits for a lock
	unlock()
	if got := <-unlocked; len(got) != 1 || got[0].ID.Seq() != 2 {
		t.Errorf("got %+v", got)
	}
}

// TestOnlyWhatMayHaveHappenedIsAnUnknownOutcome ends the context of appends in
// different places.
func TestOnlyWhatMayHaveHappenedIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("a", 0))
	reason := errors.New("enough")
	attempt := func(l *postgres.Log, until func()) error {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { // ends with the append
			_, err := l.Append(ctx, notes(1))
			done <- err
		}()
		until()
		cancel(reason)
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			t.Fatal("the append does not end")
			return nil
		}
	}

	s := b.connect(t)
	unlock := lockHead(b.connect(t))
	err := attempt(l, func() {
		eventually(t, "an append that waits", func() bool { return s.number(waiting) == 1 })
	})
	if !errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, reason) {
		t.Errorf("while the database is at it: %v", err)
	}

	// All connections are taken by appends that wait.
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 4)
	for range cap(ended) {
		go func() { // ends with the append
			_, err := l.Append(ctx, notes(1))
			ended <- err
		}()
	}
	eventually(t, "appends that wait", func() bool { return s.number(waiting) >= cap(ended) })
	err = attempt(l, func() { time.Sleep(50 * time.Millisecond) })
	if errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, reason) {
		t.Errorf("without a connection: %v", err)
	}
	cancel()
	for range cap(ended) {
		if err := <-ended; !errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
			t.Errorf("while the database is at it: %v", err)
		}
	}
	unlock()

	before, cancelNow := context.WithCancelCause(t.Context())
	cancelNow(reason)
	if _, err := l.Append(before, notes(1)); errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, reason) {
		t.Errorf("before it began: %v", err)
	}
	b.proxy.Cut()
	if _, err := l.Append(t.Context(), notes(1)); errors.Is(err, tidings.ErrUnknownOutcome) && !errors.Is(err, tidings.ErrUnavailable) {
		t.Errorf("without a database: %v", err)
	}
}

func TestABlackHoleDuringAnAppendEnds(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, note("a", 0))
	b.proxy.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := l.Append(ctx, notes(1))
	if took := time.Since(began); took > 5*time.Second || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after %s: %v", took, err)
	}
	ended := make(chan error, 1)
	keyed := note("b", 1)
	keyed.Key = "k"
	go func() { // ends with the append
		_, err := l.Append(context.Background(), []tidings.Event{keyed})
		ended <- err
	}()
	<-time.After(12 * time.Second) // longer than an attempt takes
	b.proxy.Thaw()
	if err := <-ended; err != nil && !errors.Is(err, tidings.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	eventually(t, "an append that succeeds", func() bool {
		_, err := l.Append(t.Context(), []tidings.Event{keyed})
		return err == nil
	})
	events := read(t, l, tidings.ID{})
	if got := shown(events); got != "a:0 b:1" && got != "a:0 a:0 b:1" {
		t.Errorf("got %s", got)
	}
}
