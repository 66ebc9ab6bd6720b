package contexts

import (
	"cmp"
	"fmt"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/agui"
)

// NewBroadcaster returns a broadcaster of system events, on the channel
// [tidings.System] of a hub. Its Registry is that of the contexts stream, the
// only one that carries them.
func NewBroadcaster(hub *tidings.Hub) *tidings.Broadcaster[Event] {
	return tidings.NewBroadcaster(hub, tidings.System, encode, nil)
}

// encode is an Encoder.
func encode(dst []byte, e Event) (tidings.Event, error) {
	if e == nil {
		return tidings.Event{}, fmt.Errorf("%w: no event", ErrInvalid)
	}
	data, err := e.AppendJSON(dst)
	return tidings.Event{Type: e.EventType(), Session: e.Context(), Data: data}, err
}

var standard = tidings.NewDefaultBroadcaster(NewBroadcaster)

// Default returns the process-wide broadcaster of system events, which is one on
// [tidings.Default] until SetDefault is called. It may be called concurrently.
func Default() *tidings.Broadcaster[Event] { return standard.Get() }

// SetDefault makes b the process-wide broadcaster of system events. Nil means
// one on [tidings.Default] again. It may be called concurrently.
func SetDefault(b *tidings.Broadcaster[Event]) { standard.Set(b) }

// NewEnvelopeBroadcaster returns a broadcaster of whatever the contexts stream
// carries, on the channel that the envelope names. The Session of an envelope
// wins over the conversation that the payload names.
func NewEnvelopeBroadcaster(hub *tidings.Hub) *tidings.Broadcaster[Envelope] {
	return tidings.NewBroadcaster(hub, tidings.System, encodeEnvelope, nil)
}

// encodeEnvelope is an Encoder. The payload goes as it is.
func encodeEnvelope(_ []byte, e Envelope) (tidings.Event, error) {
	event := tidings.Event{Channel: e.Protocol, Data: e.Event}
	var err error
	switch e.Protocol {
	case tidings.AGUI:
		var p agui.Peeked
		p, err = agui.Peek(e.Event)
		event.Type, event.Session = p.Type, p.ThreadID
	case tidings.A2A:
		var p a2a.Peeked
		p, err = a2a.Peek(e.Event)
		event.Type, event.Session = p.Type, p.ContextID
	case tidings.System:
		var p Peeked
		p, err = Peek(e.Event)
		event.Type, event.Session = p.Type, p.ContextID
	default:
		err = fmt.Errorf("%w: protocol %q, want agui, a2a or system", ErrInvalid, e.Protocol)
	}
	event.Session = cmp.Or(e.Session, event.Session)
	return event, err
}

var standardEnvelopes = tidings.NewDefaultBroadcaster(NewEnvelopeBroadcaster)

// DefaultEnvelopes returns the process-wide broadcaster of whatever the
// contexts stream carries, which is one on [tidings.Default] until
// SetDefaultEnvelopes is called. It may be called concurrently.
func DefaultEnvelopes() *tidings.Broadcaster[Envelope] { return standardEnvelopes.Get() }

// SetDefaultEnvelopes makes b the process-wide broadcaster of whatever the
// contexts stream carries. Nil means one on [tidings.Default] again. It may be
// called concurrently.
func SetDefaultEnvelopes(b *tidings.Broadcaster[Envelope]) { standardEnvelopes.Set(b) }
