package nats_test

import (
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// fillMany appends n events of an owner, many at once, every tenth of which is
// large.
func fillMany(t *testing.T, l *nats.Log, user string, n int) {
	t.Helper()
	var all []tidings.Event
	for i := range n {
		size := 10
		if i%10 == 0 {
			size = 1000
		}
		all = append(all, tidings.Event{User: user, Channel: tidings.System, Data: []byte(`"` + strings.Repeat("x", size) + `"`)})
		if len(all) == 500 || i == n-1 {
			if _, err := l.Append(t.Context(), all); err != nil {
				t.Fatal(err)
			}
			all = nil
		}
	}
}

// recent returns how many bytes the events take that follow Recent.
func recent(t *testing.T, l *nats.Log, bytes int64) (got int64) {
	t.Helper()
	at, err := l.Recent(t.Context(), bytes)
	if err != nil {
		t.Fatal(err)
	}
	for batch, err := range l.Read(t.Context(), tidings.Selector{Everyone: true}, at) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			got += int64(tidings.RecallCost + len(e.Data))
		}
	}
	return got
}

// What was purged stands in the middle of what is recent. Events are alike at
// regular distances.
func TestRecentCountsWhatIsThere(t *testing.T) {
	l := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL()).open(t)
	fillMany(t, l, "alice", 10_000)
	fillMany(t, l, "bob", 20_000)
	fillMany(t, l, "alice", 2000)
	if _, err := l.Purge(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{500_000, 2_000_000, 4_000_000} {
		before := l.Asked()
		if got := recent(t, l, want); got < want/2 || got > want*3/2 {
			t.Errorf("asked for %d bytes got %d", want, got)
		}
		if asked := l.Asked() - before; asked > 500 { // reading takes some
			t.Errorf("%d questions were asked", asked)
		}
	}
}

// What was discarded is not recent, though its messages are still there.
func TestNothingBelowTheFloorIsRecent(t *testing.T) {
	l := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL()).open(t)
	fillMany(t, l, "alice", 2000)
	if err := l.DiscardThrough(t.Context(), 1900); err != nil {
		t.Fatal(err)
	}
	floor, _, err := l.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at, err := l.Recent(t.Context(), 70_000); err != nil || at != floor || at.Seq() != 1900 {
		t.Errorf("got %v, %v, want the floor %v", at, err, floor)
	}
}
