package agui_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/agui"
)

func TestPeekReadsTypeThreadAndRun(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"all", `{"type":"RUN_STARTED","threadId":"t","runId":"r"}`, `RUN_STARTED t r`},
		{"type only", `{"type":"CUSTOM","name":"n","value":null}`, `CUSTOM  `},
		{"any order, space", " {\n\"runId\" : \"r\" , \"type\" : \"RUN_ERROR\" } \n", `RUN_ERROR  r`},
		{"unknown type", `{"type":"USAGE_METADATA"}`, `USAGE_METADATA  `},
		{"snake case", `{"type":"RUN_STARTED","thread_id":"t","run_id":"r"}`, `RUN_STARTED t r`},
		{"camel case wins", `{"thread_id":"no","type":"RUN_STARTED","threadId":"t","runId":"r","run_id":"no"}`, `RUN_STARTED t r`},
		{"snake case for null and empty", `{"type":"A","threadId":null,"thread_id":"t","runId":"","run_id":"r"}`, `A t r`},
		{"unused snake case of any kind", `{"type":"A","threadId":"t","thread_id":5}`, `A t `},
		{"null and empty ids", `{"type":"A","threadId":null,"runId":""}`, `A  `},
		{"escaped names", `{"typ\u0065":"A","thr\u0065adId":"t","\u0072unId":"r"}`, `A t r`},
		{"escaped values", `{"type":"RUN\u005fSTARTED","threadId":"a\"b\\\/\u00e9\ud83d\ude00"}`, `RUN_STARTED a"b\/é😀 `},
		{"last one wins", `{"type":"A","threadId":"x","type":"B","threadId":"y","thr\u0065adId":"z"}`, `B z `},
		{"last one wins, even null", `{"type":"A","threadId":"x","threadId":null}`, `A  `},
		{"case counts", `{"type":"A","ThreadId":"x","THREADID":"y","Type":"B"}`, `A  `},
		{"only the top level", `{"input":{"threadId":"x","type":"B"},"type":"A","event":[{"runId":"y"}]}`, `A  `},
	} {
		p, err := agui.Peek([]byte(tt.in))
		if got := fmt.Sprintf("%s %s %s", p.Type, p.ThreadID, p.RunID); err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestPeekSaysWhatItFoundAndWants(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `found nothing, want one JSON object for each event`},
		{`[{"type":"A"}]`, `found an array, want one JSON object for each event`},
		{`"RUN_STARTED"`, `found a string, want one JSON object for each event`},
		{`null`, `found null, want one JSON object for each event`},
		{`data: {}`, `found no JSON, want one JSON object for each event`},
		{`{}`, `found no type, want a member "type" such as "RUN_STARTED"`},
		{`{"type":null}`, `found no type, want a member "type" such as "RUN_STARTED"`},
		{`{"type":""}`, `found no type, want a member "type" such as "RUN_STARTED"`},
		{`{"type":"A","type":null}`, `found no type, want a member "type" such as "RUN_STARTED"`},
		{`{"type":7}`, `type is a number, want a string such as "RUN_STARTED"`},
		{`{"type":{"type":"A"}}`, `type is an object, want a string such as "RUN_STARTED"`},
		{`{"type":"A","threadId":7}`, `threadId is a number, want a string`},
		{`{"type":"A","run_id":[]}`, `run_id is an array, want a string`},
		{`{"type":"A","threadId":"\x"}`, `threadId is a malformed string, want a string`},
		{`{"type":"A"`, `malformed JSON at byte 11: want ',' or '}'`},
		{`{"type":"A"} {"type":"B"}`, `malformed JSON at byte 13: want nothing more`},
	} {
		p, err := agui.Peek([]byte(tt.in))
		if !errors.Is(err, agui.ErrInvalid) || p != (agui.Peeked{}) {
			t.Errorf("Peek(%s) = %v, %v, want ErrInvalid", tt.in, p, err)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "agui: invalid event: "); got != tt.want {
			t.Errorf("Peek(%s):\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestPeekedDoesNotShareMemoryWithItsInput(t *testing.T) {
	data := []byte(`{"type":"OTHER","threadId":"t1","runId":"r1"}`)
	p, err := agui.Peek(data)
	clear(data)
	if want := (agui.Peeked{Type: "OTHER", ThreadID: "t1", RunID: "r1"}); p != want || err != nil {
		t.Errorf("got %v, %v, want %v", p, err, want)
	}
}

func TestPeekReadsEveryValidFixture(t *testing.T) {
	files, err := filepath.Glob("testdata/spec/fixtures/*Event/valid/*.json")
	if err != nil || len(files) != 93 {
		t.Fatalf("got %d fixtures, %v, want 93", len(files), err)
	}
	for _, file := range files {
		compare(t, file, readFile(t, file))
	}
}

// compare checks what Peek reads against encoding/json.
func compare(t *testing.T, name string, data []byte) agui.Peeked {
	t.Helper()
	want, valid := oracle(data)
	got, err := agui.Peek(data)
	if (err == nil) != valid || got != want {
		t.Errorf("%s: got %v, %v, want %v, valid %t:\n%s", name, got, err, want, valid, data)
	}
	return got
}

// oracle is Peek by way of encoding/json, for valid JSON. It decodes into a
// map because encoding/json matches the fields of a struct without regard to
// case.
func oracle(data []byte) (p agui.Peeked, valid bool) {
	var m map[string]any
	if json.Unmarshal(data, &m) != nil || m == nil {
		return p, false
	}
	typ, _ := m["type"].(string)
	thread, okThread := first(m["threadId"], m["thread_id"])
	run, okRun := first(m["runId"], m["run_id"])
	if typ == "" || !okThread || !okRun {
		return p, false
	}
	return agui.Peeked{Type: typ, ThreadID: thread, RunID: run}, true
}

// first returns the first string that is not empty, and false if something
// that is neither string nor null comes before it.
func first(values ...any) (string, bool) {
	for _, v := range values {
		s, ok := v.(string)
		if s != "" || !ok && v != nil {
			return s, ok
		}
	}
	return "", true
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func FuzzPeek(f *testing.F) {
	for _, s := range []string{
		`{"type":"RUN_STARTED","threadId":"t","runId":"r"}`,
		`{"type":"A","thread_id":"t","run_id":"r","runId":null}`,
		`{"typ\u0065":"\ud83d","threadId":{},"a":["\\\"",{}]}`,
		`{"type":"A","type":1,"threadId":"","thread_id":5}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":" \"x\" "}`, `{`, `null`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := agui.Peek(data)
		if json.Valid(data) {
			compare(t, "valid JSON", data)
		}
		if err != nil && (p != agui.Peeked{} || !errors.Is(err, agui.ErrInvalid)) {
			t.Errorf("got %v and %v", p, err)
		}
	})
}
