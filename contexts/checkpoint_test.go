package contexts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

// Whoever goes on from a checkpoint is at any time where who never stopped is,
// to the last byte of what is remembered.
func TestRestoredFoldGoesOnAsIfNeverStopped(t *testing.T) {
	runs := recorded(t)
	for seed := range uint64(12) {
		m, most := newMaker(seed, runs), []int{0, 1, 5}[seed%3]
		fold := contexts.NewFold(most)
		other := contexts.NewFold(most)
		for range 500 {
			e := m.next()
			fold.Apply(e)
			other.Apply(e)
			if m.IntN(10) == 0 {
				other = restore(t, most, other.Checkpoint(0))
			}
			if got, want := other.Checkpoint(0), fold.Checkpoint(0); !equal(got, want) {
				t.Fatalf("seed %d, after %s:\n got %s\nwant %s", seed, e.Data, got, want)
			}
			if got, want := other.Contexts(), fold.Contexts(); !slices.Equal(got, want) {
				t.Fatalf("seed %d, after %s:\n got %v\nwant %v", seed, e.Data, got, want)
			}
		}
	}
}

// equal reports whether checkpoints are the same.
func equal(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func restore(t testing.TB, most int, parts [][]byte) *contexts.Fold {
	t.Helper()
	fold, err := contexts.Restore(most, parts...)
	if err != nil {
		t.Fatalf("%v:\n%.300s", err, parts)
	}
	return fold
}

// full returns a fold of n contexts and n marks with the longest ids and names
// that there can be, and as many ids seen as are remembered.
func full(n int) *contexts.Fold {
	fold := contexts.NewFold(n)
	for i := range n {
		id := fmt.Sprintf("%d", i) + strings.Repeat(`"`, 250)
		name, _ := json.Marshal(strings.Repeat("\x01", 1024))
		data := fmt.Appendf(nil, `{"type":"CONTEXT_CREATED","name":%s}`, name)
		fold.Apply(&tidings.Event{Channel: tidings.System, Session: id + "d", Type: "CONTEXT_DELETED", Data: []byte("{}")})
		fold.Apply(&tidings.Event{Channel: tidings.System, Session: id, Data: data})
		for j := range 16 {
			run := fmt.Appendf(nil, `{"type":"RUN_STARTED","runId":"%d"}`, j)
			fold.Apply(&tidings.Event{Channel: tidings.AGUI, Session: id, Data: run})
			message := fmt.Appendf(nil, `{"message":{"messageId":"%d"}}`, j)
			fold.Apply(&tidings.Event{Channel: tidings.A2A, Session: id, Data: message})
		}
	}
	return fold
}

func TestPartsOfACheckpointAreNoLargerThanTheLimit(t *testing.T) {
	fold := full(140)
	for _, limit := range []int{0, 1, 100_000} {
		parts := fold.Checkpoint(limit)
		bound := limit
		if limit <= 0 {
			bound = 900 << 10
		}
		for _, part := range parts {
			if len(part) > max(bound, 16<<10) || !json.Valid(part) {
				t.Errorf("limit %d: a part has %d bytes, valid %t", limit, len(part), json.Valid(part))
			}
		}
		restored := restore(t, 140, parts)
		if !slices.Equal(fold.Contexts(), restored.Contexts()) {
			t.Errorf("limit %d: other contexts were restored", limit)
		}
		if !equal(restored.Checkpoint(limit), parts) {
			t.Errorf("limit %d: the checkpoint of what was restored is another", limit)
		}
	}
	if n := len(fold.Checkpoint(16 << 10)); n < 50 {
		t.Errorf("got %d parts, want many", n)
	}
}

// A part is filled up to the limit, whatever that is.
func TestPartsAreFilled(t *testing.T) {
	fold := folded(200)
	for limit := 16 << 10; limit < 17<<10; limit += 13 {
		parts := fold.Checkpoint(limit)
		for i, part := range parts {
			if len(part) > limit || i < len(parts)-1 && len(part) < limit-600 {
				t.Fatalf("limit %d: part %d of %d has %d bytes", limit, i, len(parts), len(part))
			}
		}
	}
	all := len(fold.Checkpoint(1 << 30)[0])
	if fits, less := len(fold.Checkpoint(all)), len(fold.Checkpoint(all-1)); fits != 1 || less != 2 {
		t.Errorf("got %d parts of at most %d bytes and %d of one less, want 1 and 2", fits, all, less)
	}
}

func TestCheckpointOfNothingIsOnePart(t *testing.T) {
	parts := contexts.NewFold(0).Checkpoint(0)
	if want := `{"version":1,"after":"","items":[],"more":false}`; len(parts) != 1 || string(parts[0]) != want {
		t.Errorf("got %s, want %s", parts, want)
	}
	if fold := restore(t, 0, parts); fold.Len() != 0 {
		t.Errorf("got %d contexts", fold.Len())
	}
}

func TestCheckpointsAreWrittenExactlySo(t *testing.T) {
	fold := contexts.NewFold(0)
	m := &maker{clock: at.UTC()}
	for i, e := range []tidings.Event{
		{Channel: tidings.System, Data: []byte(`{"type":"CONTEXT_CREATED","contextId":"c1","name":"Trip"}`)},
		{Channel: tidings.AGUI, Session: "c2", Data: []byte(`{"type":"RUN_STARTED","runId":"r1"}`)},
		{Channel: tidings.System, Data: []byte(`{"type":"CONTEXT_DELETED","contextId":"c3"}`)},
	} {
		e.ID = tidings.NewID(m.clock, uint64(i+1))
		fold.Apply(&e)
	}
	const stamp = `"2026-01-02T03:04:05.12Z"`
	want := `{"version":1,"after":"","items":[["c1","Trip",` + stamp + `,` + stamp + `,0,0,"",""],` +
		`["c2","",` + stamp + `,` + stamp + `,0,1,"","CNyDB7V752w"],"c3"],"more":false}`
	if got := fold.Checkpoint(0); len(got) != 1 || string(got[0]) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRestoreWithLessRoomKeepsTheNewest(t *testing.T) {
	fold := contexts.NewFold(0)
	for _, id := range []string{"a", "b", "c", "a"} {
		fold.Apply(&tidings.Event{Channel: tidings.AGUI, Session: id, Data: []byte(`{"type":"CUSTOM"}`)})
	}
	got := restore(t, 2, fold.Checkpoint(0)).Contexts()
	if len(got) != 2 || got[0].ID != "a" || got[1].ID != "c" {
		t.Errorf("got %v, want a and c", got)
	}
}

func TestFoldDoesNotShareMemoryWithItsEvents(t *testing.T) {
	fold := contexts.NewFold(0)
	data := []byte(`{"type":"CONTEXT_CREATED","contextId":"c1","name":"Trip"}`)
	fold.Apply(&tidings.Event{Channel: tidings.System, Data: data})
	part := bytes.Clone(fold.Checkpoint(0)[0])
	restored := restore(t, 0, [][]byte{part})
	clear(data)
	clear(part)
	for _, f := range []*contexts.Fold{fold, restored} {
		if c := f.Contexts(); c[0].ID != "c1" || c[0].Name != "Trip" {
			t.Errorf("got %+v", c)
		}
	}
}
