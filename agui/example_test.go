package agui_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/agui"
)

// What does an agent send? Here one that calls a tool and then speaks; what is
// sent goes to the standard output, as a stream of server-sent events.
func Example() {
	emit := func(e agui.Event) error {
		data, err := e.MarshalJSON()
		if err == nil {
			_, err = fmt.Printf("data: %s\n\n", data)
		}
		return err
	}
	body := `{"threadId":"trip","runId":"1","messages":[{"id":"m1","role":"user","content":"Weather in Rome?"}]}`
	if err := answer(body, emit); err != nil {
		_ = emit(agui.NewRunError(err.Error()))
	}
	// Output:
	// data: {"type":"RUN_STARTED","threadId":"trip","runId":"1","protocolVersion":"1.0"}
	//
	// data: {"type":"TOOL_CALL_START","toolCallId":"c1","toolCallName":"weather"}
	//
	// data: {"type":"TOOL_CALL_ARGS","toolCallId":"c1","delta":"{\"city\":\"Rome\"}"}
	//
	// data: {"type":"TOOL_CALL_END","toolCallId":"c1"}
	//
	// data: {"type":"TOOL_CALL_RESULT","messageId":"m2","toolCallId":"c1","content":"sunny"}
	//
	// data: {"type":"TEXT_MESSAGE_START","messageId":"m3","role":"assistant"}
	//
	// data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m3","delta":"It is "}
	//
	// data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m3","delta":"sunny."}
	//
	// data: {"type":"TEXT_MESSAGE_END","messageId":"m3"}
	//
	// data: {"type":"RUN_FINISHED","threadId":"trip","runId":"1"}
}

// answer is the agent: it emits the events of one run.
func answer(body string, emit func(agui.Event) error) error {
	var input agui.RunAgentInput
	if err := json.Unmarshal([]byte(body), &input); err != nil {
		return err
	}
	if err := agui.Validate(&input); err != nil {
		return err
	}
	for _, e := range []agui.Event{
		agui.NewRunStarted(input.ThreadID, input.RunID),
		agui.NewToolCallStart("c1", "weather"),
		agui.NewToolCallArgs("c1", `{"city":"Rome"}`),
		agui.NewToolCallEnd("c1"),
		agui.NewToolCallResult("m2", "c1", "sunny"),
		agui.NewTextMessageStart("m3"),
	} {
		if err := emit(e); err != nil {
			return err
		}
	}
	for _, token := range []string{"It is ", "sunny."} {
		if err := emit(agui.NewTextMessageContent("m3", token)); err != nil {
			return err
		}
	}
	return errors.Join(emit(agui.NewTextMessageEnd("m3")), emit(agui.NewRunFinished(input.ThreadID, input.RunID)))
}

// How does an agent ask its user before it goes on?
func ExampleInterrupted() {
	e := agui.NewRunFinished("trip", "1")
	e.Outcome = agui.Interrupted(agui.Interrupt{ID: "i1", Reason: "tool_approval", Message: "Book the flight?", ToolCallID: "c1"})
	data, err := e.MarshalJSON()
	fmt.Println(string(data), err)
	// Output:
	// {"type":"RUN_FINISHED","threadId":"trip","runId":"1","outcome":{"type":"interrupt","interrupts":[{"id":"i1","reason":"tool_approval","message":"Book the flight?","toolCallId":"c1"}]}} <nil>
}

// How is shared state changed, and what happens to a mistake?
func ExampleNewStateDelta() {
	data, err := agui.NewStateDelta(agui.Replace("/step", 2), agui.Add("/items/-", "a<b")).MarshalJSON()
	fmt.Println(string(data), err)
	_, err = agui.NewStateDelta(agui.Remove("items/0")).MarshalJSON()
	fmt.Println(err)
	// Output:
	// {"type":"STATE_DELTA","delta":[{"op":"replace","path":"/step","value":2},{"op":"add","path":"/items/-","value":"a<b"}]} <nil>
	// agui: invalid STATE_DELTA: delta[0].path is "items/0", want a JSON Pointer such as "/items/0"
}

// How does one mark what a subagent emits as its own?
func ExampleAttributed() {
	for _, e := range []agui.Event{agui.NewTextMessageContent("m1", "Found it."), agui.NewRunError("out of tokens")} {
		if a, ok := e.(agui.Attributed); ok {
			a.Attribution().SubagentRunID = "s1"
		}
		data, err := e.MarshalJSON()
		fmt.Println(string(data), err)
	}
	// Output:
	// {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"Found it.","subagentRunId":"s1"} <nil>
	// {"type":"RUN_ERROR","message":"out of tokens"} <nil>
}

// How are events read?
func ExampleDecode() {
	for _, data := range []string{
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"Hello"}`,
		`{"type":"STATE_SNAPSHOT","snapshot":{"step":2}}`,
		`{"type":"THINKING_START","title":"Flights"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","delta":7}`,
	} {
		event, err := agui.Decode([]byte(data))
		switch e := event.(type) {
		case *agui.TextMessageContentEvent:
			fmt.Println(e.MessageID, e.Delta)
		case *agui.StateSnapshotEvent:
			state, err := agui.As[struct{ Step int }](e.Snapshot)
			fmt.Println(state.Step, err)
		case *agui.UnknownEvent:
			fmt.Println(e.Type, string(e.Data))
		default:
			fmt.Println(err)
		}
	}
	// Output:
	// m1 Hello
	// 2 <nil>
	// THINKING_START {"type":"THINKING_START","title":"Flights"}
	// agui: invalid TEXT_MESSAGE_CONTENT: delta is a number, want a string
}

// Where does each event of a request body belong?
func ExampleTracker() {
	body := `{"type":"RUN_STARTED","threadId":"trip","runId":"1"}
{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hello"}
{"type":"RUN_FINISHED","threadId":"trip","runId":"1"}
{"type":"CUSTOM","name":"late","value":1}`
	var tracker agui.Tracker
	for line := range strings.Lines(body) {
		p, err := agui.Peek([]byte(line))
		if err == nil {
			p, err = tracker.Next(p)
		}
		fmt.Println(p.Type, p.ThreadID, p.RunID, err == agui.ErrNoSession)
	}
	// Output:
	// RUN_STARTED trip 1 false
	// TEXT_MESSAGE_CONTENT trip 1 false
	// RUN_FINISHED trip 1 false
	// CUSTOM   true
}

// How does an agent reach its user from anywhere in a program?
func ExampleNewBroadcaster() {
	ctx := context.Background()
	hub, err := tidings.New(ctx, nil, nil)
	if err != nil {
		panic(err)
	}
	defer hub.Close()
	sub, err := hub.Subscribe(tidings.Selector{User: "alice", Channels: []tidings.Channel{tidings.AGUI}}, tidings.Live)
	if err != nil {
		panic(err)
	}
	defer sub.Close()

	agent := agui.NewBroadcaster(hub)
	receipt, err := agent.Broadcast(ctx, "alice", agui.NewRunStarted("trip", "1"))
	fmt.Println(receipt.Subscribers, err)
	_, err = agent.In("trip").Broadcast(ctx, "alice", agui.NewTextMessageContent("m1", "Hello"))
	fmt.Println(err)
	_, err = agent.Broadcast(ctx, "alice", agui.NewTextMessageEnd("m1"))
	fmt.Println(err)
	for e, err := range sub.Events(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.Session, string(e.Data))
		if e.Type == agui.TextMessageContent {
			break
		}
	}
	// Output:
	// 1 <nil>
	// <nil>
	// tidings: encode for the channel agui: tidings: invalid session: want one: use In, this TEXT_MESSAGE_END names none itself
	// trip {"type":"RUN_STARTED","threadId":"trip","runId":"1","protocolVersion":"1.0"}
	// trip {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"Hello"}
}
