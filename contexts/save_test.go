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
			publish(t, hub, fmt.Sprint("u", i), "c", run("1")...)
			last = publish(t, hub, fmt.Sprint("u", i), "d", run("1")...)
		}
		time.Sleep(2 * time.Hour)
		again := restarted(t, log, &contexts.TrackerOptions{MaxTotal: 5}, last)
		for i := range 40 {
			want := "[]"
			if i >= 38 {
				want = `[c "" 1/1 d "" 1/1]`
			}
			if got, _ := list(t, again, fmt.Sprint("u", i)); got != want {
				t.Errorf("u%d has %s, want %s", i, got, want)
			}
		}
	})
}

func TestWhatACheckpointHasIsNotCountedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, nil)
		for i := range 40 { // more ids than a context remembers
			publish(t, hub, "alice", "c", run(fmt.Sprint(i))...)
		}
		time.Sleep(2 * time.Hour)
		again := contexts.NewTracker(newHub(t, log.Replica()), nil)
		if got, _ := list(t, again, "alice"); got != `[c "" 40/40]` {
			t.Errorf("got %s", got)
		}
	})
}

func TestOwnersWhoAreNeverQuietAreSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		contexts.NewTracker(hub, nil)
		for i := range 20 {
			time.Sleep(30 * time.Minute)
			publish(t, hub, "alice", "c", run(fmt.Sprint(i))...)
			log.Truncate(olderThan(t, log, 90*time.Minute))
		}
		again := contexts.NewTracker(newHub(t, log.Replica()), nil)
		if got, _ := list(t, again, "alice"); got != `[c "" 20/20]` {
			t.Errorf("got %s", got)
		}
	})
}

func TestWhatAReplicaMissedItTakesFromACheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		slow := log.Replica()
		hub, behind := newHub(t, log), newHub(t, slow)
		contexts.NewTracker(hub, nil)
		late := contexts.NewTracker(behind, nil)
		publish(t, hub, "alice", "c", run("1")...)
		list(t, late, "alice")
		slow.Tails.Hold()
		last := publish(t, hub, "alice", "c", run("2")...)
		time.Sleep(2 * time.Hour)
		log.Truncate(int(last.Seq()))
		slow.Tails.Release()
		if got, _ := list(t, late, "alice"); got != `[c "" 2/2]` {
			t.Errorf("got %s", got)
		}
	})
}

func TestRetentionThatOvertakesARestartIsNoError(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	hub := newHub(t, log)
	first := publish(t, hub, "alice", "c", run("1")...)
	log.Fail(tidingstest.OpRead, &tidings.TruncatedError{Floor: first})
	if got, _ := list(t, contexts.NewTracker(hub, nil), "alice"); got != `[c "" 1/1]` {
		t.Errorf("got %s", got)
	}
}

func TestReplicasThatSaveTheSameSaveItOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		for _, h := range []*tidings.Hub{hub, newHub(t, log.Replica())} {
			contexts.NewTracker(h, nil)
		}
		last := publish(t, hub, "alice", "c", run("1")...)
		time.Sleep(90 * time.Minute)
		if _, head, err := hub.Bounds(t.Context()); err != nil || head.Seq() != last.Seq()+1 {
			t.Errorf("after %s the head is %s, error %v: want one checkpoint", last, head, err)
		}
	})
}

// Two replicas save different states at the same time.
func TestPartsOfSeveralCheckpointsAreToldApart(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	hub := newHub(t, log)
	var parts [2][][]byte
	var through [2]tidings.ID
	fold := contexts.NewFold(0)
	for i := range parts {
		for n := range 80 {
			e := tidings.Event{User: "alice", Channel: tidings.AGUI, Session: fmt.Sprint("c", n, strings.Repeat("x", 200)), Data: []byte(`{"type":"TEXT_MESSAGE_START","messageId":"` + fmt.Sprint(i) + `"}`)}
			r, err := hub.Publish(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			e.ID, through[i] = r.ID, r.ID
			fold.Apply(&e)
		}
		parts[i] = fold.Checkpoint(1)
	}
	for n := range parts[0] {
		for i := range parts {
			data := fmt.Appendf(nil, `{"through":%q,"part":%d,"parts":%d,"state":%s}`, through[i], n+1, len(parts[i]), parts[i][n])
			if _, err := hub.PublishReserved(t.Context(), tidings.Event{User: "alice", Channel: "tidings.contexts", Data: data}); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, _ := list(t, restarted(t, log, nil, through[1]), "alice")
	if want := listed(fold.Snapshot()); got != want || len(parts[0]) < 2 {
		t.Errorf("of %d parts each got %.300s, want %.300s", len(parts[0]), got, want)
	}
}
