package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// A firewall that forgets connections tells nobody. A question that was given up
// takes its connection with it, so that others have one at once, and closing the
// log does not wait for it.
func TestAConnectionThatWasGivenUpIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	askTogether(t, l, 50, time.Minute)
	if n := b.proxy.Connections(); n < 4 {
		t.Fatalf("the log has %d connections, want several", n)
	}
	b.proxy.FreezeExisting()
	askTogether(t, l, 4, 200*time.Millisecond)
	soon, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if _, err := l.Append(soon, []tidings.Event{note("a", 1)}); err != nil {
		t.Errorf("append: %v", err)
	}
	began := time.Now()
	if err := l.Close(); err != nil || time.Since(began) > 8*time.Second {
		t.Errorf("closed after %v, error %v, want it soon", time.Since(began), err)
	}
}

// askTogether asks n times at the same time.
func askTogether(t *testing.T, l *postgres.Log, n int, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var asking sync.WaitGroup
	for range n {
		asking.Go(func() { _, _, _ = l.Bounds(ctx) })
	}
	asking.Wait()
}
