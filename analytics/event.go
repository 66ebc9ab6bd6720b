package analytics

import (
	"bytes"
	"encoding/json"
)

// An Event is one of the events of the channel [tidings.Analytics]: one of this
// package's six types, such as [*PageView], or an [*UnknownEvent] that [Decode]
// kept.
//
// Events are plain values without a lock: share one between goroutines only to
// read it.
type Event interface {
	// EventType returns the type as it is written, such as "PAGE_VIEW".
	EventType() string
	// Session returns the session_id, which is the session to publish the event
	// under, or "" if it has none.
	Session() string
	// AppendJSON appends the event to dst as one line of JSON. If the event is
	// not valid it returns dst as it was and an [*InvalidError].
	AppendJSON(dst []byte) ([]byte, error)
}

// An object is an event whose members this package knows.
type object interface {
	Event
	members(c *codec)
}

// An UnknownEvent is an event of a type that this package does not know. Only
// Decode makes one. It is encoded as it came.
type UnknownEvent struct {
	Type      string          // never empty
	SessionID string          // empty if it has none
	Data      json.RawMessage // the whole event
}

// EventType returns e.Type.
func (e *UnknownEvent) EventType() string { return e.Type }

// Session returns e.SessionID.
func (e *UnknownEvent) Session() string { return e.SessionID }

// AppendJSON appends e.Data, without line breaks between its tokens.
func (e *UnknownEvent) AppendJSON(dst []byte) ([]byte, error) {
	if err := check(e.Data); err != nil {
		return dst, &InvalidError{Object: e.Type, Problem: err.Error(), Err: err}
	}
	if !bytes.ContainsAny(e.Data, "\r\n") {
		return append(dst, e.Data...), nil
	}
	b := bytes.NewBuffer(dst)
	_ = json.Compact(b, e.Data) // it is valid
	return b.Bytes(), nil
}

// MarshalJSON returns what AppendJSON appends.
func (e *UnknownEvent) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
