package contexts_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

func TestEnvelopeKeepsThePayloadAsItCame(t *testing.T) {
	payload := `{"type":"CUSTOM", "n":1.50,"s":"\u003c<\/>"}`
	e := contexts.Envelope{Protocol: tidings.AGUI, Event: json.RawMessage(payload)}
	data, err := e.AppendJSON([]byte("> "))
	if want := `> {"protocol":"agui","event":` + payload + `}`; string(data) != want || err != nil {
		t.Fatalf("got %s, %v\nwant %s", data, err, want)
	}
	data = data[2:]
	back, err := contexts.DecodeEnvelope(data)
	clear(data)
	if back.Protocol != tidings.AGUI || string(back.Event) != payload || err != nil {
		t.Errorf("got %s %s, %v", back.Protocol, back.Event, err)
	}
}

func TestEnvelopeTellsTheSession(t *testing.T) {
	e := contexts.Envelope{Protocol: tidings.AGUI, Event: json.RawMessage(`{"type":"CUSTOM"}`), Session: `t"1`}
	data, err := e.AppendJSON(nil)
	if want := `{"protocol":"agui","event":{"type":"CUSTOM"},"session":"t\"1"}`; string(data) != want || err != nil {
		t.Fatalf("got %s, %v, want %s", data, err, want)
	}
	if back, err := contexts.DecodeEnvelope(data); err != nil || back.Session != `t"1` {
		t.Errorf("got %+v, %v", back, err)
	}
	long := strings.Repeat("x", 1000) // a hub may allow it
	back, err := contexts.DecodeEnvelope([]byte(`{"protocol":"agui","session":"` + long + `","event":{"session":"no"}}`))
	if err != nil || back.Session != long {
		t.Errorf("got %+v, %v", back, err)
	}
}

func TestEnvelopeIsOneLine(t *testing.T) {
	e := contexts.Envelope{Protocol: tidings.A2A, Event: json.RawMessage("{\r\n\"a\": \"é\\n\"\n}\n")}
	got, err := e.MarshalJSON()
	if want := `{"protocol":"a2a","event":{"a": "é\n"}}`; string(got) != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestEnvelopesOfEveryProtocol(t *testing.T) {
	for _, tt := range []struct {
		in       string
		protocol tidings.Channel
		event    string
	}{
		{`{"protocol":"system","event":{"type":"HEARTBEAT"}}`, tidings.System, `{"type":"HEARTBEAT"}`},
		{` { "event" : {} , "x" : 1 , "protocol" : "a2a" } `, tidings.A2A, `{}`},
		{`{"protocol":"own.channel","event":null}`, "own.channel", `null`},
	} {
		e, err := contexts.DecodeEnvelope([]byte(tt.in))
		if e.Protocol != tt.protocol || string(e.Event) != tt.event || err != nil {
			t.Errorf("%s: got %s %s, %v", tt.in, e.Protocol, e.Event, err)
		}
	}
}

func TestInvalidEnvelopesAreRefused(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `is malformed JSON`},
		{`[]`, `is an array, want an object`},
		{`{"event":{}}`, `protocol is empty, want a channel such as "agui"`},
		{`{"protocol":7,"event":{}}`, `protocol is a number, want a string`},
		{`{"protocol":" x","event":{}}`, `protocol is no channel: tidings: invalid channel " x": want UTF-8 without control characters and without spaces at its ends`},
		{`{"protocol":"agui"}`, `event is missing, want the payload`},
		{`{"protocol":"agui","event":1,"session":[]}`, `session is an array, want a string`},
		{`{"protocol":"agui","event":1,"session":"a\n"}`, `session is no session: tidings: invalid session "a\n": want UTF-8 without control characters and without spaces at its ends`},
	} {
		_, err := contexts.DecodeEnvelope([]byte(tt.in))
		if want := "contexts: invalid envelope: " + tt.want; !errors.Is(err, contexts.ErrInvalid) || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", tt.in, err, want)
		}
	}
	for _, e := range []contexts.Envelope{
		{Event: json.RawMessage(`{}`)}, {Protocol: tidings.AGUI}, {Protocol: tidings.AGUI, Event: json.RawMessage(`{`)},
		{Protocol: tidings.AGUI, Event: json.RawMessage(`{}`), Session: " a"},
		{Protocol: tidings.Channel(strings.Repeat("x", 129)), Event: json.RawMessage(`{}`)},
	} {
		got, err := e.AppendJSON([]byte("kept"))
		if string(got) != "kept" || !errors.Is(err, contexts.ErrInvalid) {
			t.Errorf("got %s, %v, want dst and ErrInvalid", got, err)
		}
	}
}
