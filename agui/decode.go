package agui

import (
	"bytes"
	"fmt"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// Decode reads one event. It does not keep data. An event of a type that this
// package does not know is an [*UnknownEvent], and no error.
//
// Decode takes what real agents send, which is not always valid: a member that
// is missing, or null, is zero; thread_id, run_id and message_id count where
// the right name has nothing. Call [Validate] to see what is wrong with the
// result. An error, which matches [ErrInvalid], is returned for what is not a
// JSON object with a type, and for a member that is of the wrong kind, such as
// a timestamp that is a string.
//
// Members of type any hold a [json.RawMessage] with the bytes that came; read
// them with [As]. One that is required and was missing holds an empty one,
// which cannot be encoded. Other members that this package does not know are
// dropped, as the protocol asks of who consumes, except in a JSON Patch
// ([Operation].Extra), and in messages, parts and events of an unknown kind,
// which are kept whole. Who passes events on without reading them should pass
// the bytes.
func Decode(data []byte) (Event, error) {
	if kind := jsonscan.Kind(data); kind != jsonscan.Object {
		return nil, fmt.Errorf("%w: found %s, want one JSON object for each event", ErrInvalid, kind)
	}
	if err := check(data); err != nil {
		return nil, fmt.Errorf("%w: it %w", ErrInvalid, err)
	}
	var typ [1][]byte
	_ = jsonscan.Pick(data, memberNames[typeName:typeName+1], typ[:]) // it is a valid object
	name, err := eventType(typ[0])
	if err != nil {
		return nil, err
	}
	e := newEvent(name)
	if err := readObject(data, e); err != nil {
		return nil, err
	}
	return e, nil
}

// unmarshal is UnmarshalJSON of every object. It leaves o alone on null, by
// the custom of encoding/json.
func unmarshal(data []byte, o Object) error {
	if jsonscan.Kind(data) == jsonscan.Null {
		return nil
	}
	if err := check(data); err != nil {
		return &InvalidError{Object: nameOf(o), Problem: err.Error()}
	}
	return readObject(data, o)
}

// readObject reads o from JSON that is valid.
func readObject(data []byte, o Object) error {
	c := codecs.Get().(*codec)
	defer c.free()
	c.reading = true
	if c.read(o, bytes.TrimSpace(data)); c.err != nil {
		c.err.Object = nameOf(o)
		return c.err
	}
	return nil
}

// newEvent returns an empty event of a type.
func newEvent(eventType string) Event {
	switch eventType {
	case RunStarted:
		return new(RunStartedEvent)
	case RunFinished:
		return new(RunFinishedEvent)
	case RunError:
		return new(RunErrorEvent)
	case StepStarted:
		return new(StepStartedEvent)
	case StepFinished:
		return new(StepFinishedEvent)
	case TextMessageStart:
		return new(TextMessageStartEvent)
	case TextMessageContent:
		return new(TextMessageContentEvent)
	case TextMessageEnd:
		return new(TextMessageEndEvent)
	case TextMessageChunk:
		return new(TextMessageChunkEvent)
	case ToolCallStart:
		return new(ToolCallStartEvent)
	case ToolCallArgs:
		return new(ToolCallArgsEvent)
	case ToolCallEnd:
		return new(ToolCallEndEvent)
	case ToolCallChunk:
		return new(ToolCallChunkEvent)
	case ToolCallResult:
		return new(ToolCallResultEvent)
	case StateSnapshot:
		return new(StateSnapshotEvent)
	case StateDelta:
		return new(StateDeltaEvent)
	case MessagesSnapshot:
		return new(MessagesSnapshotEvent)
	case ActivitySnapshot:
		return new(ActivitySnapshotEvent)
	case ActivityDelta:
		return new(ActivityDeltaEvent)
	case ReasoningStart:
		return new(ReasoningStartEvent)
	case ReasoningEnd:
		return new(ReasoningEndEvent)
	case ReasoningMessageStart:
		return new(ReasoningMessageStartEvent)
	case ReasoningMessageContent:
		return new(ReasoningMessageContentEvent)
	case ReasoningMessageEnd:
		return new(ReasoningMessageEndEvent)
	case ReasoningMessageChunk:
		return new(ReasoningMessageChunkEvent)
	case ReasoningEncryptedValue:
		return new(ReasoningEncryptedValueEvent)
	case SubagentStarted:
		return new(SubagentStartedEvent)
	case SubagentFinished:
		return new(SubagentFinishedEvent)
	case SubagentError:
		return new(SubagentErrorEvent)
	case Raw:
		return new(RawEvent)
	case Custom:
		return new(CustomEvent)
	}
	return &UnknownEvent{Type: eventType}
}
