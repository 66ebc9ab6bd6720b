package agui_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/agui"
)

func TestTypesAreThoseOfTheSchema(t *testing.T) {
	got := []string{
		agui.RunStarted, agui.RunFinished, agui.RunError, agui.StepStarted, agui.StepFinished,
		agui.TextMessageStart, agui.TextMessageContent, agui.TextMessageEnd, agui.TextMessageChunk,
		agui.ToolCallStart, agui.ToolCallArgs, agui.ToolCallEnd, agui.ToolCallChunk, agui.ToolCallResult,
		agui.StateSnapshot, agui.StateDelta, agui.MessagesSnapshot, agui.ActivitySnapshot, agui.ActivityDelta,
		agui.ReasoningStart, agui.ReasoningEnd, agui.ReasoningMessageStart, agui.ReasoningMessageContent,
		agui.ReasoningMessageEnd, agui.ReasoningMessageChunk, agui.ReasoningEncryptedValue,
		agui.SubagentStarted, agui.SubagentFinished, agui.SubagentError, agui.Raw, agui.Custom,
	}
	want := schemaTypes(t)
	slices.Sort(got)
	slices.Sort(want)
	if len(want) != 31 || !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q (31)", got, want)
	}
}

func TestPeekAllocatesNothingForKnownTypes(t *testing.T) {
	for _, typ := range schemaTypes(t) {
		data := []byte(`{"type":"` + typ + `","messageId":"m"}`)
		allocs := testing.AllocsPerRun(10, func() {
			if _, err := agui.Peek(data); err != nil {
				t.Error(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: got %v allocations, want 0", typ, allocs)
		}
	}
}

// schemaTypes returns the type of every event the schema defines.
func schemaTypes(t *testing.T) (types []string) {
	var schema struct {
		Defs map[string]struct {
			Properties struct {
				Type struct{ Const string }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(readFile(t, "testdata/spec/schema.json"), &schema); err != nil {
		t.Fatal(err)
	}
	for name, def := range schema.Defs {
		if c := def.Properties.Type.Const; strings.HasSuffix(name, "Event") && c != "" {
			types = append(types, c)
		}
	}
	return types
}
