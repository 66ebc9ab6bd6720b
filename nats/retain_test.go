package nats_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// fill appends events of a kilobyte and returns the position of the first.
func fill(t *testing.T, l *nats.Log, n int) (first tidings.ID) {
	t.Helper()
	for i := range n {
		e := tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(`"` + strings.Repeat("x", 1000) + `"`)}
		receipts, err := l.Append(t.Context(), []tidings.Event{e})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = receipts[0].ID
		}
	}
	return first
}

// read returns how many events there are after a position.
func read(t *testing.T, l *nats.Log, after tidings.ID) (n int, err error) {
	t.Helper()
	for batch, err := range l.Read(t.Context(), tidings.Selector{User: "alice"}, after) {
		if err != nil {
			return n, err
		}
		n += len(batch.Events)
	}
	return n, nil
}

func TestWhatIsMoreThanIsToBeKeptIsDiscarded(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	b.opts.RetainBytes = 50_000
	l := b.open(t)
	first := fill(t, l, 100)
	if err := l.Discard(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	n, err := read(t, l, tidings.ID{})
	if err != nil || n < 30 || n > 50 {
		t.Errorf("%d events of a kilobyte are left of what may have 50,000 bytes, %v", n, err)
	}
	if _, err := read(t, l, first); !errors.Is(err, tidings.ErrTruncated) {
		t.Errorf("a reader at the first event got %v", err)
	}
	if there := b.count(t); there != 100 {
		t.Errorf("the stream has %d messages, though their keys may be remembered", there)
	}
	if err := l.Discard(t.Context(), time.Now().Add(3*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if left := b.count(t); left != uint64(n) {
		t.Errorf("the stream has %d messages of %d events", left, n)
	}
	if again, err := read(t, l, tidings.ID{}); err != nil || again != n {
		t.Errorf("got %d events after others were let go, %v, want %d", again, err, n)
	}
}

func TestWhatIsOlderThanIsToBeKeptIsDiscarded(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	b.opts.RetainAge = time.Hour
	l := b.open(t)
	first := fill(t, l, 5)
	then := time.Now()
	fill(t, l, 3)
	if err := l.Discard(t.Context(), then.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := read(t, l, tidings.ID{}); err != nil || n != 3 {
		t.Errorf("got %d events, %v, want the last 3", n, err)
	}
	if _, err := read(t, l, first); !errors.Is(err, tidings.ErrTruncated) {
		t.Errorf("a reader at the first event got %v", err)
	}
	if err := l.Discard(t.Context(), then.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if floor, head, err := l.Bounds(t.Context()); err != nil || floor != head {
		t.Errorf("of a log of which all is old got the floor %v and the head %v, %v", floor, head, err)
	}
	if left := b.count(t); left != 0 {
		t.Errorf("the stream has %d messages, all of them discarded", left)
	}
}
