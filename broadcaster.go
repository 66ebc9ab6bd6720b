package tidings

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// A Broadcaster is a hub with a type: it publishes values of one type, encoded
// as events of one channel, and knows who is connected to the stream that
// carries them. It holds no events and no queue, so there may be any number of
// them, and they need no end.
//
// What a [Registry] does, a Broadcaster does: Register, Unregister,
// ConnectionCount, TotalConnections, ConnectedUsers and Counts are about the
// connections to its stream.
//
//	builds := tidings.NewBroadcaster[Build](hub, "builds", nil, nil)
//	receipt, err := builds.Broadcast(ctx, "alice", Build{…})
//
// All methods may be called concurrently. The packages agui, a2a, contexts and
// analytics have broadcasters of their events.
type Broadcaster[E any] struct {
	*Registry
	hub     *Hub
	channel Channel
	session string
	encode  Encoder[E]
	opts    BroadcasterOptions
}

// BroadcasterOptions are the options of NewBroadcaster. Zero fields, and nil,
// mean the defaults.
type BroadcasterOptions struct {
	// Stream is the stream whose connections are counted. By default it is the
	// one with the channel's name, or else the first that carries the channel.
	Stream string
	// SessionRequired refuses events without a session.
	SessionRequired bool
}

// An Encoder makes an event of a value: its Data, appended to dst, and what it
// knows of Type, Session, Key and Trace. A Channel that it leaves empty is the
// broadcaster's; User is always who is broadcast to. It must keep neither dst
// nor what it appended, and may be called concurrently.
type Encoder[E any] func(dst []byte, value E) (Event, error)

// NewBroadcaster returns a Broadcaster on a channel of a hub. A nil encoder
// means encoding/json, and as Type what the value's method EventType() string
// returns, if it has that.
func NewBroadcaster[E any](hub *Hub, channel Channel, encode Encoder[E], opts *BroadcasterOptions) *Broadcaster[E] {
	b := &Broadcaster[E]{hub: hub, channel: channel, encode: encode}
	if opts != nil {
		b.opts = *opts
	}
	if b.encode == nil {
		b.encode = encodeJSON[E]
	}
	if carriers := hub.Router().Carriers(channel); b.opts.Stream == "" && len(carriers) > 0 {
		b.opts.Stream = carriers[max(0, slices.Index(carriers, string(channel)))]
	}
	b.Registry = hub.Connections(b.opts.Stream)
	return b
}

// encodeJSON is the Encoder of those who have none.
func encodeJSON[E any](_ []byte, value E) (e Event, err error) {
	if typed, ok := any(value).(interface{ EventType() string }); ok {
		e.Type = typed.EventType()
	}
	e.Data, err = json.Marshal(value)
	return e, err
}

// In returns a Broadcaster whose events belong to a session, whatever session
// they name themselves.
func (b *Broadcaster[E]) In(session string) *Broadcaster[E] {
	in := *b
	in.session = session
	return &in
}

// Broadcast publishes a value for an owner. Receipt.Subscribers is how many
// subscriptions of this process it concerns: they find it when they read, now
// or later; the other replicas' are not counted.
//
// An *EncodeError says that the value could not be encoded, or that the encoder
// panicked; other errors are those of [Hub.Publish]. Neither disconnects
// anybody.
func (b *Broadcaster[E]) Broadcast(ctx context.Context, user string, value E) (Receipt, error) {
	buffer := encodeBuffers.Get().(*[]byte)
	defer encodeBuffers.Put(buffer)
	event, err := b.event((*buffer)[:0], user, value)
	if err != nil {
		return Receipt{}, b.hub.refuse(err)
	}
	return b.hub.Publish(ctx, event) // which does not hold on to Data
}

// encodeBuffers are as large as most events.
var encodeBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 4<<10)
	return &b
}}

// Event returns what Broadcast would publish, for those who set a Key or a
// Trace, or publish several events as one batch.
func (b *Broadcaster[E]) Event(user string, value E) (Event, error) { return b.event(nil, user, value) }

// event makes the event of a value.
func (b *Broadcaster[E]) event(dst []byte, user string, value E) (e Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			e, err = Event{}, b.failed(panicked(p))
		}
	}()
	if e, err = b.encode(dst, value); err != nil {
		return Event{}, b.failed(err)
	}
	e.User = user
	e.Channel = cmp.Or(e.Channel, b.channel)
	e.Session = cmp.Or(b.session, e.Session)
	if e.Session == "" && b.opts.SessionRequired {
		return Event{}, b.failed(invalid("session", "", "one: use In, this "+cmp.Or(e.Type, "event")+" names none itself"))
	}
	return e, nil
}

// failed says what could not be encoded.
func (b *Broadcaster[E]) failed(err error) error { return &EncodeError{Channel: b.channel, Err: err} }

// panicked returns the error that a panic was.
func panicked(p any) error {
	if err, ok := p.(error); ok {
		return fmt.Errorf("the encoder panicked: %w", err)
	}
	return fmt.Errorf("the encoder panicked: %v", p)
}

// An EncodeError says that a Broadcaster could not make an event of a value.
// Nothing was published. It wraps the reason.
type EncodeError struct {
	Channel Channel // the broadcaster's
	Err     error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("tidings: encode for the channel %s: %v", e.Channel, e.Err)
}

// Unwrap returns the reason.
func (e *EncodeError) Unwrap() error { return e.Err }
