package agui

import (
	"encoding/json"
	"time"
)

// ProtocolVersion is the version of AG-UI that this package writes. A producer
// must declare it on RUN_STARTED; [NewRunStarted] does.
const ProtocolVersion = "1.0"

// An Event is one of AG-UI's events: one of this package's 31 types, such as
// [*TextMessageContentEvent], or an [*UnknownEvent] that [Decode] kept. No
// other package can add to them, for the protocol forbids private types: use
// [NewCustom] for what it has no event for.
//
// Events are plain values without a lock: share one between goroutines only to
// read it.
type Event interface {
	Object
	// EventType returns the type as it is written, such as "RUN_STARTED".
	EventType() string
	// Base returns what all events have in common, to read or to set it.
	Base() *BaseEvent
}

// An Object is one of AG-UI's JSON objects: an [Event], a [Message], a
// [RunAgentInput] or a part of them.
//
// All but those of unknown kinds have UnmarshalJSON too. It reads as [Decode]
// does.
type Object interface {
	// AppendJSON appends the object to dst as one line of JSON. If the object is
	// not valid it returns dst as it was and an [*InvalidError].
	AppendJSON(dst []byte) ([]byte, error)
	// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its
	// error comes wrapped, and '<', '>' and '&' come escaped.
	MarshalJSON() ([]byte, error)

	members(c *codec)
}

// BaseEvent holds the members that every event may have.
// (schema.json BaseEvent)
type BaseEvent struct {
	// Timestamp is when the event was made, in whole milliseconds; the zero time
	// leaves it out. It informs: nothing may be ordered by it.
	Timestamp time.Time
	// Metadata is anything that encodes as a JSON object; nil leaves it out. The
	// key "ag-ui" is reserved.
	Metadata any
	// RawEvent is the event of another system that this one was made from; nil
	// leaves it out.
	RawEvent any
}

// Base returns b: what all events have in common.
func (b *BaseEvent) Base() *BaseEvent { return b }

// base is what an event has after its own members.
func (c *codec) base(b *BaseEvent) {
	c.time("timestamp", &b.Timestamp)
	c.optionalObject("metadata", &b.Metadata)
	c.optionalValue("rawEvent", &b.RawEvent)
}

// Attributable names the subagent that an event speaks for. Events that
// concern the run as a whole do not have it. (schema.json Attributable)
type Attributable struct {
	// SubagentRunID is that of a [SubagentStartedEvent]; empty leaves it out, for
	// what the agent of the run does itself.
	SubagentRunID string
}

// Attribution returns a: whom the event speaks for.
func (a *Attributable) Attribution() *Attributable { return a }

// Attributed is an event that can speak for a subagent. What relays a
// subagent's events marks them with it:
//
//	if a, ok := event.(agui.Attributed); ok {
//		a.Attribution().SubagentRunID = id
//	}
type Attributed interface {
	Event
	// Attribution returns whom the event speaks for, to read or to set it.
	Attribution() *Attributable
}

// attributed is base for events that can speak for a subagent.
func (c *codec) attributed(a *Attributable, b *BaseEvent) {
	c.optional("subagentRunId", &a.SubagentRunID)
	c.base(b)
}

// An UnknownEvent is an event of a type that this package does not know, such
// as one of a later version, or the THINKING_* events that 1.0 replaced by
// REASONING_*. Only Decode makes one. It is encoded as it came; [Validate]
// reports it.
type UnknownEvent struct {
	BaseEvent                 // what could be read of it; not written
	Type      string          // never empty
	Data      json.RawMessage // the whole event
}

// members reads what can be read. Writing takes Data instead.
func (e *UnknownEvent) members(c *codec) {
	c.base(&e.BaseEvent)
	c.err = nil
}
