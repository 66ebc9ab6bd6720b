package analytics_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/tidingstest"
)

// purged returns the event that says that an owner was purged.
func purged(seconds float64, owner string) *tidings.Event {
	return &tidings.Event{
		ID: stamp(seconds), User: owner, Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}"),
	}
}

// TestAPurgeLeavesWhatIsOfOthers compares folds with one that never met the
// events which were purged.
func TestAPurgeLeavesWhatIsOfOthers(t *testing.T) {
	payloads := []string{started, bot, human, ended, view, viewBy, engaged, bView, bViewBy, bViewByO, `{"type":"PAGE_VIEW"}`}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		fold, want := analytics.NewFold(nil), analytics.NewFold(nil)
		at := 0.0
		step := func(purgedOwner string) {
			at += r.Float64() * 20
			owner := fmt.Sprint("o", r.IntN(3))
			e := event(at+r.Float64()*10-5, owner, payloads[r.IntN(len(payloads))])
			fold.Apply(e)
			if owner != purgedOwner {
				want.Apply(e)
			}
		}
		for range r.IntN(60) {
			step("o0")
		}
		fold.Apply(purged(at, "o0"))
		fold.Apply(purged(at, "nobody"))
		for range 30 {
			step("")
			when := now(at + r.Float64()*100 - 50)
			got, expected := figures(fold.Everyone(when)), figures(want.Everyone(when))
			for _, owner := range []string{"o0", "o1", "o2"} {
				got += ", " + figures(fold.Of(owner, when))
				expected += ", " + figures(want.Of(owner, when))
			}
			if got != expected {
				t.Fatalf("seed %d: got %s, want %s", seed, got, expected)
			}
		}
	}
}

func TestAPurgeLeavesNothing(t *testing.T) {
	fold := analytics.NewFold(nil)
	for _, data := range []string{started, viewBy, bView, ended, `{"type":"PAGE_VIEW"}`} {
		fold.Apply(event(0, "o", data))
	}
	fold.Apply(purged(1, "o"))
	if owners, sessions, people, seconds := fold.Kept(); owners+sessions+people+seconds > 0 {
		t.Errorf("%d owners, %d sessions, %d people and %d seconds are left", owners, sessions, people, seconds)
	}
}

func TestTrackersForgetPurgedOwners(t *testing.T) {
	for name, log := range map[string]tidings.Log{"memory": nil, "slice": tidingstest.NewSliceLog(nil)} {
		t.Run(name, func(t *testing.T) {
			hub, err := tidings.New(t.Context(), log, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer hub.Close()
			tracker := analytics.NewTracker(hub, nil)
			for _, user := range []string{"o", "p"} {
				e := tidings.Event{User: user, Channel: tidings.Analytics, Data: []byte(view)}
				if _, err := hub.Publish(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
			wantEveryone(t, hub, tracker, "2 2 2 2 0")
			if _, err := hub.Purge(t.Context(), "o"); err != nil {
				t.Fatal(err)
			}
			wantEveryone(t, hub, tracker, "1 1 1 1 0")
		})
	}
}

// wantEveryone asks for the stats of everyone when the hub has everything.
func wantEveryone(t *testing.T, hub *tidings.Hub, tracker *analytics.Tracker, want string) {
	t.Helper()
	if _, err := hub.Synced(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := tracker.Everyone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := figures(s); got != want {
		t.Errorf("at %s got %s, want %s", s.Timestamp.Format(time.TimeOnly), got, want)
	}
}
