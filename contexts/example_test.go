package contexts_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

// How do I say that a conversation was made?
func ExampleNewCreated() {
	e := contexts.NewCreated("c1", "Trip to Rome")
	e.Timestamp = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) // left out it is now
	data, err := e.AppendJSON(nil)
	fmt.Println(string(data), err)
	// Output:
	// {"type":"CONTEXT_CREATED","timestamp":"2026-01-02T03:04:05Z","contextId":"c1","name":"Trip to Rome"} <nil>
}

// What if the event cannot be?
func ExampleInvalidError() {
	_, err := contexts.NewDeleted("").AppendJSON(nil)
	fmt.Println(err)
	if invalid, ok := errors.AsType[*contexts.InvalidError](err); ok {
		fmt.Println(invalid.Object, invalid.Field)
	}
	// Output:
	// contexts: invalid CONTEXT_DELETED: contextId is empty, want an id
	// CONTEXT_DELETED contextId
}

// How do I read what the contexts stream sends?
func ExampleDecodeEnvelope() {
	for _, data := range []string{
		`{"protocol":"system","event":{"type":"CONTEXT_CREATED","contextId":"c1","name":"Trip"}}`,
		`{"protocol":"agui","event":{"type":"RUN_STARTED","threadId":"c1","runId":"r1"}}`,
		`{"protocol":"system","event":{"type":"CONTEXT_DELETED","contextId":"c1"}}`,
	} {
		envelope, err := contexts.DecodeEnvelope([]byte(data))
		if err != nil {
			fmt.Println(err)
			return
		}
		if envelope.Protocol != tidings.System {
			fmt.Println("of an agent:", string(envelope.Event))
			continue
		}
		event, err := contexts.Decode(envelope.Event)
		switch event := event.(type) {
		case *contexts.Created:
			fmt.Println("made:", event.ContextID, event.Name)
		case *contexts.Deleted:
			fmt.Println("gone:", event.ContextID)
		default:
			fmt.Println(event, err)
		}
	}
	// Output:
	// made: c1 Trip
	// of an agent: {"type":"RUN_STARTED","threadId":"c1","runId":"r1"}
	// gone: c1
}

// Which context does an event concern?
func ExamplePeek() {
	p, err := contexts.Peek([]byte(`{"type":"CONTEXT_UPDATED","contextId":"c1","name":"Rome"}`))
	fmt.Println(p.Type, p.ContextID, err)
	// Output: CONTEXT_UPDATED c1 <nil>
}

// Which conversations does an owner have?
func ExampleFold() {
	fold := contexts.NewFold(0)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, e := range []tidings.Event{
		{Channel: tidings.AGUI, Session: "c1", Data: []byte(`{"type":"RUN_STARTED","threadId":"c1","runId":"r1"}`)},
		{Channel: tidings.AGUI, Session: "c1", Data: []byte(`{"type":"TEXT_MESSAGE_START","messageId":"m1"}`)},
		{Channel: tidings.System, Data: []byte(`{"type":"CONTEXT_UPDATED","contextId":"c1","name":"Trip"}`)},
		{Channel: tidings.A2A, Session: "c2", Data: []byte(`{"task":{"id":"t1","contextId":"c2"}}`)},
	} {
		e.ID = tidings.NewID(at.Add(time.Duration(i)*time.Second), uint64(i+1)) // the log gives it
		fold.Apply(&e)
	}
	for _, c := range fold.Contexts() {
		fmt.Printf("%s %q, %d messages, %d tasks, %s to %s\n", c.ID, c.Name, c.Messages, c.Tasks,
			c.Created.Format(time.TimeOnly), c.Updated.Format(time.TimeOnly))
	}
	// Output:
	// c2 "", 0 messages, 1 tasks, 03:04:08 to 03:04:08
	// c1 "Trip", 1 messages, 1 tasks, 03:04:05 to 03:04:07
}

// How do I go on after a restart?
func ExampleRestore() {
	fold := contexts.NewFold(0)
	fold.Apply(&tidings.Event{Channel: tidings.System, Data: []byte(`{"type":"CONTEXT_CREATED","contextId":"c1"}`)})
	parts := fold.Checkpoint(0)
	fmt.Println(len(parts))

	restored, err := contexts.Restore(0, parts...)
	fmt.Println(restored.Len(), err)
	// Output:
	// 1
	// 1 <nil>
}

// How do I keep up to date by the contexts stream alone?
func ExampleFold_Snapshot() {
	served := contexts.NewFold(0)
	served.Apply(&tidings.Event{Channel: tidings.A2A, Session: "c1", Data: []byte(`{"task":{"id":"t1"}}`)})
	snapshot, err := served.Snapshot().AppendJSON(nil) // what a stream begins with
	if err != nil {
		fmt.Println(err)
		return
	}

	fold := contexts.NewFold(0)
	for _, envelope := range []contexts.Envelope{
		{Protocol: tidings.System, Event: snapshot},
		{Protocol: tidings.A2A, Session: "c1", Event: []byte(`{"statusUpdate":{"taskId":"t1"}}`)}, // was counted
		{Protocol: tidings.A2A, Session: "c1", Event: []byte(`{"statusUpdate":{"taskId":"t2"}}`)},
	} {
		fold.Apply(&tidings.Event{Channel: envelope.Protocol, Session: envelope.Session, Data: envelope.Event})
	}
	for _, c := range fold.Contexts() {
		fmt.Println(c.ID, c.Tasks)
	}
	// Output: c1 2
}
