// Package agui has the events of AG-UI 1.0, the protocol between agents and
// user interfaces, for those who send them and for those who read them, and as
// much of it as a hub needs in order to route what it does not read.
//
// # Sending
//
// An agent's run is a list of events. Each has a constructor that takes what is
// required. One line broadcasts an event to all that its owner has open:
//
//	agent := agui.NewBroadcaster(hub) // or agui.Default(), from anywhere
//	agent.Broadcast(ctx, "alice", agui.NewRunStarted(threadID, runID))
//
// RUN_STARTED and RUN_FINISHED name their thread, which is the session of the
// event. Others do not: broadcast them In the thread.
//
//	thread := agent.In(threadID)
//	thread.Broadcast(ctx, "alice", agui.NewTextMessageStart(messageID))
//	thread.Broadcast(ctx, "alice", agui.NewTextMessageContent(messageID, "Hello"))
//	thread.Broadcast(ctx, "alice", agui.NewTextMessageEnd(messageID))
//	thread.Broadcast(ctx, "alice", agui.NewRunFinished(threadID, runID))
//
// The receipt says how many subscriptions of this process the event concerns.
// An event that is not valid is an error, is not published and disconnects
// nobody.
//
// # Encoding
//
// To get the bytes call MarshalJSON, or AppendJSON to use a buffer again. They
// are one line without line breaks, with the type first and the rest in a fixed
// order, and nothing is escaped for HTML:
//
//	func emit(e agui.Event) error {
//		data, err := e.MarshalJSON()
//		if err != nil {
//			return err // an *agui.InvalidError: which member, and why
//		}
//		_, err = fmt.Fprintf(w, "data: %s\n\n", data)
//		return err
//	}
//
// # Optional members
//
// What is optional is a field. A field at its zero value is left out, which is
// what the protocol asks for: it allows null nowhere but in [CustomEvent].Value,
// [StateSnapshotEvent].Snapshot, [RawEvent].Event and the values of a patch.
//
//	e := agui.NewToolCallStart(callID, "search")
//	e.ParentMessageID = messageID
//
// Every event has what [BaseEvent] has, and those that a subagent can cause have
// what [Attributable] has:
//
//	e.Timestamp = time.Now()
//	e.Metadata = map[string]any{"model": "m"}
//	e.SubagentRunID = subagentRunID
//
// Where absent and zero differ the field is a pointer: new(false), new(int64(0)).
//
// # Values
//
// Members that can be anything are of type any. They are encoded with the
// event, by encoding/json, not before: do not change what a value refers to
// until then. A [json.RawMessage] is written as it is, except that line breaks
// between its tokens go. A []byte is not JSON but base64, as in encoding/json.
//
//	e := agui.NewStateSnapshot(state)
//	e := agui.NewStateDelta(agui.Replace("/step", 2), agui.Remove("/draft"))
//	e := agui.NewCustom("app.progress", json.RawMessage(`{"done":0.50}`))
//
// # Errors
//
// Nothing invalid is encoded. Ids and names must not be empty, texts may;
// roles, outcomes, pointers and the kinds of values are checked. [Validate]
// checks without encoding. No check looks at the order of events: a message must
// be started before it goes on, and everything must be closed before
// RUN_FINISHED.
//
// # Reading
//
// [Decode] reads an event into its type:
//
//	e, err := agui.Decode(data)
//	switch e := e.(type) {
//	case *agui.TextMessageContentEvent:
//		fmt.Print(e.Delta)
//	case *agui.StateSnapshotEvent:
//		state, err = agui.As[State](e.Snapshot)
//	case *agui.UnknownEvent: // of a later version, or somebody's own
//	}
//
// It is more tolerant than the protocol, because real agents are; it says so
// where it is explained. Events of a type that is not known are kept whole.
// Among them are the THINKING_* events of before 1.0, which this package does
// not construct: REASONING_* took their place.
//
// # Routing
//
// Events pass through a hub as the bytes their producer wrote. [Peek] reads
// what routing needs from them: the type, the thread and the run. Most events
// name neither thread nor run; they belong to the run that the last
// RUN_STARTED before them opened. A [Tracker] follows one request body or one
// open stream and fills in what an event inherits.
//
//	var tracker agui.Tracker
//	for _, data := range body {
//		p, err := agui.Peek(data)
//		if err != nil {
//			return err
//		}
//		if p, err = tracker.Next(p); err != nil {
//			return err
//		}
//		// p.ThreadID is the session of the event.
//	}
//
// Neither validates: what an event of some type must hold is not looked at,
// and types that are not known, such as those of a later version, pass.
//
// # Source
//
// The types follow the JSON Schema of AG-UI (testdata/spec/schema.json, a draft
// of 1.0) and what the packages of 1.0.0 added to it; each type names its
// definition. Of what the draft allows, 1.0 forbids null for rawEvent.
package agui
