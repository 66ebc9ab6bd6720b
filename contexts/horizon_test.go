package contexts_test

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A counting log counts the events that it hands out.
type counting struct {
	*tidingstest.SliceLog
	events atomic.Int64
}

func (l *counting) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return l.count(l.SliceLog.Read(ctx, sel, after))
}

func (l *counting) count(seq iter.Seq2[tidings.Batch, error]) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		for batch, err := range seq {
			l.events.Add(int64(len(batch.Events)))
			if !yield(batch, err) {
				return
			}
		}
	}
}

// What a log retains is for subscribers; a tracker needs the last hour of it, and
// what is not worth a note.
func TestATrackerBeginsAtTheHorizon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		tracker := contexts.NewTracker(hub, nil)
		publish(t, hub, "quiet", "c", run("1")...)
		for n := range 24 * 60 {
			publish(t, hub, fmt.Sprint("u", n%7), fmt.Sprint("c", n%11), run(fmt.Sprint(n))...)
			time.Sleep(time.Minute)
		}
		counted := &counting{SliceLog: log.Replica()}
		again := contexts.NewTracker(newHub(t, counted), nil)
		for _, user := range []string{"quiet", "u0", "u6"} {
			want, _ := list(t, tracker, user)
			if got, _ := list(t, again, user); got != want {
				t.Errorf("after the restart %s has %s, want %s", user, got, want)
			}
		}
		_, head, err := hub.Bounds(t.Context())
		if got := counted.events.Load(); err != nil || got > int64(head.Seq())/5 {
			t.Errorf("%d of %d events were read, error %v", got, head.Seq(), err)
		}
	})
}

// A replica that had not heard of a purge may save what was before, for a while.
func TestAHorizonIsNotBeyondARecentPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, &contexts.TrackerOptions{CheckpointEvents: 1})
		publish(t, hub, "gone", "c", run("1")...)
		time.Sleep(time.Minute)
		stale := checkpointsOf(t, log, "gone")
		if _, err := hub.Purge(t.Context(), "gone"); err != nil || len(stale) == 0 {
			t.Fatalf("%d checkpoints, error %v", len(stale), err)
		}
		for n := range 40 {
			publish(t, hub, "other", "c", run(fmt.Sprint(n))...)
			time.Sleep(time.Minute)
		}
		hub.Close()
		late := newHub(t, log.Replica())
		if _, err := late.PublishReserved(t.Context(), stale[len(stale)-1]); err != nil {
			t.Fatal(err)
		}
		for user, want := range map[string]string{"gone": "[]", "other": `[c "" 40/40]`} {
			if got, _ := list(t, contexts.NewTracker(late, nil), user); got != want {
				t.Errorf("%s has %s, want %s", user, got, want)
			}
		}
	})
}

// checkpointsOf returns an owner's checkpoints without their keys.
func checkpointsOf(t *testing.T, log tidings.Log, owner string) (all []tidings.Event) {
	t.Helper()
	sel := tidings.Selector{User: owner, Channels: []tidings.Channel{"tidings.contexts"}}
	for batch, err := range log.Read(t.Context(), sel, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			e.Key = ""
			all = append(all, e)
		}
	}
	return all
}
