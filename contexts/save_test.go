package contexts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/tidingstest"
)

// restarted returns what another replica knows after everything before a
// position has left retention.
func restarted(t *testing.T, log *tidingstest.SliceLog, opts *contexts.TrackerOptions, before tidings.ID) *contexts.Tracker {
	t.Helper()
	log.Truncate(int(before.Seq()))
	return contexts.NewTracker(newHub(t, log.Replica()), opts)
}

func TestAFailureToSaveOneOwnerIsMadeGoodForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, nil)
		var last tidings.ID
		for i := range 4 {
			last = publish(t, hub, fmt.Sprint("u", i), "c", run("1")...)
		}
		log.Fail(tidingstest.OpAppend, errors.New("the disk is full"))
		time.Sleep(2 * time.Hour)
		again := restarted(t, log, nil, last)
		for i := range 4 {
			if got, _ := list(t, again, fmt.Sprint("u", i)); got != `[c "" 1/1]` {
				t.Errorf("u%d has %s", i, got)
			}
		}
	})
}

// A part has at least 16 KiB if there is so much to say, which is more than an
// event may have here.
func TestOwnersWhoCannotBeSavedAreInNobodysWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, err := tidings.New(t.Context(), log, &tidings.Options{Limits: tidings.Limits{Event: 8 << 10}})
		if err != nil {
			t.Fatal(err)
		}
		defer hub.Close()
		contexts.NewTracker(hub, nil)
		for i := range 12 {
			announce(t, hub, "large", contexts.NewCreated(fmt.Sprint("c", i), strings.Repeat("x", 1000)))
		}
		last := publish(t, hub, "small", "c", run("1")...)
		time.Sleep(2 * time.Hour)
		if got, _ := list(t, restarted(t, log, nil, last), "small"); got != `[c "" 1/1]` {
			t.Errorf("got %s", got)
		}
	})
}

func TestPartsOfACheckpointAreKeptAsTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, err := tidings.New(t.Context(), log, &tidings.Options{Limits: tidings.Limits{Event: 20 << 10}})
		if err != nil {
			t.Fatal(err)
		}
		defer hub.Close()
		tracker := contexts.NewTracker(hub, nil)
		for i := range 60 {
			announce(t, hub, "alice", contexts.NewCreated(fmt.Sprint("c", i), strings.Repeat("<&>", 300)))
		}
		want, last := list(t, tracker, "alice")
		time.Sleep(2 * time.Hour)
		if got, _ := list(t, restarted(t, log, nil, last), "alice"); got != want {
			t.Errorf("after the restart there are %d bytes of contexts, want %d", len(got), len(want))
		}
	})
}

func TestARestartKeepsTheOwnersWhoDidSomethingLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, nil)
		var last tidings.ID
		for i := range 40 {
			last = publish(t, hub, fmt.Sprint("u", i), "c", run("1")...)
		}
		time.Sleep(2 * time.Hour)
		again := restarted(t, log, &contexts.TrackerOptions{MaxTotal: 5}, last)
		for i := range 40 {
			want := "[]"
			if i >= 35 {
				want = `[c "" 1/1]`
			}
			if got, _ := list(t, again, fmt.Sprint("u", i)); got != want {
				t.Errorf("u%d has %s, want %s", i, got, want)
			}
		}
	})
}
