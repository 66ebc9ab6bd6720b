package contexts

import (
	"bytes"
	"encoding/json"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// Envelope is what the contexts stream puts around each payload, to tell the
// protocol it is of:
//
//	{"protocol":"agui","event":{"type":"RUN_STARTED","threadId":"c1","runId":"r1"},"session":"c1"}
type Envelope struct {
	// Protocol is the channel of the event: [tidings.AGUI], [tidings.A2A] or
	// [tidings.System], or a program's own. Required.
	Protocol tidings.Channel
	// Event is the payload: any JSON value. Required.
	Event json.RawMessage
	// Session is that of the event: the id of its context. Empty, which leaves it
	// out, is none.
	Session string
}

// protocolLimit is how long the name of a channel may be, in bytes.
const protocolLimit = 128

// AppendJSON appends the envelope to dst as one line of JSON. The bytes of the
// payload are as they came, except that line breaks between its tokens go. If
// the envelope is not valid it returns dst as it was and an [*InvalidError].
func (e Envelope) AppendJSON(dst []byte) ([]byte, error) {
	if problem, err := e.checkProtocol(); problem != "" {
		return dst, &InvalidError{Object: "envelope", Field: "protocol", Problem: problem, Err: err}
	}
	if problem, err := e.checkSession(); problem != "" {
		return dst, &InvalidError{Object: "envelope", Field: "session", Problem: problem, Err: err}
	}
	out := jsontext.AppendString(append(dst, `{"protocol":`...), string(e.Protocol))
	out, err := appendRaw(append(out, `,"event":`...), e.Event, &InvalidError{Object: "envelope", Field: "event"})
	if err != nil {
		return dst, err
	}
	if e.Session != "" {
		out = jsontext.AppendString(append(out, `,"session":`...), e.Session)
	}
	return append(out, '}'), nil
}

// checkProtocol returns what is wrong with the protocol, or "".
func (e Envelope) checkProtocol() (string, error) {
	if e.Protocol == "" {
		return `is empty, want a channel such as "agui"`, nil
	}
	if err := tidings.CheckName("channel", string(e.Protocol), protocolLimit); err != nil {
		return "is no channel: " + err.Error(), err
	}
	return "", nil
}

// checkSession returns what is wrong with the session, or "". How long it may be
// is for a hub to say.
func (e Envelope) checkSession() (string, error) {
	if err := tidings.CheckName("session", e.Session, len(e.Session)); err != nil {
		return "is no session: " + err.Error(), err
	}
	return "", nil
}

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, the payload comes without space between its tokens, and '<',
// '>' and '&' come escaped.
func (e Envelope) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// DecodeEnvelope reads one envelope. It does not keep data, and does not look
// into the payload: give that to [Decode], or to the agui or a2a package, by the
// protocol. Other members are dropped. Errors match [ErrInvalid].
func DecodeEnvelope(data []byte) (Envelope, error) {
	r := reader{object: "envelope"}
	if problem := check(data); problem != "" {
		r.fail("", problem, nil)
		return Envelope{}, r.err
	}
	var m [3][]byte
	r.pick(data, []string{"protocol", "event", "session"}, m[:])
	e := Envelope{
		Protocol: tidings.Channel(r.text("protocol", m[0])), Event: bytes.Clone(m[1]), Session: r.text("session", m[2]),
	}
	if problem, err := e.checkProtocol(); problem != "" {
		r.fail("protocol", problem, err)
	}
	if problem, err := e.checkSession(); problem != "" {
		r.fail("session", problem, err)
	}
	if jsonscan.Kind(m[1]) == jsonscan.Nothing {
		r.fail("event", "is missing, want the payload", nil)
	}
	if r.err != nil {
		return Envelope{}, r.err
	}
	return e, nil
}
