package contexts_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/tidingstest"
)

// purge purges an owner.
func purge(t *testing.T, hub *tidings.Hub, user string) tidings.ID {
	t.Helper()
	id, err := hub.Purge(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// wantListed compares an owner's contexts with what they should be.
func wantListed(t *testing.T, source contexts.Source, owner, want string) {
	t.Helper()
	if got, _ := list(t, source, owner); got != want {
		t.Errorf("%s has %s, want %s", owner, got, want)
	}
}

func TestPurgedOwnersHaveNoContexts(t *testing.T) {
	for name, log := range map[string]tidings.Log{"memory": tidings.NewMemoryLog(nil), "slice": tidingstest.NewSliceLog(nil)} {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t, log)
			tracker := contexts.NewTracker(hub, nil)
			publish(t, hub, "u", "c", run("1")...)
			announce(t, hub, "u", contexts.NewCreated("named", "x"))
			announce(t, hub, "u", contexts.NewDeleted("gone"))
			publish(t, hub, "other", "c", run("1")...)
			wantListed(t, tracker, "u", `[c "" 1/1 named "x" 0/0]`)
			purge(t, hub, "u")
			for range 2 {
				wantListed(t, tracker, "u", "[]")
				wantListed(t, tracker, "other", `[c "" 1/1]`)
				tracker = contexts.NewTracker(hub, nil)
			}
			publish(t, hub, "u", "gone", run("1")...) // as if it had never been
			wantListed(t, tracker, "u", `[gone "" 1/1]`)
		})
	}
}

func TestACheckpointDoesNotOutliveAPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, nil)
		last := publish(t, hub, "u", "c", run("1")...)
		time.Sleep(2 * time.Hour) // saved
		wantListed(t, contexts.NewTracker(newHub(t, log.Replica()), nil), "u", `[c "" 1/1]`)
		purge(t, hub, "u")
		wantListed(t, contexts.NewTracker(newHub(t, log.Replica()), nil), "u", "[]")
		wantListed(t, restarted(t, log, nil, last), "u", "[]")
	})
}

func TestWhatComesAfterAPurgeIsSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, nil)
		publish(t, hub, "u", "old", run("1")...)
		purge(t, hub, "u")
		last := publish(t, hub, "u", "new", run("1")...)
		time.Sleep(2 * time.Hour)
		wantListed(t, restarted(t, log, nil, last), "u", `[new "" 1/1]`)
	})
}

// A replica that has not heard of the purge saves what was before it.
func TestAReplicaThatIsBehindBringsNothingBack(t *testing.T) {
	for name, watched := range map[string]bool{"nobody sees it": false, "another replica sees it": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := tidingstest.NewSliceLog(nil)
				hub, late := newHub(t, log), log.Replica()
				if watched {
					contexts.NewTracker(hub, nil)
				}
				behind := newHub(t, late)
				tracker := contexts.NewTracker(behind, nil)
				publish(t, hub, "u", "c", run("1")...)
				wantListed(t, tracker, "u", `[c "" 1/1]`)
				late.Tails.Hold()
				purged := purge(t, hub, "u")
				time.Sleep(4 * time.Hour) // it is saved
				if n := checkpointsIn(t, log); watched && n != 2 || !watched && n != 1 {
					t.Fatalf("%d checkpoints: want that of the replica that is behind, and one by who sees it", n)
				}
				wantListed(t, contexts.NewTracker(newHub(t, log.Replica()), nil), "u", "[]")
				if !watched {
					late.Tails.Release()
					wantListed(t, tracker, "u", "[]")
					time.Sleep(2 * time.Minute)
				}
				wantListed(t, restarted(t, log, nil, purged), "u", "[]")
				late.Tails.Release()
			})
		})
	}
}

func TestPurgedContextsTakeNoRoom(t *testing.T) {
	hub := newHub(t, nil)
	tracker := contexts.NewTracker(hub, &contexts.TrackerOptions{MaxTotal: 4})
	for _, session := range []string{"1", "2", "3"} {
		publish(t, hub, "u", session, run("1")...)
	}
	wantListed(t, tracker, "u", `[1 "" 1/1 2 "" 1/1 3 "" 1/1]`)
	purge(t, hub, "u")
	publish(t, hub, "first", "c", run("1")...)
	for _, session := range []string{"1", "2", "3"} {
		publish(t, hub, "second", session, run("1")...)
	}
	wantListed(t, tracker, "first", `[c "" 1/1]`)
}

// checkpointsIn returns how many checkpoints the log has.
func checkpointsIn(t *testing.T, log tidings.Log) (n int) {
	t.Helper()
	sel := tidings.Selector{Everyone: true, Channels: []tidings.Channel{"tidings.contexts"}}
	for b, err := range log.Read(t.Context(), sel, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		n += len(b.Events)
	}
	return n
}
