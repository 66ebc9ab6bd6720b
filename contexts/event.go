package contexts

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// The types of the events of the channel [tidings.System]. Case counts.
const (
	TypeCreated   = "CONTEXT_CREATED"
	TypeUpdated   = "CONTEXT_UPDATED"
	TypeDeleted   = "CONTEXT_DELETED"
	TypeSnapshot  = "CONTEXTS_SNAPSHOT"
	TypeConnected = "CONNECTED"
	TypeHeartbeat = "HEARTBEAT"
)

// An Event is one of the system events: a [*Created], [*Updated], [*Deleted],
// [*Snapshot], [*Connected] or [*Heartbeat], or an [*UnknownEvent] that
// [Decode] kept.
//
// Events are plain values without a lock: share one between goroutines only to
// read it. The Timestamp of each is written in UTC; the zero time stands for
// the time of encoding. It informs: what orders events is the log.
type Event interface {
	// EventType returns the type as it is written, such as "CONTEXT_CREATED".
	EventType() string
	// Context returns the id of the context that the event concerns, to be its
	// Session; "" if it concerns none or several.
	Context() string
	// AppendJSON appends the event to dst as one line of JSON. If the event is
	// not valid it returns dst as it was and an [*InvalidError].
	AppendJSON(dst []byte) ([]byte, error)
}

// Created says that a context was made.
type Created struct {
	Timestamp time.Time
	ContextID string // required
	Name      string // for people; may be empty
}

// NewCreated returns the CONTEXT_CREATED of a context.
func NewCreated(contextID, name string) *Created {
	return &Created{ContextID: contextID, Name: name}
}

// EventType returns [TypeCreated].
func (e *Created) EventType() string { return TypeCreated }

// Context returns the context's id.
func (e *Created) Context() string { return e.ContextID }

// AppendJSON implements [Event].
func (e *Created) AppendJSON(dst []byte) ([]byte, error) {
	w := begin(dst, TypeCreated, e.Timestamp)
	w.id("contextId", e.ContextID)
	w.text("name", e.Name)
	return w.end(dst)
}

// Updated says that a context was renamed, or that something about it changed.
type Updated struct {
	Timestamp time.Time
	ContextID string // required
	Name      string // the new name; empty, which leaves it out, if it stays
}

// NewUpdated returns the CONTEXT_UPDATED of a context, with its new name, or
// with "" if it keeps the name it has.
func NewUpdated(contextID, name string) *Updated {
	return &Updated{ContextID: contextID, Name: name}
}

// EventType returns [TypeUpdated].
func (e *Updated) EventType() string { return TypeUpdated }

// Context returns the context's id.
func (e *Updated) Context() string { return e.ContextID }

// AppendJSON implements [Event].
func (e *Updated) AppendJSON(dst []byte) ([]byte, error) {
	w := begin(dst, TypeUpdated, e.Timestamp)
	w.id("contextId", e.ContextID)
	if e.Name != "" {
		w.text("name", e.Name)
	}
	return w.end(dst)
}

// Deleted says that a context is no more.
type Deleted struct {
	Timestamp time.Time
	ContextID string // required
}

// NewDeleted returns the CONTEXT_DELETED of a context.
func NewDeleted(contextID string) *Deleted { return &Deleted{ContextID: contextID} }

// EventType returns [TypeDeleted].
func (e *Deleted) EventType() string { return TypeDeleted }

// Context returns the context's id.
func (e *Deleted) Context() string { return e.ContextID }

// AppendJSON implements [Event].
func (e *Deleted) AppendJSON(dst []byte) ([]byte, error) {
	w := begin(dst, TypeDeleted, e.Timestamp)
	w.id("contextId", e.ContextID)
	return w.end(dst)
}

// Snapshot says which contexts there are, and that there are no others.
type Snapshot struct {
	Timestamp time.Time
	Contexts  []Context // newest first; nil is none
	// Deleted are the contexts of which late events are still to be ignored, at
	// most 1,000, the one deleted last is last. Nil, which leaves it out, is none,
	// or not known.
	Deleted []string
}

// NewSnapshot returns the CONTEXTS_SNAPSHOT of all contexts of an owner, which
// are given newest first, as [Fold.Contexts] returns them. It keeps the slice.
// What [Fold.Snapshot] returns says more, which a Fold that begins with it needs.
func NewSnapshot(contexts []Context) *Snapshot { return &Snapshot{Contexts: contexts} }

// EventType returns [TypeSnapshot].
func (e *Snapshot) EventType() string { return TypeSnapshot }

// Context returns "".
func (e *Snapshot) Context() string { return "" }

// AppendJSON implements [Event].
func (e *Snapshot) AppendJSON(dst []byte) ([]byte, error) {
	w := begin(dst, TypeSnapshot, e.Timestamp)
	w.contexts(e.Contexts)
	w.marks("deleted", e.Deleted)
	return w.end(dst)
}

// Connected tells who follows the id of the connection.
type Connected struct {
	Timestamp    time.Time
	ConnectionID string // required
}

// NewConnected returns the CONNECTED of a connection.
func NewConnected(connectionID string) *Connected { return &Connected{ConnectionID: connectionID} }

// EventType returns [TypeConnected].
func (e *Connected) EventType() string { return TypeConnected }

// Context returns "".
func (e *Connected) Context() string { return "" }

// AppendJSON implements [Event].
func (e *Connected) AppendJSON(dst []byte) ([]byte, error) {
	w := begin(dst, TypeConnected, e.Timestamp)
	w.id("connectionId", e.ConnectionID)
	return w.end(dst)
}

// Heartbeat says that the sender is alive.
type Heartbeat struct {
	Timestamp time.Time
}

// NewHeartbeat returns a HEARTBEAT.
func NewHeartbeat() *Heartbeat { return new(Heartbeat) }

// EventType returns [TypeHeartbeat].
func (e *Heartbeat) EventType() string { return TypeHeartbeat }

// Context returns "".
func (e *Heartbeat) Context() string { return "" }

// AppendJSON implements [Event].
func (e *Heartbeat) AppendJSON(dst []byte) ([]byte, error) {
	w := begin(dst, TypeHeartbeat, e.Timestamp)
	return w.end(dst)
}

// An UnknownEvent is an event of a type that this package does not know. Only
// Decode makes one. It is encoded as it came.
type UnknownEvent struct {
	Timestamp time.Time       // if it could be read; not written
	Type      string          // never empty
	ContextID string          // if it could be read; not written
	Data      json.RawMessage // the whole event
}

// EventType returns e.Type.
func (e *UnknownEvent) EventType() string { return e.Type }

// Context returns the member contextId, or "".
func (e *UnknownEvent) Context() string { return e.ContextID }

// AppendJSON implements [Event].
func (e *UnknownEvent) AppendJSON(dst []byte) ([]byte, error) {
	if kind := jsonscan.Kind(e.Data); kind != jsonscan.Object {
		return dst, &InvalidError{Object: e.Type, Problem: "is " + kind + ", want an object"}
	}
	return appendRaw(dst, e.Data, &InvalidError{Object: e.Type})
}

// appendRaw appends JSON as it is, except that a line break between its tokens
// goes: an event is one line. What is no JSON is the given error.
func appendRaw(dst []byte, data json.RawMessage, fault *InvalidError) ([]byte, error) {
	if problem := check(data); problem != "" {
		fault.Problem = problem
		return dst, fault
	}
	if !bytes.ContainsAny(data, "\r\n") {
		return append(dst, data...), nil
	}
	for line := range bytes.FieldsFuncSeq(data, func(r rune) bool { return r == '\n' || r == '\r' }) {
		dst = append(dst, line...)
	}
	return dst, nil
}

// MarshalJSON returns the event as AppendJSON appends it.
func (e *Created) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// MarshalJSON returns the event as AppendJSON appends it.
func (e *Updated) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// MarshalJSON returns the event as AppendJSON appends it.
func (e *Deleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// MarshalJSON returns the event as AppendJSON appends it.
func (e *Snapshot) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// MarshalJSON returns the event as AppendJSON appends it.
func (e *Connected) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// MarshalJSON returns the event as AppendJSON appends it.
func (e *Heartbeat) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// MarshalJSON returns the event as AppendJSON appends it.
func (e *UnknownEvent) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
