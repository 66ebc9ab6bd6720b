package httpapi

import (
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// A format writes events as frames. The payload is always spliced in as the
// bytes that it is.
type format interface {
	// frame appends the whole frame of an event.
	frame(dst []byte, e *tidings.Event) []byte
	// head appends what stands before the payload of a frame, and tail what
	// stands after it, so that a large payload need not be copied.
	head(dst []byte, e *tidings.Event) []byte
	tail(dst []byte, e *tidings.Event) []byte
}

// plainFormat has the payload as data.
type plainFormat struct{}

func (plainFormat) frame(dst []byte, e *tidings.Event) []byte { return e.AppendFrame(dst, nil, nil) }

func (plainFormat) head(dst []byte, _ *tidings.Event) []byte { return append(dst, "data: "...) }

func (plainFormat) tail(dst []byte, e *tidings.Event) []byte {
	dst = append(dst, "\nid: "...)
	dst, _ = e.ID.AppendText(dst) // never an error
	return append(dst, "\n\n"...)
}

// envelopeFormat tells the channel and the session around the payload: of
// several conversations in one stream it could not be told otherwise which is
// meant. It maps each channel to what stands before.
type envelopeFormat map[tidings.Channel][]byte

// envelopes returns the envelopes of all channels, whose names need no
// escaping.
func envelopes(router *tidings.Router) envelopeFormat {
	all := make(envelopeFormat)
	for _, c := range router.Channels() {
		all[c] = []byte(`{"protocol":"` + string(c) + `","event":`)
	}
	return all
}

func (f envelopeFormat) frame(dst []byte, e *tidings.Event) []byte {
	var room [320]byte // for most sessions
	return e.AppendFrame(dst, f[e.Channel], appendEnvelopeEnd(room[:0], e))
}

// appendEnvelopeEnd appends what stands after the payload in its envelope.
func appendEnvelopeEnd(dst []byte, e *tidings.Event) []byte {
	return append(appendOptional(dst, `,"session":`, e.Session), '}')
}

func (f envelopeFormat) head(dst []byte, e *tidings.Event) []byte {
	return append(plainFormat{}.head(dst, e), f[e.Channel]...)
}

func (envelopeFormat) tail(dst []byte, e *tidings.Event) []byte {
	return plainFormat{}.tail(appendEnvelopeEnd(dst, e), e)
}

// feedFormat has everything about the event as data.
type feedFormat struct{}

func (f feedFormat) frame(dst []byte, e *tidings.Event) []byte {
	dst = append(f.head(dst, e), e.Data...)
	return f.tail(dst, e)
}

func (feedFormat) head(dst []byte, e *tidings.Event) []byte {
	return appendRecord(plainFormat{}.head(dst, e), e)
}

func (feedFormat) tail(dst []byte, e *tidings.Event) []byte {
	return plainFormat{}.tail(append(dst, '}'), e)
}

// appendRecord appends an event as package wire's Event describes it, up to
// its payload.
func appendRecord(dst []byte, e *tidings.Event) []byte {
	dst = append(dst, `{"id":"`...)
	dst, _ = e.ID.AppendText(dst) // never an error
	dst = append(dst, `","user":`...)
	dst = jsontext.AppendString(dst, e.User)
	dst = append(dst, `,"channel":`...)
	dst = jsontext.AppendString(dst, string(e.Channel))
	dst = appendOptional(dst, `,"session":`, e.Session)
	dst = appendOptional(dst, `,"type":`, e.Type)
	dst = appendOptional(dst, `,"trace":`, e.Trace)
	dst = append(dst, `,"time":"`...)
	dst = e.Time().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, `","data":`...)
}

// appendOptional appends a member that is left out where it is empty.
func appendOptional(dst []byte, member, value string) []byte {
	if value == "" {
		return dst
	}
	return jsontext.AppendString(append(dst, member...), value)
}

// namedFormat names each frame for the type of its event.
type namedFormat struct{ format }

func (f namedFormat) frame(dst []byte, e *tidings.Event) []byte {
	return f.format.frame(appendName(dst, e.Type), e)
}

func (f namedFormat) head(dst []byte, e *tidings.Event) []byte {
	return f.format.head(appendName(dst, e.Type), e)
}

// appendName appends the line that names a frame. Names that mean something else
// to a client, and could be forged, are left out: an EventSource has its own
// events open and error. So are those that would break the line, which no hub
// publishes, but which another program may have put into the log.
func appendName(dst []byte, name string) []byte {
	if name == "" || name == "open" || name == "error" || strings.ContainsAny(name, "\r\n") {
		return dst
	}
	dst = append(dst, "event: "...)
	dst = append(dst, name...)
	return append(dst, '\n')
}
