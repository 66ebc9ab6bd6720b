package agui_test

import (
	"encoding/json"
	"time"

	"github.com/tidings-dev/tidings/agui"
)

// at is a time whose milliseconds are whole.
var at = time.UnixMilli(1770000000123).UTC()

// minimal returns one event of each type as its constructor makes it.
func minimal() []agui.Event {
	return []agui.Event{
		agui.NewRunStarted("t1", "r1"),
		agui.NewRunFinished("t1", "r1"),
		agui.NewRunError("model unavailable"),
		agui.NewStepStarted("plan"),
		agui.NewStepFinished("plan"),
		agui.NewTextMessageStart("m1"),
		agui.NewTextMessageContent("m1", "Hello <b>&\u2028\"you\"</b>\n\x01"),
		agui.NewTextMessageEnd("m1"),
		agui.NewTextMessageChunk("m1", "Hel"),
		agui.NewToolCallStart("c1", "search"),
		agui.NewToolCallArgs("c1", `{"q":"`),
		agui.NewToolCallEnd("c1"),
		agui.NewToolCallChunk("c1", "search", `{}`),
		agui.NewToolCallResult("m2", "c1", "3 results"),
		agui.NewStateSnapshot(map[string]any{"step": 1, "draft": nil}),
		agui.NewStateDelta(agui.Replace("/step", 2), agui.Remove("/draft")),
		agui.NewMessagesSnapshot(agui.NewUserMessage("1", "hi"), agui.NewAssistantMessage("2", "hello")),
		agui.NewActivitySnapshot("a1", "search", map[string]int{"hits": 0}),
		agui.NewActivityDelta("a1", "search", agui.Add("/hits", 3)),
		agui.NewReasoningStart("n1"),
		agui.NewReasoningEnd("n1"),
		agui.NewReasoningMessageStart("n2"),
		agui.NewReasoningMessageContent("n2", "hm"),
		agui.NewReasoningMessageEnd("n2"),
		agui.NewReasoningMessageChunk("n3", "hm"),
		agui.NewReasoningEncryptedValue(agui.EncryptedMessage, "n2", "b64"),
		agui.NewSubagentStarted("s1", "researcher"),
		agui.NewSubagentFinished("s1"),
		agui.NewSubagentError("s1", "no sources"),
		agui.NewRaw(json.RawMessage(`{"n":12345678901234567890.123e+400}`)),
		agui.NewCustom("app.cleared", nil),
	}
}

// full returns one event of each type that has more to it, with all of it.
func full() []agui.Event {
	return []agui.Event{
		runStartedFull(), runFinishedFull(), runErrorFull(),
		&agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleUser, Name: "Ann"},
		&agui.TextMessageChunkEvent{MessageID: "m1", Role: agui.RoleSystem, Delta: "x", Name: "Ann"},
		&agui.ToolCallStartEvent{ToolCallID: "c1", ToolCallName: "search", ParentMessageID: "m1"},
		&agui.ToolCallChunkEvent{ToolCallID: "c1", ToolCallName: "search", ParentMessageID: "m1", Delta: "x"},
		&agui.ToolCallResultEvent{MessageID: "m2", ToolCallID: "c1", Content: agui.Parts(parts()...), Role: agui.RoleTool},
		agui.NewStateDelta(operations()...),
		agui.NewMessagesSnapshot(messages()...),
		&agui.ActivitySnapshotEvent{MessageID: "a1", ActivityType: "plan", Content: json.RawMessage(`{}`), Replace: new(false)},
		agui.NewActivityDelta("a1", "plan", operations()...),
		&agui.RawEvent{Event: nil, Source: "other"},
		agui.NewCustom("app.note", "a < b"),
		&agui.SubagentStartedEvent{SubagentRunID: "s2", Name: "reader", Description: "Reads.", ParentSubagentRunID: "s1", ParentToolCallID: "c1", ParentMessageID: "m1"},
		&agui.SubagentFinishedEvent{SubagentRunID: "s2", Result: 1, Outcome: agui.SubagentSuspended("i1")},
		&agui.SubagentFinishedEvent{SubagentRunID: "s2", Result: "x", Outcome: agui.SubagentSucceeded()},
		&agui.SubagentErrorEvent{SubagentRunID: "s2", Message: "boom", Code: "timeout"},
		&agui.RunFinishedEvent{ThreadID: "t1", RunID: "r1", Outcome: agui.Cancelled()},
		&agui.RunFinishedEvent{ThreadID: "t1", RunID: "r1", Outcome: agui.Succeeded("c1", "c2")},
		&agui.RunFinishedEvent{ThreadID: "t1", RunID: "r1", Outcome: agui.Succeeded(), Usage: []agui.TokenUsage{}},
	}
}

// decorated returns all events of full and minimal with all that events have in
// common.
func decorated() []agui.Event {
	events := append(minimal(), full()...)
	for _, e := range events {
		*e.Base() = agui.BaseEvent{
			Timestamp: at, Metadata: map[string]any{"app": nil, "n": json.RawMessage("1.0")}, RawEvent: []any{"<", 1},
		}
		if a, ok := e.(agui.Attributed); ok {
			a.Attribution().SubagentRunID = "s1"
		}
	}
	return events
}

func runStartedFull() agui.Event {
	e := agui.NewRunStarted("t1", "r2")
	e.ParentRunID = "r1"
	e.Input = &agui.RunAgentInput{
		ThreadID: "t1", RunID: "r2", ProtocolVersion: "1.0", ParentRunID: "r1",
		State: struct {
			N int `json:"n"`
		}{1},
		Messages:       messages(),
		Tools:          []agui.Tool{{Name: "search", Description: "Searches.", Parameters: json.RawMessage(`{"type":"object"}`), Metadata: map[string]any{}}},
		Context:        []agui.Context{{Description: "zone", Value: "UTC"}, {}},
		ForwardedProps: true,
		Resume: []agui.ResumeEntry{
			{InterruptID: "i1", Status: agui.ResumeResolved, Payload: map[string]bool{"approved": true}, Metadata: map[string]any{}},
			{InterruptID: "i2", Status: agui.ResumeCancelled},
		},
	}
	return e
}

func runFinishedFull() agui.Event {
	e := agui.NewRunFinished("t1", "r1")
	e.Result = []int{1, 2}
	e.Usage = usage()
	e.Outcome = agui.Interrupted(agui.Interrupt{ID: "i1", Reason: "tool_approval"}, agui.Interrupt{
		ID: "i2", Reason: "input", Message: "Which one?", ToolCallID: "c1",
		ResponseSchema: json.RawMessage("{\n  \"type\": \"object\"\r\n}"), ExpiresAt: "2026-08-21T12:00:00Z",
		Metadata: map[string]any{"n": json.RawMessage("100000000000000000001")}, SubagentRunID: "s1",
	})
	return e
}

func runErrorFull() agui.Event {
	e := agui.NewRunError("")
	e.Code, e.Usage = "rate_limit", usage()
	return e
}

func usage() []agui.TokenUsage {
	return []agui.TokenUsage{{}, {
		Provider: "openai", Model: "gpt-x", InputTokens: new(int64(10)), OutputTokens: new(int64(5)), TotalTokens: new(int64(15)),
		ReasoningTokens: new(int64(0)), CachedInputTokens: new(int64(1)), CacheWriteInputTokens: new(int64(2)),
	}}
}

func operations() []agui.Operation {
	extra := agui.Remove("/items/0")
	extra.Extra = map[string]any{"value": 1, "from": json.RawMessage("[ 1 ]"), "x<y": "z"}
	return []agui.Operation{
		agui.Add("/items/-", map[string]int{"id": 1}), extra, agui.Replace("", nil),
		agui.Move("/draft", "/final"), agui.Copy("/a~1b/c~0d", ""), agui.Test("/v", "<"),
	}
}

func parts() []agui.ContentPart {
	url, file := agui.URLSource("https://example.com/a?b=c&d"), agui.FileSource("f1")
	url.MIMEType, file.MIMEType, file.Provider = "video/mp4", "application/pdf", "openai"
	document := agui.DocumentPart(file)
	document.Metadata = "any"
	return []agui.ContentPart{
		agui.TextPart("look"), agui.ImagePart(agui.DataSource("image/png", []byte("hi"))),
		agui.AudioPart(agui.URLSource("https://example.com/a.mp3")), agui.VideoPart(url), document,
	}
}

// messages returns one message of each role with all that it can have, and
// some with the least.
func messages() []agui.Message {
	call := agui.NewToolCall("c1", "search", `{"q":"x"}`)
	call.EncryptedValue, call.Metadata = "b64", map[string]any{}
	meta := json.RawMessage(`{"k":[1.10,null]}`)
	return []agui.Message{
		&agui.DeveloperMessage{ID: "1", Content: "c", Name: "n", EncryptedValue: "e", Metadata: meta, SubagentRunID: "s1"},
		&agui.SystemMessage{ID: "2", Content: "c", Name: "n", EncryptedValue: "e", Metadata: meta, SubagentRunID: "s1"},
		&agui.AssistantMessage{ID: "3", Content: "c", ToolCalls: []agui.ToolCall{call}, Name: "n", EncryptedValue: "e", Metadata: meta, SubagentRunID: "s1"},
		&agui.UserMessage{ID: "4", Content: agui.Parts(parts()...), Name: "n", EncryptedValue: "e", Metadata: meta, SubagentRunID: "s1"},
		&agui.ToolMessage{ID: "5", Content: agui.Parts(), ToolCallID: "c1", Error: "x", EncryptedValue: "e", Metadata: meta, SubagentRunID: "s1"},
		&agui.ActivityMessage{ID: "6", ActivityType: "plan", Content: map[string]any{}, Metadata: meta, SubagentRunID: "s1"},
		&agui.ReasoningMessage{ID: "7", Content: "c", EncryptedValue: "e", Metadata: meta, SubagentRunID: "s1"},
		agui.NewDeveloperMessage("8", ""), agui.NewSystemMessage("9", ""), agui.NewAssistantMessage("10", "", call),
		agui.NewUserMessage("11", ""), agui.NewToolMessage("12", "c1", ""),
		agui.NewActivityMessage("13", "plan", struct{}{}), agui.NewReasoningMessage("14", ""),
	}
}
