package agui_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/agui"
)

func TestEveryRecordedRunDecodes(t *testing.T) {
	files, err := filepath.Glob("../testdata/runs/agui/*.jsonl")
	if err != nil || len(files) != 215 {
		t.Fatalf("got %d runs, %v, want 215", len(files), err)
	}
	count := map[string]int{}
	for _, file := range files {
		for line := range bytes.Lines(readFile(t, file)) {
			count[decodeRecorded(t, file, line)]++
		}
	}
	want := map[string]int{"valid": 6881, "unknown": 39, "invalid": 27}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", count, want)
	}
}

// decodeRecorded decodes one recorded event and says what it is. What
// encodes must decode to the same again.
func decodeRecorded(t *testing.T, file string, line []byte) string {
	e, err := agui.Decode(line)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return "refused"
	}
	if u, ok := e.(*agui.UnknownEvent); ok {
		if !bytes.Equal(encode(t, u), bytes.TrimSpace(line)) {
			t.Errorf("%s: got %s, want %s", file, encode(t, u), line)
		}
		return "unknown"
	}
	if agui.Validate(e) != nil {
		return "invalid" // TOOL_CALL_RESULT without messageId
	}
	stable(t, e)
	return "valid"
}

// stable checks that an event that encodes decodes to what encodes the same.
func stable(t *testing.T, e agui.Event) {
	t.Helper()
	data, err := e.AppendJSON(nil)
	if err != nil {
		return
	}
	if !json.Valid(data) || bytes.ContainsAny(data, "\r\n") {
		t.Fatalf("got no line of JSON: %q", data)
	}
	again, err := agui.Decode(data)
	if err != nil {
		t.Fatalf("%v in what was encoded: %s", err, data)
	}
	if got, err := again.AppendJSON(nil); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("got  %s, %v\nwant %s", got, err, data)
	}
}

func TestDecodeKeepsTheUnknown(t *testing.T) {
	for _, in := range []string{
		`{"type":"THINKING_START","title":"hm","big":12345678901234567890.10}`,
		`{"type":"USAGE_METADATA","metadata":5,"timestamp":"now"}`,
		`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":7,"role":"narrator","x":[1.0]}]}`,
		`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"1","role":"user","content":[{"type":"sticker","source":5}]}]}`,
		`{"type":"STATE_DELTA","delta":[{"op":"remove","path":"","value":null,"x":1.0}]}`,
	} {
		data := []byte(in)
		e, err := agui.Decode(data)
		clear(data) // what is kept is a copy
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := string(encode(t, e)); got != in {
			t.Errorf("got  %s\nwant %s", got, in)
		}
	}
}

func TestDecodeIsTolerant(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"type":"TEXT_MESSAGE_CONTENT","message_id":"m","delta":"x"}`, `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}`},
		{`{"messageId":null,"message_id":"m","type":"TEXT_MESSAGE_END"}`, `{"type":"TEXT_MESSAGE_END","messageId":"m"}`},
		{`{"type":"RUN_STARTED","thread_id":"t","run_id":"r","threadId":""}`, `{"type":"RUN_STARTED","threadId":"t","runId":"r"}`},
		{`{"type":"TEXT_MESSAGE_END","messageId":"a","messageId":"b"}`, `{"type":"TEXT_MESSAGE_END","messageId":"b"}`},
		{`{"type":"TEXT_MESSAGE_END","message\u0049d":"b","MessageId":"c"}`, `{"type":"TEXT_MESSAGE_END","messageId":"b"}`},
		{`{"type":"TEXT_MESSAGE_END","messageId":"b","timestamp":1.77e12}`, `{"type":"TEXT_MESSAGE_END","messageId":"b","timestamp":1770000000000}`},
		{`{"type":"TEXT_MESSAGE_END","messageId":"b","timestamp":-1}`, `{"type":"TEXT_MESSAGE_END","messageId":"b","timestamp":-1}`},
		{`{"type":"TEXT_MESSAGE_END","messageId":"b","seq":5,"_index":{}}`, `{"type":"TEXT_MESSAGE_END","messageId":"b"}`},
		{`{"type":"ACTIVITY_SNAPSHOT","messageId":"b","activityType":"x","content":{ },"replace":null}`, `{"type":"ACTIVITY_SNAPSHOT","messageId":"b","activityType":"x","content":{ }}`},
		{" {\n\"type\":\"RUN_ERROR\"} \n", `{"type":"RUN_ERROR","message":""}`},
	} {
		e, err := agui.Decode([]byte(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if got := string(encode(t, e)); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestDecodeSaysWhatItRefuses(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `event: found nothing, want one JSON object for each event`},
		{`[]`, `event: found an array, want one JSON object for each event`},
		{`{}`, `event: found no type, want a member "type" such as "RUN_STARTED"`},
		{`{"type":5}`, `event: type is a number, want a string such as "RUN_STARTED"`},
		{`{"type":"CUSTOM"`, `event: it is malformed JSON`},
		{"{\"type\":\"CUSTOM\",\"value\":\"\xff\"}", `event: it is not UTF-8`},
		{`{"type":"CUSTOM","timestamp":"2026-01-01T00:00:00Z"}`, `CUSTOM: timestamp is a string, want a whole number of at most 53 bits`},
		{`{"type":"CUSTOM","metadata":[]}`, `CUSTOM: metadata is an array, want an object`},
		{`{"type":"CUSTOM","name":{}}`, `CUSTOM: name is an object, want a string`},
		{`{"type":"REASONING_MESSAGE_START","role":"user"}`, `REASONING_MESSAGE_START: role is "user", want "reasoning"`},
		{`{"type":"ACTIVITY_SNAPSHOT","replace":"no"}`, `ACTIVITY_SNAPSHOT: replace is a string, want a boolean`},
		{`{"type":"STATE_DELTA","delta":[{"op":"add","path":null,"value":1}]}`, `STATE_DELTA: delta[0].path is null, want a string`},
		{`{"type":"STATE_DELTA","delta":[{"path":"/a"}]}`, `STATE_DELTA: delta[0].op is "", want one of JSON Patch`},
		{`{"type":"RUN_FINISHED","outcome":[]}`, `RUN_FINISHED: outcome is an array, want an object`},
		{`{"type":"RUN_STARTED","input":{"messages":[{"role":"user","content":[{"type":"image","source":{"value":1}}]}]}}`,
			`RUN_STARTED: input.messages[0].content[0].source.value is a number, want a string`},
	} {
		e, err := agui.Decode([]byte(tt.in))
		if e != nil || !errors.Is(err, agui.ErrInvalid) {
			t.Errorf("Decode(%s) = %v, %v, want ErrInvalid", tt.in, e, err)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "agui: invalid "); got != tt.want {
			t.Errorf("Decode(%s):\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestUnmarshalJSONReadsOneType(t *testing.T) {
	e := agui.TextMessageContentEvent{MessageID: "old", Delta: "old"}
	err := json.Unmarshal([]byte(`{"messageId":"m"}`), &e)
	if err != nil || e.MessageID != "m" || e.Delta != "" {
		t.Errorf("got %+v, %v", e, err)
	}
	if err := json.Unmarshal([]byte(`null`), &e); err != nil || e.MessageID != "m" {
		t.Errorf("null: got %+v, %v", e, err)
	}
	err = json.Unmarshal([]byte(`{"type":"CUSTOM"}`), &e)
	if invalid, ok := errors.AsType[*agui.InvalidError](err); !ok || invalid.Field != "type" {
		t.Errorf("another type: got %v", err)
	}
}

func TestDecodedEventsDoNotShareMemoryWithTheirInput(t *testing.T) {
	for _, e := range decorated() {
		want := encode(t, e)
		data := slices.Clone(want)
		decoded, err := agui.Decode(data)
		clear(data)
		if err != nil || !bytes.Equal(encode(t, decoded), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

func TestWhatUnknownEventsHaveInCommonIsRead(t *testing.T) {
	e, err := agui.Decode([]byte(`{"type":"OTHER","timestamp":5,"metadata":{"a":1}}`))
	u, ok := e.(*agui.UnknownEvent)
	if err != nil || !ok || u.EventType() != "OTHER" || u.Base().Timestamp.UnixMilli() != 5 {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestAsReadsWhatAMemberHolds(t *testing.T) {
	type state struct{ Step int }
	for _, value := range []any{state{2}, json.RawMessage(`{"step":2}`), map[string]any{"Step": 2}} {
		if got, err := agui.As[state](value); err != nil || got.Step != 2 {
			t.Errorf("%T: got %v, %v", value, got, err)
		}
	}
	for _, value := range []any{nil, json.RawMessage(nil), json.RawMessage("null")} {
		if got, err := agui.As[state](value); err != nil || got.Step != 0 {
			t.Errorf("%#v: got %v, %v", value, got, err)
		}
	}
	if _, err := agui.As[state](json.RawMessage(`[]`)); err == nil {
		t.Error("an array is no state")
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range slices.Concat(minimal(), full()) {
		data, err := e.AppendJSON(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"type":"OTHER","metadata":null,"timestamp":1e3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := agui.Decode(data)
		if (e == nil) != (err != nil) || err != nil && !errors.Is(err, agui.ErrInvalid) {
			t.Fatalf("got %v and %v", e, err)
		}
		if err == nil {
			stable(t, e)
		}
	})
}
