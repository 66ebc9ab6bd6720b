package agui

import (
	"fmt"
	"reflect"

	"github.com/tidings-dev/tidings"
)

// NewBroadcaster returns a broadcaster of events on a hub: their owner finds
// them on the stream agui, and in their envelope on the stream contexts.
//
// Every event needs a session, which is its thread. RUN_STARTED and
// RUN_FINISHED name theirs, and so may an [*UnknownEvent]; the others do not,
// and neither does RUN_ERROR: broadcast them In the thread.
//
// An event that is nil or not valid is a [*tidings.EncodeError] that wraps what
// AppendJSON says of it and matches [ErrInvalid].
func NewBroadcaster(hub *tidings.Hub) *tidings.Broadcaster[Event] {
	return tidings.NewBroadcaster(hub, tidings.AGUI, encode, &tidings.BroadcasterOptions{SessionRequired: true})
}

// encode is the [tidings.Encoder] of events.
func encode(dst []byte, e Event) (tidings.Event, error) {
	if isNil(e) {
		return tidings.Event{}, fmt.Errorf("%w: found nil, want an event such as NewRunStarted returns", ErrInvalid)
	}
	data, err := e.AppendJSON(dst)
	if err != nil {
		return tidings.Event{}, err
	}
	return tidings.Event{Type: e.EventType(), Session: thread(e), Data: data}, nil
}

// isNil reports whether e is nil, or a nil pointer.
func isNil(e Event) bool {
	v := reflect.ValueOf(e)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// thread returns the thread that an event names, if it does.
func thread(e Event) string {
	switch e := e.(type) {
	case *RunStartedEvent:
		return e.ThreadID
	case *RunFinishedEvent:
		return e.ThreadID
	case *UnknownEvent:
		p, _ := Peek(e.Data) // what cannot be read names none
		return p.ThreadID
	}
	return ""
}

// standard is what Default returns.
var standard = tidings.NewDefaultBroadcaster(NewBroadcaster)

// Default returns the process-wide broadcaster of AG-UI events, which is one
// on [tidings.Default] until SetDefault is called. It may be called
// concurrently.
func Default() *tidings.Broadcaster[Event] { return standard.Get() }

// SetDefault makes b the process-wide broadcaster. Nil means one on
// [tidings.Default] again. It may be called concurrently.
func SetDefault(b *tidings.Broadcaster[Event]) { standard.Set(b) }
