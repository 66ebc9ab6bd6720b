package postgres_test

import (
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// clockAhead has the database stamp with a time in many years, while do runs.
func (b *backend) clockAhead(t testing.TB, do func()) {
	t.Helper()
	b.exec(t, `ALTER FUNCTION tidings.stamp RENAME TO stamp_of_now`)
	b.exec(t, `CREATE FUNCTION tidings.stamp() RETURNS bigint LANGUAGE sql AS 'SELECT tidings.stamp_of_now() + 1000000000::bigint * 60 * 60 * 24 * 5000'`)
	do()
	b.exec(t, `DROP FUNCTION tidings.stamp`)
	b.exec(t, `ALTER FUNCTION tidings.stamp_of_now RENAME TO stamp`)
}

func TestAKeyOfAClockThatWasAheadIsNotKnownForYears(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	e := note("alice", 1)
	e.Key = "k"
	var first, again []tidings.Receipt
	b.clockAhead(t, func() { first, again = keep(t, l, e), keep(t, l, e) })
	if now := keep(t, l, e); !again[0].Duplicate || now[0].Duplicate {
		t.Errorf("first %v, then %v, with the clock right %v", first, again, now)
	}
}

func TestEventsOfAClockThatWasAheadAreDiscardedLikeOthers(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 1
	b.opts.RetainAge, b.opts.RetainBytes = time.Nanosecond, -1
	l := b.open(t)
	keep(t, l, note("alice", 1))
	b.clockAhead(t, func() { keep(t, l, note("alice", 2)) })
	last := keep(t, l, note("alice", 3))
	b.exec(t, `SELECT tidings.discard(1, 0)`)
	b.exec(t, `SELECT tidings.discard(1, 0)`)
	floor, head, err := l.Bounds(t.Context())
	if err != nil || floor.Seq() != last[0].ID.Seq()-1 || head != last[0].ID {
		t.Errorf("from %v to %v, error %v: want what is before %v discarded", floor, head, err, last[0].ID)
	}
}
