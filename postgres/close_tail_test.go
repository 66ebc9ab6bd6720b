package postgres_test

import (
	"context"
	"testing"
	"time"
)

// TestCloseEndsATailThatWaitsToTryAgain has tails fail until they wait for long.
func TestCloseEndsATailThatWaitsToTryAgain(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	after := keep(t, l, note("a", 0))[0].ID
	b.proxy.Cut()
	for range 4 {
		for _, err := range l.Tail(t.Context(), after) {
			if err == nil {
				t.Fatal("the database was reached")
			}
		}
	}
	ended := make(chan struct{})
	go func() { // ends with the log
		defer close(ended)
		for range l.Tail(context.Background(), after) {
		}
	}()
	<-time.After(200 * time.Millisecond) // until it waits, for 2 s at least
	l.Close()
	select {
	case <-ended:
	case <-time.After(time.Second):
		t.Error("the tail goes on")
		<-ended
	}
}
