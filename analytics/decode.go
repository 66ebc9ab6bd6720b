package analytics

import (
	"bytes"
	"fmt"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// Decode reads one event. It does not keep data. An event of a type that this
// package does not know is an [*UnknownEvent], and no error.
//
// Decode takes more than encoding writes: a member that is missing, or null, is
// zero, and what a string or number holds is not looked at. An error, which
// matches [ErrInvalid], is returned for what is not a JSON object with a type,
// and for a member that is of the wrong kind, such as a timestamp that is a
// number. Members that this package does not know are dropped, except in an
// UnknownEvent, which is kept whole. Who passes events on without reading them
// should pass the bytes.
func Decode(data []byte) (Event, error) {
	var values [memberCount][]byte
	if err := pick(data, values[:userID]); err != nil {
		return nil, err
	}
	if err := check(data); err != nil {
		return nil, fmt.Errorf("%w: it %w", ErrInvalid, err)
	}
	typ, err := eventType(values[typeName])
	if err != nil {
		return nil, err
	}
	return decode(typ, values[sessionID], bytes.TrimSpace(data))
}

// decode reads an event of a type.
func decode(typ string, session, data []byte) (Event, error) {
	if typ == "" {
		return nil, fmt.Errorf("%w: found no type, want a member %q such as %q", ErrInvalid, "type", TypePageView)
	}
	e := newEvent(typ)
	if e == nil {
		id, _ := jsonscan.Optional(session) // what it is in a type that is not known is not known either
		return &UnknownEvent{Type: typ, SessionID: id, Data: bytes.Clone(data)}, nil
	}
	if err := readObject(data, e); err != nil {
		return nil, err
	}
	return e, nil
}

// newEvent returns an empty event of a type, or nil.
func newEvent(eventType string) object {
	switch eventType {
	case TypeSessionStarted:
		return new(SessionStarted)
	case TypeSessionEnded:
		return new(SessionEnded)
	case TypePageView:
		return new(PageView)
	case TypeEngagementUpdate:
		return new(EngagementUpdate)
	case TypeRealTimeStats:
		return new(RealTimeStats)
	case TypeHeartbeat:
		return new(Heartbeat)
	}
	return nil
}

// unmarshal is UnmarshalJSON of every event. It leaves o alone on null, by the
// custom of encoding/json.
func unmarshal(data []byte, o object) error {
	if jsonscan.Kind(data) == jsonscan.Null {
		return nil
	}
	if err := check(data); err != nil {
		return &InvalidError{Object: o.EventType(), Problem: err.Error(), Err: err}
	}
	return readObject(data, o)
}
