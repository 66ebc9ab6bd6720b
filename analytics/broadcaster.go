package analytics

import (
	"fmt"

	"github.com/tidings-dev/tidings"
)

// NewBroadcaster returns a broadcaster of analytics events, on the channel
// [tidings.Analytics] of a hub.
func NewBroadcaster(hub *tidings.Hub) *tidings.Broadcaster[Event] {
	return tidings.NewBroadcaster(hub, tidings.Analytics, encode, nil)
}

// encode is an Encoder.
func encode(dst []byte, e Event) (tidings.Event, error) {
	if e == nil {
		return tidings.Event{}, fmt.Errorf("%w: no event", ErrInvalid)
	}
	data, err := e.AppendJSON(dst)
	return tidings.Event{Type: e.EventType(), Session: e.Session(), Data: data}, err
}

var standard = tidings.NewDefaultBroadcaster(NewBroadcaster)

// Default returns the process-wide broadcaster of analytics events, which is one
// on [tidings.Default] until SetDefault is called. It may be called
// concurrently.
func Default() *tidings.Broadcaster[Event] { return standard.Get() }

// SetDefault makes b the process-wide broadcaster of analytics events. Nil
// means one on [tidings.Default] again. It may be called concurrently.
func SetDefault(b *tidings.Broadcaster[Event]) { standard.Set(b) }
