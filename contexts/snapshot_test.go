package contexts_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

// joined returns a fold that begins with the snapshot of another, as a stream
// sends it.
func joined(t testing.TB, fold *contexts.Fold, most int, at tidings.ID) *contexts.Fold {
	t.Helper()
	data, err := fold.Snapshot().AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	late := contexts.NewFold(most)
	late.Apply(&tidings.Event{ID: at, Channel: tidings.System, Data: data})
	return late
}

// A join is several folds, each of which began with a snapshot of the first at
// some moment.
type join struct {
	*testing.T
	most  int
	folds []*contexts.Fold
}

// apply takes an event into all folds, and lets another join, which is to
// remember what the first does. Those that joined lately leave, and those that
// joined first stay, when there are too many.
func (j *join) apply(e *tidings.Event) {
	j.Helper()
	for _, fold := range j.folds {
		fold.Apply(e)
	}
	if len(j.folds) > 4 {
		j.folds = slices.Delete(j.folds, 2, 3)
	}
	late := joined(j.T, j.folds[0], j.most, e.ID)
	j.folds = append(j.folds, late)
	j.compare(e, late)
}

// compare compares all that is remembered with what the first fold does.
func (j *join) compare(e *tidings.Event, folds ...*contexts.Fold) {
	j.Helper()
	want, list := j.folds[0].Checkpoint(0), j.folds[0].Contexts()
	for i, fold := range folds {
		if got := fold.Checkpoint(0); !equal(got, want) {
			j.Fatalf("joined %d, after %s:\n got %s\nwant %s", i, e.Data, got, want)
		}
		if got := fold.Contexts(); !slices.Equal(got, list) {
			j.Fatalf("joined %d, after %s:\n got %v\nwant %v", i, e.Data, got, list)
		}
	}
}

// Whoever joins at any moment, with the snapshot of that moment, has from there
// on what has who was there from the start: names, times, numbers, what was
// seen, what is deleted, and who leaves next.
func TestAFoldThatBeginsWithASnapshotGoesOnExactly(t *testing.T) {
	runs := recorded(t)
	for seed := range uint64(8) {
		most := []int{0, 1, 3, 6}[seed%4]
		m, j := newMaker(seed, runs), join{t, most, []*contexts.Fold{contexts.NewFold(most)}}
		for range 300 {
			e := m.next()
			j.apply(e)
			j.compare(e, j.folds...)
		}
	}
}

func TestRecordedRunsCanBeJoinedAtEveryEvent(t *testing.T) {
	j := join{t, 0, []*contexts.Fold{contexts.NewFold(0)}}
	for i, e := range recorded(t)[:2000] { // about sixty runs
		e.ID = tidings.NewID(at.Add(time.Duration(i)*time.Millisecond), uint64(i+1))
		if j.apply(&e); i%100 == 0 {
			j.compare(&e, j.folds...)
		}
	}
	j.compare(new(tidings.Event), j.folds...)
}

func TestAllMarksOfDeletionAreInASnapshot(t *testing.T) {
	fold, r := contexts.NewFold(50), rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		e := tidings.Event{
			ID: tidings.NewID(at, uint64(i+1)), Channel: tidings.System, Session: fmt.Sprintf("c%d", r.IntN(2000)),
			Type: []string{contexts.TypeDeleted, contexts.TypeDeleted, contexts.TypeUpdated}[i%3], Data: []byte("{}"),
		}
		fold.Apply(&e)
		if i%200 != 0 && i < 2990 {
			continue
		}
		if late := joined(t, fold, 50, e.ID); !equal(late.Checkpoint(0), fold.Checkpoint(0)) {
			t.Fatalf("after %d events:\n got %s\nwant %s", i, late.Checkpoint(0), fold.Checkpoint(0))
		}
	}
	if n := len(fold.Snapshot().Deleted); n != 1000 {
		t.Errorf("got %d marks, want the bound to be reached", n)
	}
}

// The longest state can be written and joined.
func TestSnapshotsOfTheLongestNamesCanBeJoined(t *testing.T) {
	fold := full(20)
	if late := joined(t, fold, 20, tidings.ID{}); !equal(late.Checkpoint(0), fold.Checkpoint(0)) {
		t.Errorf("got %s\nwant %s", late.Checkpoint(0), fold.Checkpoint(0))
	}
}

func TestSnapshotsSayMoreThanListsOfContexts(t *testing.T) {
	fold := contexts.NewFold(0)
	for i, e := range []tidings.Event{
		{Channel: tidings.AGUI, Session: "c1", Data: []byte(`{"type":"RUN_STARTED","runId":"r1"}`)},
		{Channel: tidings.System, Session: "c3", Data: []byte(`{"type":"CONTEXT_DELETED"}`)},
		{Channel: tidings.System, Session: "c2", Data: []byte(`{"type":"CONTEXT_DELETED"}`)},
	} {
		e.ID = tidings.NewID(at, uint64(i+1))
		fold.Apply(&e)
	}
	s := fold.Snapshot()
	s.Timestamp = at
	const stamp = `"2026-01-02T03:04:05.12Z"`
	want := `{"type":"CONTEXTS_SNAPSHOT","timestamp":` + stamp + `,"contexts":[{"context_id":"c1","name":"","created_at":` + stamp +
		`,"updated_at":` + stamp + `,"message_count":0,"task_count":1,"seen":".CNyDB7V752w"}],"deleted":["c3","c2"]}`
	if got, err := s.AppendJSON(nil); string(got) != want || err != nil {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	for _, c := range joined(t, fold, 0, tidings.ID{}).Contexts() {
		if c.Seen != "" {
			t.Errorf("got %+v, want a list without what was seen", c)
		}
	}
}

func TestEmptyFoldsHaveEmptySnapshots(t *testing.T) {
	s := contexts.NewFold(0).Snapshot()
	s.Timestamp = at
	got, err := s.AppendJSON(nil)
	if want := `{"type":"CONTEXTS_SNAPSHOT","timestamp":"2026-01-02T03:04:05.12Z","contexts":[]}`; string(got) != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
