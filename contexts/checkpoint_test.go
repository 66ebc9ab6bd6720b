package contexts_test

import (
	"bytes"
	"encoding/json"
	"errors"
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
	fold := full(300)
	for _, limit := range []int{-1, 0, 1, 16 << 10, 100_000, 1 << 30} {
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
		restored := restore(t, 300, parts)
		if !slices.Equal(fold.Contexts(), restored.Contexts()) {
			t.Errorf("limit %d: other contexts were restored", limit)
		}
		if !equal(restored.Checkpoint(limit), parts) {
			t.Errorf("limit %d: the checkpoint of what was restored is another", limit)
		}
	}
	if n := len(fold.Checkpoint(16 << 10)); n < 100 {
		t.Errorf("got %d parts, want many", n)
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

func TestPartsThatDoNotBelongTogetherAreNoticed(t *testing.T) {
	parts, others := full(10).Checkpoint(1), full(11).Checkpoint(1)
	if len(parts) < 3 {
		t.Fatalf("got %d parts", len(parts))
	}
	for name, bad := range map[string][][]byte{
		"none": nil, "first missing": parts[1:], "last missing": parts[:len(parts)-1], "swapped": {parts[1], parts[0]},
		"one missing": append([][]byte{parts[0]}, parts[2:]...), "of another": append([][]byte{others[len(others)-2]}, parts[1:]...),
		"twice": append(parts[:len(parts):len(parts)], parts...),
	} {
		if _, err := contexts.Restore(0, bad...); !errors.Is(err, contexts.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

func TestRestoreTrustsNothing(t *testing.T) {
	const stamp = `"2026-01-02T03:04:05Z"`
	part := func(items string) string { return `{"version":1,"after":"","items":[` + items + `],"more":false}` }
	item := func(id, created, messages, ids string) string {
		return part(`[` + id + `,"n",` + created + `,` + stamp + `,` + messages + `,0,` + ids + `,""]`)
	}
	if _, err := contexts.Restore(0, []byte(item(`"c"`, stamp, `1`, `"CIrHB7UBMlY"`))); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ in, want string }{
		{``, `part 0 is malformed JSON`},
		{"{\"a\":\"\xff\"}", `part 0 is not UTF-8`},
		{`[]`, `part 0 is an array, want an object`},
		{`{}`, `part 0.version is 0, want 1`},
		{`{"version":2}`, `part 0.version is 2, want 1`},
		{`{"version":1,"after":"x"}`, `part 0.after is "x", want "": all parts of one checkpoint, in their order`},
		{`{"version":1,"after":"","items":[],"more":true}`, `part 0.more is true, want false: all parts of one checkpoint`},
		{`{"version":1,"items":{}}`, `part 0.items[0].items is an object, want an array`},
		{part(`7`), `part 0.items[0].id is a number, want a string`},
		{part(`""`), `part 0.items[0].id is empty, want an id`},
		{part(`"a","a"`), `part 0.items[1].id is "a", which came before`},
		{part(`["a"]`), `part 0.items[0] has 1 elements, want 8`},
		{item(`7`, stamp, `1`, `""`), `part 0.items[0].id is a number, want a string`},
		{item(`"a\n"`, stamp, `1`, `""`), `part 0.items[0].id is no id: tidings: invalid id "a\n": want UTF-8 without control characters and without spaces at its ends`},
		{item(`"a"`, `"x"`, `1`, `""`), `part 0.items[0].created is "x", want a time such as "2026-01-02T03:04:05Z"`},
		{item(`"a"`, stamp, `-1`, `""`), `part 0.items[0].messages is -1, want a number from 0 to 2147483647`},
		{item(`"a"`, stamp, `1.5`, `""`), `part 0.items[0].messages is 1.5, want a number from 0 to 2147483647`},
		{item(`"a"`, stamp, `1`, `"x"`), `part 0.items[0].message ids are "x", want at most 16 hashes of 8 bytes in base64`},
		{item(`"a"`, stamp, `1`, `"AAAA"`), `part 0.items[0].message ids are "AAAA", want at most 16 hashes of 8 bytes in base64`},
		{item(`"a"`, stamp, `1`, `"`+strings.Repeat("A", 182)+`"`), `part 0.items[0].message ids are "` + strings.Repeat("A", 64) + `…", want at most 16 hashes of 8 bytes in base64`},
		{part(`["a","` + strings.Repeat("n", 1025) + `",` + stamp + `,` + stamp + `,0,0,"",""]`), `part 0.items[0].name has 1025 bytes, want at most 1024`},
	} {
		fold, err := contexts.Restore(0, []byte(tt.in))
		if fold != nil || !errors.Is(err, contexts.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", tt.in, err)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "contexts: invalid checkpoint: "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.in, got, tt.want)
		}
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
