package postgres_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// keepHouse lets the housekeeping be due.
func (b *backend) keepHouse(t testing.TB) {
	t.Helper()
	b.exec(t, `UPDATE tidings.housekeeping SET done = done - interval '1 hour'`)
}

// discarded returns how many partitions logs have discarded.
func discarded(logs ...*postgres.Log) (n int) {
	for _, l := range logs {
		n += int(l.Health().Figures["partitions_discarded_total"])
	}
	return n
}

// kept returns whether the housekeeping that was due was done.
func (b *backend) kept(t testing.TB) bool {
	t.Helper()
	return b.number(t, `SELECT count(*) FROM tidings.housekeeping WHERE done > clock_timestamp() - interval '1 minute'`) == 1
}

// wantFloor reports if what is retained does not begin after the floor, or if
// positions before it are not told to be.
func wantFloor(t testing.TB, l *postgres.Log, receipts []tidings.Receipt) (floor tidings.ID) {
	t.Helper()
	floor, head, err := l.Bounds(t.Context())
	if err != nil || head != receipts[len(receipts)-1].ID {
		t.Fatalf("the head is %s, %v, want %s", head, err, receipts[len(receipts)-1].ID)
	}
	events := read(t, l, tidings.ID{})
	first := len(receipts) - len(events)
	if first == 0 || receipts[first-1].ID != floor {
		t.Fatalf("the floor is %s, and %d events of %d are left", floor, len(events), len(receipts))
	}
	for i := range events {
		if events[i].ID != receipts[first+i].ID {
			t.Fatalf("event %d is at %s, want %s", i, events[i].ID, receipts[first+i].ID)
		}
	}
	for _, err := range l.Read(t.Context(), everything, receipts[0].ID) {
		if gap, ok := errors.AsType[*tidings.TruncatedError](err); first > 1 && (!ok || gap.Floor != floor) {
			t.Errorf("Read before the floor: got %v, want the floor %s", err, floor)
		}
	}
	if got := read(t, l, floor); len(got) != len(events) {
		t.Errorf("Read after the floor: got %d events, want %d", len(got), len(events))
	}
	return floor
}

func TestTheOldestPartitionsAreDiscardedBySize(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.RetainBytes, b.opts.Poll = 2<<20, 50*time.Millisecond
	l := b.open(t)
	follow(t, l, tidings.ID{})
	var receipts []tidings.Receipt
	for range 200 { // 4 MiB
		random := make([]byte, 10<<10)
		_, _ = rand.Read(random)
		e := note("a", 0)
		e.Data = fmt.Appendf(nil, "%q", hex.EncodeToString(random))
		receipts = append(receipts, keep(t, l, e)...)
	}
	b.keepHouse(t)
	size := func() int {
		return b.number(t, `SELECT sum(pg_total_relation_size(('tidings.event_' || first)::regclass)) FROM tidings.partition`)
	}
	eventually(t, "less than was allowed", func() bool { return size() <= 2<<20 })
	floor := wantFloor(t, l, receipts)
	if floor.Seq()%25 != 0 || floor.Seq() >= 175 {
		t.Errorf("the floor is %s", floor)
	}
}

func TestALogOfWhichEverythingIsGoneGoesOn(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.RetainAge, b.opts.Poll = 1, 50*time.Millisecond
	l := b.open(t)
	events := follow(t, l, tidings.ID{})
	receipts := keep(t, l, notes(7)...)
	events.next(7)
	b.keepHouse(t)
	eventually(t, "a partition that is discarded", func() bool { return discarded(l) == 1 })
	last := wantFloor(t, l, receipts)
	for range 2 {
		receipts = append(receipts, keep(t, l, note("b", len(receipts)))...)
		events.next(1)
		if got := shown(read(t, l, last)); got != fmt.Sprintf("b:%d", len(receipts)-1) {
			t.Errorf("after %s: got %s", last, got)
		}
		last = receipts[len(receipts)-1].ID
		before := discarded(l)
		b.keepHouse(t)
		eventually(t, "a partition that is discarded", func() bool { return discarded(l) > before })
		wantFloor(t, b.open(t), receipts)
	}
	if a, c := receipts[6].ID.Seq(), receipts[7].ID.Seq(); c != 26 {
		t.Errorf("the event after %d is %d, want the first of the next partition", a, c)
	}
}

// TestAPositionIsOneAlsoBeforeAGap has a quiet log begin a new partition: the
// numbers that are left in the old one are given to nobody.
func TestAPositionIsOneAlsoBeforeAGap(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.RetainAge, b.opts.Poll = 30*time.Second, 50*time.Millisecond // a part of it is 1.9 s
	l := b.open(t)
	events := follow(t, l, tidings.ID{})
	receipts := keep(t, l, notes(3)...)
	eventually(t, "a new partition", func() bool {
		b.keepHouse(t)
		return b.number(t, `SELECT least FROM tidings.head`) == 26
	})
	fresh := follow(t, l, receipts[2].ID)
	receipts = append(receipts, keep(t, l, note("a", 3))...)
	if seq := receipts[3].ID.Seq(); seq != 26 {
		t.Errorf("the next event is %d", seq)
	}
	wantNumbers(t, events.next(4), "a", 4)
	fresh.next(1)
	for i, r := range receipts {
		if n := len(read(t, l, r.ID)); n != 3-i {
			t.Errorf("%d events after %s, want %d", n, r.ID, 3-i)
		}
	}
	inside := tidings.NewID(receipts[2].ID.Time(), 10)
	for _, err := range l.Read(t.Context(), everything, inside) {
		if !errors.Is(err, tidings.ErrForeign) {
			t.Errorf("Read after %s, which is nobody's: got %v", inside, err)
		}
	}
	if floor, _, err := l.Bounds(t.Context()); floor.Seq() != 0 || err != nil {
		t.Errorf("the floor is %s, %v", floor, err)
	}
}

func TestOneReplicaKeepsHouse(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.RetainAge, b.opts.Poll = 1, 20*time.Millisecond
	var logs []*postgres.Log
	for range 4 {
		logs = append(logs, b.open(t))
		follow(t, logs[len(logs)-1], tidings.ID{})
	}
	for range 120 {
		keep(t, logs[0], note("a", 0))
	}
	b.exec(t, `INSERT INTO tidings.key (owner, key, seq, nano, until) VALUES ('a', 'old', 1, 1, 1), ('a', 'new', 1, 1, 1::bigint << 62);
UPDATE tidings.batch SET until = 1 WHERE first < 100`)
	b.keepHouse(t)
	eventually(t, "all partitions with events are discarded", func() bool {
		floor, head, err := logs[0].Bounds(t.Context())
		return err == nil && floor == head
	})
	eventually(t, "what was discarded is counted", func() bool { return discarded(logs...) == 5 })
	if n := b.number(t, `SELECT count(*) FROM tidings.key`); n != 1 {
		t.Errorf("%d keys are left, want the new one", n)
	}
	if n := b.number(t, `SELECT count(*) FROM tidings.batch WHERE first < 100`); n != 0 {
		t.Errorf("%d batches are left", n)
	}
}

// TestWhoReadsForLongHoldsNoPublisherUp has a reader that housekeeping cannot
// wait for, such as a dump.
func TestWhoReadsForLongHoldsNoPublisherUp(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.RetainAge, b.opts.Poll = 1, 20*time.Millisecond
	l := b.open(t)
	follow(t, l, tidings.ID{})
	keep(t, l, notes(20)...)
	for range 40 {
		keep(t, l, note("a", 0))
	}
	dump := b.connect(t)
	dump.exec("BEGIN ISOLATION LEVEL REPEATABLE READ")
	dump.exec("DECLARE all_of_it CURSOR FOR SELECT * FROM tidings.event")
	dump.exec("FETCH 3 FROM all_of_it")
	for range 3 {
		b.keepHouse(t)
		for done := false; !done; done = b.kept(t) {
			began := time.Now()
			keep(t, l, note("a", 0))
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("an append took %s", took)
			}
		}
	}
	if n := discarded(l); n != 0 {
		t.Errorf("%d partitions were discarded beneath a reader", n)
	}
	dump.exec("FETCH ALL FROM all_of_it")
	dump.exec("COMMIT")
	b.keepHouse(t)
	eventually(t, "a partition that is discarded", func() bool { return discarded(l) > 0 })
}

func TestWherePartitionsAreManyNewOnesAreLarger(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 1
	l := b.open(t)
	for n := range 120 {
		keep(t, l, note("a", n))
	}
	wantNumbers(t, read(t, l, tidings.ID{}), "a", 120)
	widest := b.number(t, `SELECT max(past - first) FROM tidings.partition`)
	count := b.number(t, `SELECT count(*) FROM tidings.partition`)
	if widest < 4 || count > 100 {
		t.Errorf("%d partitions, of which the widest has room for %d", count, widest)
	}
	if n := b.number(t, `SELECT count(*) FROM tidings.partition p WHERE first > 1 AND NOT EXISTS (SELECT FROM tidings.partition WHERE past = p.first)`); n != 0 {
		t.Errorf("%d partitions do not begin where one ends", n)
	}
}
