package a2a

import (
	"encoding/json"
	"errors"
	"fmt"

	sdk "github.com/a2aproject/a2a-go/v2/a2a"

	"github.com/tidings-dev/tidings"
)

// NewBroadcaster returns a broadcaster of the official SDK's events on a hub.
// They are published as the stream responses of A2A 1.0, of which each is one
// of {"task":…}, {"message":…}, {"statusUpdate":…} and {"artifactUpdate":…}.
// Their owner finds them on the stream a2a, and in their envelope on the stream
// contexts.
//
// The session of an event is its context. One that names none, as a message
// may, is published without a session: it is part of its owner's stream, and of
// no view of a session. Use In to give it one.
//
// An event that is nil, that has a part without content, or that cannot be
// encoded, is a [*tidings.EncodeError]; those of the first two match
// [ErrInvalid]. Whether ids are there is not checked, as with [Peek].
func NewBroadcaster(hub *tidings.Hub) *tidings.Broadcaster[sdk.Event] {
	return tidings.NewBroadcaster(hub, tidings.A2A, encode, nil)
}

// encode is the [tidings.Encoder] of the SDK's events.
func encode(_ []byte, e sdk.Event) (tidings.Event, error) {
	name, parts := inspect(e)
	if name == "" {
		return tidings.Event{}, fmt.Errorf("%w: found %s, want a *Task, *Message, *TaskStatusUpdateEvent or *TaskArtifactUpdateEvent", ErrInvalid, described(e))
	}
	if err := parts.check(); err != nil {
		return tidings.Event{}, fmt.Errorf("%w: %s: %w", ErrInvalid, name, err)
	}
	// Called by json.Marshal, it would be checked and copied once more.
	data, err := sdk.StreamResponse{Event: e}.MarshalJSON()
	if err != nil {
		return tidings.Event{}, err
	}
	return tidings.Event{Type: name, Session: e.TaskInfo().ContextID, Data: data}, nil
}

// described says what an event is that is none of the SDK's.
func described(e sdk.Event) string {
	if e == nil {
		return "nil"
	}
	switch e.(type) {
	case *sdk.Task, *sdk.Message, *sdk.TaskStatusUpdateEvent, *sdk.TaskArtifactUpdateEvent:
		return fmt.Sprintf("a nil %T", e)
	}
	return fmt.Sprintf("the type %T", e)
}

// NewRawBroadcaster returns a broadcaster of events that are JSON already, of
// versions 1.0 and 0.3, bare or inside a JSON-RPC response: all that [Peek]
// reads. The event is published as it is, without the response around it; its
// type and session are what Peek found. As with NewBroadcaster, one that names
// no context is published without a session.
//
// What is not JSON, or no event, is a [*tidings.EncodeError] that matches
// [ErrInvalid]. The Data of [tidings.Broadcaster.Event] is a part of what it was
// given.
func NewRawBroadcaster(hub *tidings.Hub) *tidings.Broadcaster[json.RawMessage] {
	return tidings.NewBroadcaster(hub, tidings.A2A, encodeRaw, nil)
}

// encodeRaw is the [tidings.Encoder] of events that are JSON already.
func encodeRaw(_ []byte, data json.RawMessage) (tidings.Event, error) {
	p, err := Peek(data)
	if err != nil {
		return tidings.Event{}, err
	}
	if !json.Valid(data) { // Peek does not look everywhere, nor the hub at what is around the event
		return tidings.Event{}, fmt.Errorf("%w: %w", ErrInvalid, errMalformed)
	}
	return tidings.Event{Type: p.Type, Session: p.ContextID, Data: p.Event}, nil
}

var errMalformed = errors.New("malformed JSON")

// What Default and DefaultRaw return.
var (
	standard    = tidings.NewDefaultBroadcaster(NewBroadcaster)
	standardRaw = tidings.NewDefaultBroadcaster(NewRawBroadcaster)
)

// Default returns the process-wide broadcaster of the SDK's events, which is
// one on [tidings.Default] until SetDefault is called. It may be called
// concurrently.
func Default() *tidings.Broadcaster[sdk.Event] { return standard.Get() }

// SetDefault makes b the process-wide broadcaster of the SDK's events. Nil
// means one on [tidings.Default] again. It may be called concurrently.
func SetDefault(b *tidings.Broadcaster[sdk.Event]) { standard.Set(b) }

// DefaultRaw returns the process-wide broadcaster of events that are JSON
// already, which is one on [tidings.Default] until SetDefaultRaw is called. It
// may be called concurrently.
func DefaultRaw() *tidings.Broadcaster[json.RawMessage] { return standardRaw.Get() }

// SetDefaultRaw makes b the process-wide broadcaster of events that are JSON
// already. Nil means one on [tidings.Default] again. It may be called
// concurrently.
func SetDefaultRaw(b *tidings.Broadcaster[json.RawMessage]) { standardRaw.Set(b) }
