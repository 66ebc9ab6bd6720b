package contexts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/tidingstest"
)

// newHub returns a hub over a log that ends with the test.
func newHub(t testing.TB, log tidings.Log) *tidings.Hub {
	t.Helper()
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	return hub
}

// publish publishes events of an owner, each as a system event or, where it
// begins with a brace, an event of AG-UI.
func publish(t testing.TB, hub *tidings.Hub, user, session string, payloads ...string) (last tidings.ID) {
	t.Helper()
	for _, p := range payloads {
		e := tidings.Event{User: user, Channel: tidings.AGUI, Session: session, Data: []byte(p)}
		r, err := hub.Publish(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		last = r.ID
	}
	return last
}

// announce publishes a system event.
func announce(t testing.TB, hub *tidings.Hub, user string, e contexts.Event) tidings.ID {
	t.Helper()
	r, err := contexts.NewBroadcaster(hub).Broadcast(context.Background(), user, e)
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

// list shows an owner's contexts.
func list(t testing.TB, source contexts.Source, owner string) (string, tidings.ID) {
	t.Helper()
	s, at, err := source.Contexts(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return listed(s), at
}

// listed shows contexts without their times, by id.
func listed(s *contexts.Snapshot) string {
	var all []string
	for _, c := range s.Contexts {
		all = append(all, fmt.Sprintf("%s %q %d/%d", c.ID, c.Name, c.Messages, c.Tasks))
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

// run is a run with one message.
func run(id string) []string {
	return []string{
		`{"type":"RUN_STARTED","runId":"r` + id + `"}`, `{"type":"TEXT_MESSAGE_START","messageId":"m` + id + `"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m` + id + `","delta":"x"}`, `{"type":"RUN_FINISHED"}`,
	}
}

func TestTrackerKnowsTheContextsOfEveryOwner(t *testing.T) {
	for name, log := range map[string]tidings.Log{"memory": nil, "slice": tidingstest.NewSliceLog(nil)} {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t, log)
			tracker := contexts.NewTracker(hub, nil)
			announce(t, hub, "alice", contexts.NewCreated("c1", "Trip"))
			publish(t, hub, "alice", "c1", run("1")...)
			publish(t, hub, "alice", "c2", run("2")...)
			last := publish(t, hub, "bob", "c1", run("3")...)
			for owner, want := range map[string]string{
				"alice": `[c1 "Trip" 1/1 c2 "" 1/1]`, "bob": `[c1 "" 1/1]`, "nobody": "[]",
			} {
				if got, at := list(t, tracker, owner); got != want || at != last {
					t.Errorf("%s: got %s at %s, want %s at %s", owner, got, at, want, last)
				}
			}
		})
	}
}

func TestReplicasKnowTheSameAtTheSamePosition(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	hubs := []*tidings.Hub{newHub(t, log), newHub(t, log.Replica())}
	trackers := []*contexts.Tracker{contexts.NewTracker(hubs[0], nil), contexts.NewTracker(hubs[1], nil)}
	for i := range 40 {
		announce(t, hubs[i%2], "alice", contexts.NewCreated(fmt.Sprint("c", i%7), fmt.Sprint("name ", i)))
		publish(t, hubs[(i+1)%2], "alice", fmt.Sprint("c", i%5), run(fmt.Sprint(i))...)
		a, at, err := trackers[0].Contexts(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		b, bt, err := trackers[1].Contexts(t.Context(), "alice")
		if err != nil || at != bt {
			t.Fatalf("positions %s and %s, error %v", at, bt, err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("at %s they differ: %s", at, diff)
		}
	}
}

// TestRestartsAndRetentionDoNotShrinkCounts publishes much more than the log
// retains, with restarts in between, and compares with the tracker of a log
// that retains everything.
// churn publishes a run, and now and then deletes its context first.
// What could not be saved is saved later, whoever's turn it was.
// Who has nothing to restore is not written of.
// olderThan returns how many retained events are older than d.
func TestReplacedLogsAreFoldedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log)
		tracker := contexts.NewTracker(hub, nil)
		publish(t, hub, "alice", "old", run("1")...)
		list(t, tracker, "alice")
		log.Replace()
		synctest.Wait()
		publish(t, hub, "alice", "new", run("1")...)
		if got, _ := list(t, tracker, "alice"); got != `[new "" 1/1]` {
			t.Errorf("got %s", got)
		}
	})
}

func TestOwnersAreForgottenWhenThereAreTooManyContexts(t *testing.T) {
	hub := newHub(t, nil)
	tracker := contexts.NewTracker(hub, &contexts.TrackerOptions{MaxTotal: 5, MaxContexts: 3})
	for user := range 3 {
		for i := range 4 {
			publish(t, hub, fmt.Sprint("u", user), fmt.Sprint("c", i), run("1")...)
		}
	}
	publish(t, hub, "u1", "c4", run("1")...) // whom u2 had displaced
	for user, want := range []string{"[]", `[c4 "" 1/1]`, `[c1 "" 1/1 c2 "" 1/1 c3 "" 1/1]`} {
		if got, _ := list(t, tracker, fmt.Sprint("u", user)); got != want {
			t.Errorf("u%d has %s, want %s", user, got, want)
		}
	}
}

func TestToAskForAnOwnersContextsIsNotToUseThem(t *testing.T) {
	hub := newHub(t, nil)
	tracker := contexts.NewTracker(hub, &contexts.TrackerOptions{MaxTotal: 2})
	publish(t, hub, "u0", "c", run("1")...)
	publish(t, hub, "u1", "c", run("1")...)
	list(t, tracker, "u0") // on this replica only
	publish(t, hub, "u2", "c", run("1")...)
	for user, want := range []string{"[]", `[c "" 1/1]`, `[c "" 1/1]`} {
		if got, _ := list(t, tracker, fmt.Sprint("u", user)); got != want {
			t.Errorf("u%d has %s, want %s", user, got, want)
		}
	}
}

func TestTrackersKnowAllThatWasAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil)
		tracker := contexts.NewTracker(hub, nil)
		synctest.Wait()
		for i := range 129 { // one more than it reads at once
			publish(t, hub, "alice", "c", fmt.Sprintf(`{"type":"RUN_STARTED","runId":"%d"}`, i))
		}
		if got, _ := list(t, tracker, "alice"); got != `[c "" 0/129]` {
			t.Errorf("got %s", got)
		}
	})
}

func TestProvidedContextsComeAfterThePosition(t *testing.T) {
	hub := newHub(t, nil)
	want := publish(t, hub, "alice", "c", run("1")...)
	source := contexts.Provided(hub, func(_ context.Context, owner string) ([]contexts.Context, error) {
		publish(t, hub, "alice", "c", run("2")...) // which the stream tells again
		return []contexts.Context{{ID: "own of " + owner}}, nil
	})
	if got, at := list(t, source, "alice"); got != `[own of alice "" 0/0]` || at != want {
		t.Errorf("got %s at %s, want the position %s", got, at, want)
	}
	failing := contexts.Provided(hub, func(context.Context, string) ([]contexts.Context, error) { return nil, errList })
	if _, _, err := failing.Contexts(t.Context(), "alice"); !errors.Is(err, errList) {
		t.Errorf("got error %v", err)
	}
}

var errList = errors.New("no database")

func TestTrackersMeetTheEndOfTheHub(t *testing.T) {
	for range 50 {
		hub := newHub(t, tidingstest.NewSliceLog(nil))
		tracker := contexts.NewTracker(hub, &contexts.TrackerOptions{CheckpointEvents: 2})
		var all sync.WaitGroup
		all.Go(func() {
			for range 20 {
				hub.Publish(context.Background(), tidings.Event{Channel: tidings.AGUI, Session: "c", Data: []byte(`{"type":"X"}`)})
			}
		})
		all.Go(func() {
			for range 20 {
				if _, _, err := tracker.Contexts(context.Background(), ""); err != nil && !errors.Is(err, tidings.ErrClosed) {
					t.Error(err)
				}
			}
		})
		hub.Close()
		all.Wait()
	}
	hub := newHub(t, nil)
	hub.Close()
	if _, _, err := contexts.NewTracker(hub, nil).Contexts(t.Context(), "alice"); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got error %v", err)
	}
}

// An interrupted log lets something happen once its checkpoints were read.
// Between the reading of checkpoints and that of events, the log discards
// events of which a later checkpoint knows.
