package analytics_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/tidingstest"
)

// An unread log must not be read but by its tail.
type unread struct {
	*tidingstest.RecallingLog
	t *testing.T
}

func (l unread) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	l.t.Errorf("the log was read after %q", after)
	return l.RecallingLog.Read(ctx, sel, after)
}

func TestATrackerBeginsWithTheWindow(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	before, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	stats := analytics.NewBroadcaster(before)
	for n := range 3 {
		if _, err := stats.Broadcast(t.Context(), "alice", analytics.NewSessionStarted(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	hub, err := tidings.New(t.Context(), unread{log.Replica().Recalling(), t}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	got, err := analytics.NewTracker(hub, nil).Of(t.Context(), "alice")
	if err != nil || got.ActiveSessions != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}
