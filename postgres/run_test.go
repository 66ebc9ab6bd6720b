package postgres_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// newFollowed returns a log that listens and hardly ever asks, and who follows it.
func newFollowed(t *testing.T) (*backend, *postgres.Log, *tail) {
	t.Helper()
	b := newBackend(t)
	b.opts.Poll = time.Hour
	l := b.open(t)
	f := follow(t, l, tidings.ID{})
	eventually(t, "listening", func() bool { return listens(l) })
	return b, l, f
}

// looks returns how often a log looked.
func looks(l *postgres.Log) float64 { return l.Health().Figures["polls_total"] }

// TestWhatALogAppendsItDoesNotLookFor has batches of new events, of known ones,
// and of both.
func TestWhatALogAppendsItDoesNotLookFor(t *testing.T) {
	t.Parallel()
	_, l, events := newFollowed(t)
	keep(t, l, note("before", 0))
	events.next(1)
	before := looks(l)
	const rounds = 30
	for n := range rounds {
		known, fresh, twice := note("a", n), note("a", n), note("a", n)
		known.Key, fresh.Key, twice.Key = "0", fmt.Sprint(n), fmt.Sprint(n)
		fresh.Trace, fresh.Session, fresh.Channel = "t", "other", tidings.AGUI
		keep(t, l, known, note("b", n), fresh, twice, known)
		keep(t, l, known)
	}
	got := events.next(2 * rounds)
	if n := looks(l) - before; n > 2 { // listening asks for one
		t.Errorf("got %v looks for %d appends", n, 2*rounds)
	}
	if want := read(t, l, tidings.ID{})[1:]; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestOwnAndOthersEventsComeInOneOrder has three logs that append and follow,
// one of them after a gap that housekeeping left.
func TestOwnAndOthersEventsComeInOneOrder(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Poll = time.Hour
	const appends = 150
	var logs []*postgres.Log
	var tails []*tail
	for range 3 {
		l := b.open(t)
		logs, tails = append(logs, l), append(tails, follow(t, l, tidings.ID{}))
		eventually(t, "listening", func() bool { return listens(l) })
	}
	s := b.connect(t)
	var all sync.WaitGroup
	for i, l := range logs {
		for range 2 { // runs of one log overtake each other
			all.Go(func() {
				for n := range appends {
					keep(t, l, note(fmt.Sprint(i), n), note(fmt.Sprint(i), n))
				}
			})
		}
	}
	all.Go(func() {
		for n := range appends / 10 {
			s.publish("outbox", n)
			s.exec(`UPDATE tidings.head SET least = greatest(least, (SELECT max(seq) + 3 FROM tidings.event))`)
		}
	})
	all.Wait()
	const total = 3*2*2*appends + appends/10
	eventually(t, "all", func() bool { return b.number(t, `SELECT count(*) FROM tidings.event`) == total })
	want := read(t, logs[0], tidings.ID{})
	for i, f := range tails {
		if got := f.next(total); !reflect.DeepEqual(got, want) {
			t.Errorf("log %d got another order", i)
		}
	}
}

// TestARunThatIsTooLargeToKeepIsLookedFor appends more at once than is kept, and
// then something small.
func TestARunThatIsTooLargeToKeepIsLookedFor(t *testing.T) {
	t.Parallel()
	_, l, events := newFollowed(t)
	large := note("a", 0)
	large.Data = fmt.Appendf(nil, "%q", strings.Repeat("x", 1<<20))
	for range 3 {
		keep(t, l, large)
		events.next(1)
		keep(t, l, note("a", 1))
		events.next(1)
	}
}

// TestWhatALogMovesOrRequeuesItself has nobody else to do it, and to tell of it.
func TestWhatALogMovesOrRequeuesItself(t *testing.T) {
	t.Parallel()
	b, l, events := newFollowed(t)
	s := b.connect(t)
	for n := range 20 {
		s.publish("outbox", n)
		events.next(1)
	}
	s.exec(`SELECT tidings.tidings_publish('requeued', '', 's', 'note', '1'::text)`)
	dead := func() int { return s.number(`SELECT count(*) FROM tidings.dead_letter`) }
	eventually(t, "a dead letter", func() bool { return dead() == 1 })
	s.exec(`UPDATE tidings.dead_letter SET channel = 'system'`)
	<-time.After(100 * time.Millisecond) // by then it does not move any more
	if n, err := l.Requeue(t.Context()); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	events.next(1)
	if _, err := l.Purge(t.Context(), "outbox"); err != nil {
		t.Error(err)
	}
	events.next(1)
}

// TestALogThatWasReplacedIsNotFollowedByAppending appends to what is another
// log by now: what it answers does not follow what was seen.
func TestALogThatWasReplacedIsNotFollowedByAppending(t *testing.T) {
	t.Parallel()
	b, l, events := newFollowed(t)
	keep(t, l, notes(3)...)
	events.next(3)
	b.exec(t, `UPDATE tidings.event SET nano = nano + 1000 WHERE seq = 3`)
	keep(t, l, note("a", 3))
	select {
	case err := <-events.ended:
		if err == nil || !strings.Contains(err.Error(), "foreign") && !strings.Contains(err.Error(), "position") {
			t.Errorf("got %v", err)
		}
	case e := <-events.events:
		t.Errorf("got %v", e)
	case <-time.After(patience):
		t.Error("it follows the other log")
	}
}

// TestAnAppendWhoseAnswerIsLostIsFollowed has notifications that are taken for
// those of an append that will be answered.
func TestAnAppendWhoseAnswerIsLostIsFollowed(t *testing.T) {
	t.Parallel()
	b, l, events := newFollowed(t)
	for n := range 10 {
		b.proxy.CutAnswers(1)
		keep(t, l, note("a", n))
		events.next(1)
	}
}
