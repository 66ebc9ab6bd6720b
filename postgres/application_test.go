package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// TestApplicationsPublishAtEveryIsolation has transactions that overlap: what those
// that committed published comes, in the order in which they followed each
// other.
func TestApplicationsPublishAtEveryIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			l := b.open(t)
			events := follow(t, l, tidings.ID{})
			one, two := b.connect(t), b.connect(t)
			one.exec(`CREATE TABLE balance (n int); INSERT INTO balance VALUES (0)`)
			const rounds = 20
			for n := range rounds {
				one.exec("BEGIN ISOLATION LEVEL " + level)
				one.exec(`UPDATE balance SET n = $1`, n)
				one.publish("kept", n)
				two.exec("BEGIN ISOLATION LEVEL " + level)
				two.publish("rolled back", n)
				one.exec("COMMIT")
				two.exec("ROLLBACK")
			}
			want := make([]tidings.Event, rounds)
			for n := range want {
				want[n] = note("kept", n)
			}
			if got := shown(events.next(rounds)); got != shown(want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestATransactionMayPublishAHundredThousandEvents moves them in many batches.
func TestATransactionMayPublishAHundredThousandEvents(t *testing.T) {
	t.Parallel()
	const n = 100_000
	b := newBackend(t)
	b.opts.Partition = 0
	l := b.open(t)
	events := follow(t, l, tidings.ID{})
	b.exec(t, `SELECT count(tidings.tidings_publish('a', 'system', 's', 'note', i::text)) FROM generate_series(0, $1 - 1) i`, n)
	for i, e := range events.next(n) {
		if string(e.Data) != fmt.Sprint(i) {
			t.Fatalf("event %d is %s", i, e.Data)
		}
	}
}

// TestPositionsMayBeLarge begins where JavaScript's numbers end, and where a
// log of a thousand years at a million events a second would.
func TestPositionsMayBeLarge(t *testing.T) {
	t.Parallel()
	for _, seq := range []uint64{1<<53 - 2, 1 << 55} {
		b := newBackend(t)
		l := b.open(t)
		b.exec(t, `UPDATE tidings.head SET floor = $1::bigint, least = $1::bigint + 1, room = $1::bigint + 1`, seq)
		b.exec(t, `DELETE FROM tidings.partition`)
		events := follow(t, l, tidings.ID{})
		for n := range 5 {
			if r := keep(t, l, note("a", n))[0]; r.ID.Seq() != seq+1+uint64(n) {
				t.Errorf("event %d after %d got %d", n, seq, r.ID.Seq())
			}
		}
		if got, want := events.next(5), read(t, l, tidings.ID{}); got[4].ID != want[4].ID {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestRetentionMayBeOff has options that mean for ever, and no bound.
func TestRetentionMayBeOff(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.RetainAge, b.opts.RetainBytes = -1, -1
	l := b.open(t)
	keep(t, l, notes(200)...)
	b.exec(t, `UPDATE tidings.event SET nano = nano - $1 WHERE seq < 200`, int64(10*365*24*time.Hour))
	b.exec(t, `UPDATE tidings.housekeeping SET done = done - interval '1 hour'`)
	follow(t, l, tidings.ID{})
	eventually(t, "housekeeping", func() bool {
		return b.number(t, `SELECT count(*) FROM tidings.housekeeping WHERE done > now() - interval '1 minute'`) == 1
	})
	if n := len(read(t, l, tidings.ID{})); n != 200 {
		t.Errorf("%d of 200 events are left", n)
	}
}

// TestPagesEndWhereTheyMay has events around the size of a page, and as many
// as are on one.
func TestPagesEndWhereTheyMay(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 0
	appender, l := b.open(t), b.open(t)
	const page = 1 << 20
	var want []int
	for _, size := range []int{page - 1, page, 1, page / 2, page / 2, 1, page + 1, 2 * page, 1} {
		want = append(want, size)
		keep(t, appender, sized(size))
	}
	for range 2003 {
		want = append(want, 1)
	}
	keep(t, appender, notesOf(2003)...)
	wantSizes(t, "read", read(t, l, tidings.ID{}), want)
	wantSizes(t, "tail", follow(t, l, tidings.ID{}).next(len(want)), want)
}

// sized returns an event whose payload has a size.
func sized(n int) tidings.Event {
	e := note("a", 0)
	e.Data = make(json.RawMessage, n)
	for i := range e.Data {
		e.Data[i] = '1'
	}
	return e
}

// notesOf returns events with payloads of one byte.
func notesOf(n int) []tidings.Event {
	all := make([]tidings.Event, n)
	for i := range all {
		all[i] = sized(1)
	}
	return all
}

// wantSizes reports if events have other sizes.
func wantSizes(t *testing.T, how string, events []tidings.Event, want []int) {
	t.Helper()
	if len(events) != len(want) {
		t.Fatalf("%s: %d events, want %d", how, len(events), len(want))
	}
	for i, e := range events {
		if len(e.Data) != want[i] || i > 0 && e.ID.Seq() != events[i-1].ID.Seq()+1 {
			t.Errorf("%s: event %d has %d bytes and is %s, want %d", how, i, len(e.Data), e.ID, want[i])
		}
	}
}
