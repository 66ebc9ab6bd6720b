package contexts_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestRestartsAndRetentionDoNotShrinkCounts(t *testing.T) {
	for _, pace := range []time.Duration{time.Second, time.Minute} { // at the second, horizons are noted
		t.Run(pace.String(), func(t *testing.T) { restarts(t, pace) })
	}
}

// restarts restarts a hub whose log retains little, and compares with one that
// was never restarted and forgets nothing.
func restarts(t *testing.T, pace time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		short := tidingstest.NewSliceLog(&tidingstest.SliceOptions{Retain: 400})
		oracle := newHub(t, tidingstest.NewSliceLog(nil))
		want := contexts.NewTracker(oracle, nil)
		opts := &contexts.TrackerOptions{CheckpointEvents: 40}
		random := rand.New(rand.NewPCG(3, 4))
		for n := range 12 {
			hub := newHub(t, short.Replica())
			tracker := contexts.NewTracker(hub, opts)
			both := []*tidings.Hub{oracle, hub}
			for i := range 60 {
				user, session, id := fmt.Sprint("u", random.IntN(3)), fmt.Sprint("c", random.IntN(4)), fmt.Sprint(n, "-", i)
				if n == 0 && i == 0 {
					user = "quiet" // and never again
				}
				for _, h := range both {
					churn(t, h, user, session, id, i)
				}
				time.Sleep(pace)
			}
			for _, user := range []string{"u0", "u1", "u2", "quiet"} {
				expected, _ := list(t, want, user)
				if got, _ := list(t, tracker, user); got != expected {
					t.Fatalf("after %d restarts %s has %s, want %s", n, user, got, expected)
				}
			}
			hub.Close()
		}
	})
}

func churn(t *testing.T, hub *tidings.Hub, user, session, id string, i int) {
	t.Helper()
	if i%10 == 9 {
		announce(t, hub, user, contexts.NewDeleted(session))
		announce(t, hub, user, contexts.NewCreated(session, id))
	}
	publish(t, hub, user, session, run(id)...)
}

func TestQuietOwnersAreSavedBeforeTheyLeaveRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, nil)
		publish(t, hub, "quiet", "c", run("1")...)
		for range 20 {
			time.Sleep(40 * time.Minute)
			publish(t, hub, "other", "c", run("1")...)
			log.Truncate(olderThan(t, log, 90*time.Minute))
		}
		again := newHub(t, log.Replica())
		if got, _ := list(t, contexts.NewTracker(again, nil), "quiet"); got != `[c "" 1/1]` {
			t.Errorf("after the restart got %s", got)
		}
	})
}

func TestOwnersThatCouldNotBeSavedAreSavedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		tracker := contexts.NewTracker(hub, nil)
		for _, user := range []string{"a", "b", "c"} {
			publish(t, hub, user, "s", run("1")...)
		}
		_, at := list(t, tracker, "a")
		log.Fail(tidingstest.OpAppend, errList)
		time.Sleep(2 * time.Hour)
		log.Truncate(int(at.Seq()))
		again := contexts.NewTracker(newHub(t, log.Replica()), nil)
		for _, user := range []string{"a", "b", "c"} {
			if got, _ := list(t, again, user); got != `[s "" 1/1]` {
				t.Errorf("after the restart %s has %s", user, got)
			}
		}
	})
}

func TestOwnersWithoutContextsAreNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		tracker := contexts.NewTracker(hub, nil)
		last := publish(t, hub, "alice", "", `{"type":"CUSTOM"}`)
		time.Sleep(2 * time.Hour)
		if _, at := list(t, tracker, "alice"); at != last {
			t.Errorf("the log goes on to %s, want no checkpoint after %s", at, last)
		}
	})
}

func TestLargeStatesAreSavedInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		tracker := contexts.NewTracker(hub, nil)
		name := fmt.Sprintf("%0900d", 0)
		for i := range 2500 {
			announce(t, hub, "alice", contexts.NewCreated(fmt.Sprint("c", i), name))
		}
		want, at := list(t, tracker, "alice")
		time.Sleep(2 * time.Hour)
		log.Truncate(int(at.Seq()))
		again := newHub(t, log.Replica())
		if got, _ := list(t, contexts.NewTracker(again, nil), "alice"); got != want {
			t.Errorf("after the restart there are %d bytes of contexts, want %d", len(got), len(want))
		}
		if _, head, err := again.Bounds(t.Context()); err != nil || head.Seq() < at.Seq()+3 {
			t.Errorf("the checkpoint has fewer than 3 parts: %s to %s, error %v", at, head, err)
		}
	})
}

func olderThan(t *testing.T, log tidings.Log, d time.Duration) (n int) {
	t.Helper()
	all := tidings.Selector{Everyone: true, Channels: []tidings.Channel{tidings.AGUI, "tidings.contexts"}}
	for batch, err := range log.Read(t.Context(), all, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			if time.Since(e.Time()) > d {
				n++
			}
		}
	}
	return n
}

func TestDamagedCheckpointsAreLeftOut(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	hub := newHub(t, log)
	publish(t, hub, "alice", "c", run("1")...)
	for _, data := range []string{
		`1`, `{"through":"1-1","part":1,"parts":1,"state":{"version":9}}`, `{"through":"1-9","part":2,"parts":2,"state":{}}`, `{"through":"x"}`,
		`{"through":"1-99","part":1,"parts":1,"state":{"version":1,"after":"","items":[],"more":false}}`,
	} {
		e := tidings.Event{User: "alice", Channel: "tidings.contexts", Data: []byte(data)}
		if _, err := hub.PublishReserved(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := list(t, contexts.NewTracker(hub, nil), "alice"); got != `[c "" 1/1]` {
		t.Errorf("got %s", got)
	}
}

type interrupted struct {
	*tidingstest.SliceLog
	meanwhile func()
}

func (l *interrupted) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		for batch, err := range l.SliceLog.Read(ctx, sel, after) {
			if !yield(batch, err) {
				break
			}
		}
		if f := l.meanwhile; f != nil && slices.Contains(sel.Channels, "tidings.contexts") && len(sel.Channels) == 1 {
			l.meanwhile = nil
			f()
		}
	}
}

func TestRetentionWhileATrackerBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		tracker := contexts.NewTracker(hub, nil)
		publish(t, hub, "alice", "c", run("1")...)
		time.Sleep(2 * time.Hour) // it is saved
		late := &interrupted{log.Replica(), func() {
			publish(t, hub, "alice", "c", run("2")...)
			_, at := list(t, tracker, "alice")
			time.Sleep(2 * time.Hour) // and again
			log.Truncate(int(at.Seq()))
		}}
		if got, _ := list(t, contexts.NewTracker(newHub(t, late), nil), "alice"); got != `[c "" 2/2]` {
			t.Errorf("got %s", got)
		}
	})
}
