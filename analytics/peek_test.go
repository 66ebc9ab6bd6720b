package analytics_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/analytics"
)

func TestPeekReadsTypeAndSession(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"type":"PAGE_VIEW","session_id":"s"}`, `PAGE_VIEW s`},
		{" {\n\"session_id\" : \"s\" , \"type\" : \"HEARTBEAT\" } \n", `HEARTBEAT s`},
		{`{"type":"OTHER"}`, `OTHER `},
		{`{"type":"page_view","Type":"X","Session_id":"x"}`, `page_view `},
		{`{}`, ` `},
		{`{"type":null,"session_id":null}`, ` `},
		{`{"type":"","session_id":""}`, ` `},
		{`{"typ\u0065":"PAGE\u005fVIEW","session\u005fid":"\u00e9"}`, `PAGE_VIEW é`},
		{`{"type":"A","session_id":"a","type":"B","session_id":"b"}`, `B b`},
		{`{"type":"A","event":{"session_id":"x"}}`, `A `},
		{`{"type":"A","user_id":5,"is_bot":"x"}`, `A `},
	} {
		p, err := analytics.Peek([]byte(tt.in))
		if got := p.Type + " " + p.SessionID; got != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestPeekSaysWhatItFoundAndWants(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `found nothing, want one JSON object for each event`},
		{`"PAGE_VIEW"`, `found a string, want one JSON object for each event`},
		{`null`, `found null, want one JSON object for each event`},
		{`{"type":7}`, `type is a number, want a string such as "PAGE_VIEW"`},
		{`{"type":"A","session_id":[]}`, `session_id is an array, want a string`},
		{`{"type":"A"`, `malformed JSON at byte 11: want ',' or '}'`},
	} {
		p, err := analytics.Peek([]byte(tt.in))
		if p != (analytics.Peeked{}) || !errors.Is(err, analytics.ErrInvalid) {
			t.Errorf("%s: got %v, %v, want ErrInvalid", tt.in, p, err)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "analytics: invalid event: "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestPeekAllocatesOnlyTheSession(t *testing.T) {
	for _, tt := range wire {
		data, want := []byte(tt.want), 1.0
		if tt.e.Session() == "" {
			want = 0
		}
		got := testing.AllocsPerRun(10, func() { _, _ = analytics.Peek(data) })
		if got != want {
			t.Errorf("%s: got %v allocations, want %v", tt.want, got, want)
		}
	}
}

func FuzzPeek(f *testing.F) {
	for _, tt := range wire {
		f.Add([]byte(tt.want))
	}
	for _, s := range []string{`{"typ\u0065":"\ud83d"}`, `{"type":1,"type":"A","session_id":null}`, `{"session_id":{}}`, `{`, `null`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := analytics.Peek(data)
		if err != nil && (p != analytics.Peeked{} || !errors.Is(err, analytics.ErrInvalid)) {
			t.Errorf("got %v and %v", p, err)
		}
		if !json.Valid(data) {
			return
		}
		if want, valid := oracle(data); p != want || (err == nil) != valid {
			t.Errorf("got %v, %v, want %v, valid %t", p, err, want, valid)
		}
	})
}

// oracle is Peek by way of encoding/json, for valid JSON. It decodes into a
// map because encoding/json matches the fields of a struct without regard to
// case.
func oracle(data []byte) (p analytics.Peeked, valid bool) {
	var m map[string]any
	if json.Unmarshal(data, &m) != nil || m == nil {
		return p, false
	}
	typ, okType := m["type"].(string)
	session, okSession := m["session_id"].(string)
	if !okType && m["type"] != nil || !okSession && m["session_id"] != nil {
		return p, false
	}
	return analytics.Peeked{Type: typ, SessionID: session}, true
}
