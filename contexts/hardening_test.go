package contexts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

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

func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("é", 1000)
	for _, in := range []string{
		`{"type":"HEARTBEAT","timestamp":"` + long + `"}`, `{"type":"` + long + `A","timestamp":5,"contexts":` + long + `}`,
		`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"task_count":"` + long + `"}]}`,
	} {
		if _, err := contexts.Decode([]byte(in)); err == nil || len(err.Error()) > 250 {
			t.Errorf("got %v", err)
		}
	}
}

// A log that holds what no hub would accept makes nothing panic, and no state
// that could not be shown and kept.
func TestPayloadsCutAnywhereAreSurvived(t *testing.T) {
	m, fold := newMaker(1, recorded(t)), contexts.NewFold(5)
	for range 300 {
		e := m.next()
		whole := e.Data
		for _, channel := range []tidings.Channel{tidings.AGUI, tidings.A2A, tidings.System} {
			for range 20 {
				e.Channel, e.Data = channel, whole[:m.IntN(len(whole)+1)]
				fold.Apply(e)
			}
		}
		restore(t, 5, fold.Checkpoint(0))
		if _, err := contexts.NewSnapshot(fold.Contexts()).AppendJSON(nil); err != nil {
			t.Fatal(err)
		}
	}
}

// What is too long for a snapshot does not get into one.
func TestLongNamesAndIDsAreNotKept(t *testing.T) {
	fold, long := contexts.NewFold(0), strings.Repeat("x", 2000)
	for _, e := range []tidings.Event{
		{Channel: tidings.AGUI, Session: long, Data: []byte(`{"type":"CUSTOM"}`)},
		{Channel: tidings.System, Data: []byte(`{"type":"CONTEXT_CREATED","contextId":"` + long + `"}`)},
		{Channel: tidings.System, Data: []byte(`{"type":"CONTEXT_CREATED","contextId":"c1","name":"` + long + `"}`)},
	} {
		fold.Apply(&e)
	}
	if c := fold.Contexts(); len(c) != 1 || c[0].ID != "c1" || c[0].Name != "" {
		t.Errorf("got %v, want c1 without a name", c)
	}
}

// What a snapshot says was seen counts only if all of it can be read.
func TestWhatWasSeenIsTakenWholeOrNotAtAll(t *testing.T) {
	const h, more = "CNyDB7V752w", "CIrHB7UBMlY" // of r1 and of another
	for seen, want := range map[string]string{
		`"` + h + "." + h + `"`: "0/0", `".` + h + `"`: "1/0", `"` + h + `."`: "0/1",
		`""`: "1/1", `"."`: "1/1", `null`: "1/1", `7`: "1/1", `["` + h + `"]`: "1/1",
		`"` + h + `"`: "1/1", `"` + h + "." + h + `."`: "1/1", `"` + h + "," + h + `"`: "1/1",
		`"` + h + "=." + h + `"`: "1/1", `"` + h + `\n.` + h + `"`: "1/1", `"` + h + "." + h[:10] + `"`: "1/1",
		`"` + h + "." + h[:10] + `x"`: "1/1", `"` + h + "." + more[:8] + `"`: "1/1",
		`"` + h + "." + strings.Repeat("A", 182) + `"`: "1/1",
	} {
		fold := contexts.NewFold(0)
		for _, e := range []tidings.Event{
			{Channel: tidings.System, Data: []byte(`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"c","seen":` + seen + `}]}`)},
			{Channel: tidings.AGUI, Session: "c", Data: []byte(`{"type":"RUN_STARTED","runId":"r1"}`)},
			{Channel: tidings.AGUI, Session: "c", Data: []byte(`{"type":"TEXT_MESSAGE_START","messageId":"r1"}`)},
		} {
			fold.Apply(&e)
		}
		c := fold.Contexts()[0]
		if got := fmt.Sprintf("%d/%d", c.Messages, c.Tasks); got != want {
			t.Errorf("%s: got %s, want %s", seen, got, want)
		}
	}
}
