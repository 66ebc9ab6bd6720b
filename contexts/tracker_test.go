package contexts_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
func TestRestartsAndRetentionDoNotShrinkCounts(t *testing.T) {
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
				time.Sleep(time.Second)
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

// churn publishes a run, and now and then deletes its context first.
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

// What could not be saved is saved later, whoever's turn it was.
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

// Who has nothing to restore is not written of.
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

// olderThan returns how many retained events are older than d.
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

// Between the reading of checkpoints and that of events, the log discards
// events of which a later checkpoint knows.
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
