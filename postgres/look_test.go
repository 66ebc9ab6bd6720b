package postgres_test

import (
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// Every replica looks for every event of the others: a second look, to find
// nothing, would double what a replica asks of the database.
func TestTailLooksOnceForEachNotification(t *testing.T) {
	t.Parallel()
	const events = 50
	b := newBackend(t)
	b.opts.Poll = time.Hour
	follower, publisher := b.open(t), b.open(t)
	got := follow(t, follower, tidings.ID{})
	eventually(t, "listening", func() bool { return listens(follower) })
	for n := range events {
		keep(t, publisher, note("a", n))
		got.next(1)
	}
	figures := follower.Health().Figures
	// The others are the first of the tail, and what the beginning of listening
	// asks for.
	if n, told := looks(follower), figures["notifications_total"]; n > told+5 || told > events {
		t.Errorf("got %v looks for %v notifications of %d events, want no more than one each", n, told, events)
	}
}
