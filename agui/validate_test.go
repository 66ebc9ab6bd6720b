package agui_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/agui"
)

// with returns a CUSTOM with something that all events may have.
func with(base agui.BaseEvent) agui.Event {
	e := agui.NewCustom("n", 1)
	e.BaseEvent = base
	return e
}

// finished returns a RUN_FINISHED with an outcome.
func finished(o agui.RunFinishedOutcome) agui.Event {
	e := agui.NewRunFinished("t", "r")
	e.Outcome = &o
	return e
}

func says(parts ...agui.ContentPart) agui.Object {
	return &agui.UserMessage{ID: "1", Content: agui.Parts(parts...)}
}

func TestWhatIsInvalidIsRefusedWhenItIsEncoded(t *testing.T) {
	hidden := agui.Remove("/a")
	hidden.Extra = map[string]any{"path": "/b"}
	for _, tt := range []struct {
		o    agui.Object
		want string
	}{
		{agui.NewTextMessageContent("", "x"), `TEXT_MESSAGE_CONTENT: messageId is empty`},
		{agui.NewRunStarted("t", ""), `RUN_STARTED: runId is empty`},
		{agui.NewStepStarted(""), `STEP_STARTED: stepName is empty`},
		{agui.NewSubagentError("", "m"), `SUBAGENT_ERROR: subagentRunId is empty`},
		{&agui.RunStartedEvent{ThreadID: "t", RunID: "r", ProtocolVersion: "1"}, `RUN_STARTED: protocolVersion is "1", want a version such as "1.0"`},
		{&agui.RunStartedEvent{ThreadID: "t", RunID: "r", ProtocolVersion: "1.0x"}, `RUN_STARTED: protocolVersion is "1.0x", want a version such as "1.0"`},
		{&agui.TextMessageStartEvent{MessageID: "m", Role: agui.RoleTool}, `TEXT_MESSAGE_START: role is "tool", want one of ["developer" "system" "assistant" "user"]`},
		{&agui.ToolCallResultEvent{MessageID: "m", ToolCallID: "c", Role: "user"}, `TOOL_CALL_RESULT: role is "user", want one of ["tool"]`},
		{agui.NewReasoningEncryptedValue("step", "e", ""), `REASONING_ENCRYPTED_VALUE: subtype is "step", want one of ["tool-call" "message"]`},
		{with(agui.BaseEvent{Metadata: json.RawMessage(`null`)}), `CUSTOM: metadata is null, want an object`},
		{with(agui.BaseEvent{Metadata: map[string]any(nil)}), `CUSTOM: metadata is null, want an object`},
		{with(agui.BaseEvent{Metadata: "text"}), `CUSTOM: metadata is a string, want an object`},
		{with(agui.BaseEvent{Metadata: json.RawMessage(`{"a":`)}), `CUSTOM: metadata is malformed JSON`},
		{with(agui.BaseEvent{Metadata: json.RawMessage("{\"a\":\"\xff\"}")}), `CUSTOM: metadata is not UTF-8`},
		{with(agui.BaseEvent{RawEvent: json.RawMessage(` null`)}), `CUSTOM: rawEvent is null, which is left out by leaving it nil`},
		{with(agui.BaseEvent{RawEvent: json.RawMessage(``)}), `CUSTOM: rawEvent is missing`},
		{with(agui.BaseEvent{Timestamp: time.UnixMilli(1 << 53)}), `CUSTOM: timestamp is too far from 1970 for a count of milliseconds`},
		{with(agui.BaseEvent{Timestamp: time.Unix(math.MaxInt64/1000*4, 0)}), `CUSTOM: timestamp is too far from 1970 for a count of milliseconds`},
		{agui.NewCustom("n", math.NaN()), `CUSTOM: value cannot be encoded: json: unsupported value: NaN`},
		{agui.NewRaw(make(chan int)), `RAW: event cannot be encoded: json: unsupported type: chan int`},
		{agui.NewActivitySnapshot("a", "plan", nil), `ACTIVITY_SNAPSHOT: content is missing, want an object`},
		{agui.NewActivitySnapshot("a", "plan", []int{}), `ACTIVITY_SNAPSHOT: content is an array, want an object`},
		{agui.NewActivityDelta("a", ""), `ACTIVITY_DELTA: activityType is empty`},
		{agui.NewStateDelta(agui.Remove("/a"), agui.Add("a", 1)), `STATE_DELTA: delta[1].path is "a", want a JSON Pointer such as "/items/0"`},
		{agui.NewStateDelta(agui.Move("/a~", "/b")), `STATE_DELTA: delta[0].from is "/a~", want a JSON Pointer such as "/items/0"`},
		{agui.NewStateDelta(agui.Operation{Op: "inc", Path: "/a"}), `STATE_DELTA: delta[0].op is "inc", want one of ["add" "remove" "replace" "move" "copy" "test"]`},
		{agui.NewStateDelta(hidden), `STATE_DELTA: delta[0].path is set twice, the second time in Extra`},
		{finished(agui.RunFinishedOutcome{}), `RUN_FINISHED: outcome.type is "", want one of ["success" "interrupt" "cancelled"]`},
		{finished(agui.RunFinishedOutcome{Type: agui.OutcomeInterrupt}), `RUN_FINISHED: outcome.interrupts is empty, want at least one`},
		{finished(agui.RunFinishedOutcome{Type: agui.OutcomeCancelled, PendingToolCallIDs: []string{"c"}}), `RUN_FINISHED: outcome.pendingToolCallIds is set, but the outcome is "cancelled"`},
		{finished(*agui.Interrupted(agui.Interrupt{ID: "i", Reason: "r"}, agui.Interrupt{ID: "j"})), `RUN_FINISHED: outcome.interrupts[1].reason is empty`},
		{finished(*agui.Interrupted(agui.Interrupt{ID: "i", Reason: "r", ResponseSchema: true})), `RUN_FINISHED: outcome.interrupts[0].responseSchema is a boolean, want an object`},
		{&agui.SubagentFinishedEvent{SubagentRunID: "s", Outcome: &agui.SubagentFinishedOutcome{Type: "cancelled"}}, `SUBAGENT_FINISHED: outcome.type is "cancelled", want one of ["success" "suspended"]`},
		{&agui.RunErrorEvent{Usage: []agui.TokenUsage{{InputTokens: new(int64(-1))}}}, `RUN_ERROR: usage[0].inputTokens is -1, want 0 to 9007199254740991`},
		{agui.NewMessagesSnapshot(nil), `MESSAGES_SNAPSHOT: messages[0] is nil, want a message`},
		{agui.NewMessagesSnapshot(agui.NewUserMessage("1", ""), agui.NewToolMessage("2", "", "")), `MESSAGES_SNAPSHOT: messages[1].toolCallId is empty`},
		{agui.NewAssistantMessage("1", "", agui.NewToolCall("c", "", "")), `AssistantMessage: toolCalls[0].function.name is empty`},
		{&agui.UserMessage{ID: "1", Content: agui.Content{Text: "x", Parts: []agui.ContentPart{}}}, `UserMessage: content has both a text and parts`},
		{says(agui.ContentPart{}), `UserMessage: content[0].type is "", want one of ["text" "image" "audio" "video" "document"]`},
		{says(agui.ContentPart{Type: agui.PartImage}), `UserMessage: content[0].source is missing`},
		{says(agui.ImagePart(agui.Source{})), `UserMessage: content[0].source.type is "", want one of ["data" "url" "file"]`},
		{says(agui.ImagePart(agui.DataSource("", nil))), `UserMessage: content[0].source.mimeType is empty`},
		{says(agui.ImagePart(agui.Source{Type: agui.SourceURL, Provider: "p"})), `UserMessage: content[0].source.provider is set, but the source is not a file`},
		{&agui.RunAgentInput{ThreadID: "t", RunID: "r", Resume: []agui.ResumeEntry{{InterruptID: "i"}}}, `RunAgentInput: resume[0].status is "", want one of ["resolved" "cancelled"]`},
		{&agui.RunAgentInput{ThreadID: "t", RunID: "r", Tools: []agui.Tool{{}}}, `RunAgentInput: tools[0].name is empty`},
		{&agui.UnknownEvent{Type: "OTHER"}, `OTHER: is missing`},
	} {
		got, err := tt.o.AppendJSON([]byte("before"))
		if string(got) != "before" || !errors.Is(err, agui.ErrInvalid) {
			t.Errorf("%s: got %s, %v, want ErrInvalid", tt.want, got, err)
			continue
		}
		if msg := strings.TrimPrefix(err.Error(), "agui: invalid "); msg != tt.want {
			t.Errorf("\n got %s\nwant %s", msg, tt.want)
		}
		if _, err := json.Marshal(tt.o); !errors.Is(err, agui.ErrInvalid) {
			t.Errorf("%s: json.Marshal returned %v", tt.want, err)
		}
		if agui.Validate(tt.o) == nil {
			t.Errorf("%s: Validate returned nil", tt.want)
		}
	}
}

func TestInvalidErrorSaysWhere(t *testing.T) {
	_, err := agui.NewCustom("n", failing{}).MarshalJSON()
	invalid, ok := errors.AsType[*agui.InvalidError](err)
	if !ok || invalid.Object != agui.Custom || invalid.Field != "value" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %#v", err)
	}
}

// Encoding only reads: a hub's many readers may share one event. The race
// detector judges.
func TestEventsCanBeEncodedByManyAtOnce(t *testing.T) {
	events := decorated()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, e := range events {
				if err := agui.Validate(e); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestEncodingATokenAllocatesItsBytes(t *testing.T) {
	e := agui.NewTextMessageContent("b3c73564-28a4-4a59-b3f4-6ca600d25b17", " assistant")
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := e.MarshalJSON(); err != nil {
			t.Error(err)
		}
	})
	if allocs > 2 { // one; the race detector makes pools forget
		t.Errorf("got %v allocations, want 1", allocs)
	}
}

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, io.ErrUnexpectedEOF }

func TestValidateReportsWhatEncodingPassesOn(t *testing.T) {
	for _, in := range []string{
		`{"type":"THINKING_START"}`,
		`{"type":"MESSAGES_SNAPSHOT","messages":[{"role":"narrator"}]}`,
		`{"type":"TOOL_CALL_RESULT","messageId":"m","toolCallId":"c","content":[{"type":"sticker"}]}`,
	} {
		e, err := agui.Decode([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if err := agui.Validate(e); !errors.Is(err, agui.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", in, err)
		}
		if got := encode(t, e); string(got) != in {
			t.Errorf("got  %s\nwant %s", got, in)
		}
	}
}

func TestValuesStayAsTheyAre(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{json.RawMessage(`{ "b":1.50, "a":12345678901234567890, "b":"\u00e9<" }`), `{ "b":1.50, "a":12345678901234567890, "b":"\u00e9<" }`},
		{json.RawMessage("[\n  1.0,\r\n  \"\\n\"\n]"), `[1.0,"\n"]`},
		{"<a href=\"x\">\u2028\xff\x00", `"<a href=\"x\">` + "\u2028\uFFFD" + `\u0000"`},
		{map[string]string{"a": "<&>"}, `{"a":"<&>"}`},
		{nil, `null`},
		{(*int)(nil), `null`},
	} {
		got := string(encode(t, agui.NewCustom("n", tt.value)))
		if want := `{"type":"CUSTOM","name":"n","value":` + tt.want + `}`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// Values that are held by value, in a caller's own struct, must not fall back
// to the rules of encoding/json for structs.
func TestValuesEncodeInsideOfOtherStructs(t *testing.T) {
	held := struct {
		Interrupt agui.Interrupt
		Usage     agui.TokenUsage
		Op        agui.Operation
		Message   agui.Message
	}{agui.Interrupt{ID: "i", Reason: "r"}, agui.TokenUsage{Model: "m"}, agui.Remove("/a"), agui.NewUserMessage("1", "hi")}
	got, err := json.Marshal(held)
	want := `{"Interrupt":{"id":"i","reason":"r"},"Usage":{"model":"m"},"Op":{"op":"remove","path":"/a"},"Message":{"id":"1","role":"user","content":"hi"}}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

func TestStringsAreWhatEncodingJSONReads(t *testing.T) {
	var all bytes.Buffer
	for r := range rune(0x300) {
		all.WriteRune(r)
	}
	all.WriteString("\xff\xfe\xed\xa0\x80 \U0001F600 \u2028\u2029")
	data := encode(t, agui.NewTextMessageContent("m", all.String()))
	var got struct{ Delta string }
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if want := string([]rune(all.String())); got.Delta != want {
		t.Errorf("got  %q\nwant %q", got.Delta, want)
	}
}

// A string is looked at several bytes at a time: each byte must be found at
// each place, and what needs no escape must have none.
func TestEveryByteOfAStringIsSeenAtEveryPlace(t *testing.T) {
	for length := 1; length <= 20; length++ {
		for at := range length {
			for c := range 256 {
				b := []byte(strings.Repeat("~", length))
				b[at] = byte(c)
				data := encode(t, agui.NewTextMessageContent("m", string(b)))
				var got struct{ Delta string }
				if err := json.Unmarshal(data, &got); err != nil || got.Delta != strings.ToValidUTF8(string(b), "\uFFFD") {
					t.Fatalf("byte %#x at %d of %d: got %s, %v", c, at, length, data, err)
				}
				escaped := c < ' ' || c == '"' || c == '\\'
				if bytes.ContainsRune(data, '\\') != escaped {
					t.Fatalf("byte %#x at %d of %d: got %s", c, at, length, data)
				}
			}
		}
	}
}
