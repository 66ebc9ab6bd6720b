package analytics_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/analytics"
)

func TestDecodeTakesWhatOthersSend(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"null for what is not known", `{"type":"SESSION_STARTED","timestamp":null,"session_id":"s","device_type":null,"browser":null,"os":null,"country":null,"referrer_source":null,"is_bot":null}`,
			`&{0001-01-01 00:00:00 +0000 UTC s      false}`},
		{"nothing else", `{"type":"PAGE_VIEW"}`, `&{0001-01-01 00:00:00 +0000 UTC     }`},
		{"null numbers", `{"type":"SESSION_ENDED","session_id":"s","duration_ms":null,"page_count":null}`, `&{0001-01-01 00:00:00 +0000 UTC s 0s 0 0}`},
		{"floating numbers", `{"type":"SESSION_ENDED","duration_ms":1500.25,"page_count":3.0,"request_count":1e1}`, `&{0001-01-01 00:00:00 +0000 UTC  1.50025s 3 10}`},
		{"a long time", `{"type":"SESSION_ENDED","duration_ms":9007199254741}`, `&{0001-01-01 00:00:00 +0000 UTC  2501999h47m34.741s 0 0}`},
		{"another zone", `{"type":"HEARTBEAT","timestamp":"2026-11-20T23:07:43+01:00"}`, `&{2026-11-20 22:07:43 +0000 UTC}`},
		{"members of others", `{"type":"HEARTBEAT","session_id":5,"more":[{"type":"X"}]}`, `&{0001-01-01 00:00:00 +0000 UTC}`},
		{"the last one counts", `{"type":"X","session_id":"a","type":"SESSION_ENDED","session_id":"b"}`, `&{0001-01-01 00:00:00 +0000 UTC b 0s 0 0}`},
		{"escapes", ` {"typ\u0065":"PAGE\u005fVIEW","page_url":"\u002f\n"}`, "&{0001-01-01 00:00:00 +0000 UTC   /\n  }"},
		{"case of members counts", `{"type":"SESSION_ENDED","Session_ID":"a","sessionId":"b"}`, `&{0001-01-01 00:00:00 +0000 UTC  0s 0 0}`},
	} {
		e, err := analytics.Decode([]byte(tt.in))
		if got := fmt.Sprint(e); got != tt.want || err != nil {
			t.Errorf("%s:\n got %s, %v\nwant %s", tt.name, got, err, tt.want)
		}
	}
}

func TestTypesThatAreNotKnownAreKeptWhole(t *testing.T) {
	for _, tt := range []struct{ in, typ, session, want string }{
		{` {"type":"SCROLLED","session_id":"s","depth":0.10} `, "SCROLLED", "s", `{"type":"SCROLLED","session_id":"s","depth":0.10}`},
		{`{"type":"page_view"}`, "page_view", "", `{"type":"page_view"}`},
		{`{"type":"Heartbeat"}`, "Heartbeat", "", `{"type":"Heartbeat"}`},
		{`{"type":"heartbeat","session_id":7}`, "heartbeat", "", `{"type":"heartbeat","session_id":7}`},
		{"{\n\"type\":\r\n \"A\"}", "A", "", `{"type":"A"}`},
	} {
		data := []byte(tt.in)
		e, err := analytics.Decode(data)
		clear(data)
		if _, ok := e.(*analytics.UnknownEvent); !ok || e.EventType() != tt.typ || e.Session() != tt.session || err != nil {
			t.Errorf("%s: got %#v, %v", tt.in, e, err)
			continue
		}
		if got, err := json.Marshal(e); string(got) != tt.want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, tt.want)
		}
	}
}

func TestDecodeSaysWhatItFoundAndWants(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `event: found nothing, want one JSON object for each event`},
		{`[]`, `event: found an array, want one JSON object for each event`},
		{`{}`, `event: found no type, want a member "type" such as "PAGE_VIEW"`},
		{`{"type":null}`, `event: found no type, want a member "type" such as "PAGE_VIEW"`},
		{`{"type":5}`, `event: type is a number, want a string such as "PAGE_VIEW"`},
		{`{"type":"PAGE_VIEW"`, `event: malformed JSON at byte 19: want ',' or '}'`},
		{`{"type":"PAGE_VIEW","a":nul}`, `event: it is malformed JSON`},
		{"{\"type\":\"PAGE_VIEW\",\"a\":\"\xff\"}", `event: it is not UTF-8`},
		{`{"type":"PAGE_VIEW","session_id":5}`, `PAGE_VIEW: session_id is a number, want a string`},
		{`{"type":"PAGE_VIEW","timestamp":1763672400000}`, `PAGE_VIEW: timestamp is a number, want a string`},
		{`{"type":"PAGE_VIEW","timestamp":"yesterday"}`, `PAGE_VIEW: timestamp is "yesterday", want a time such as "2026-11-20T22:07:43Z"`},
		{`{"type":"SESSION_STARTED","is_bot":"true"}`, `SESSION_STARTED: is_bot is a string, want a boolean`},
		{`{"type":"SESSION_ENDED","page_count":"1"}`, `SESSION_ENDED: page_count is a string, want a number`},
		{`{"type":"SESSION_ENDED","page_count":1.5}`, `SESSION_ENDED: page_count is 1.5, want a whole number of at most 53 bits`},
		{`{"type":"SESSION_ENDED","page_count":1e300}`, `SESSION_ENDED: page_count is 1e+300, want a whole number of at most 53 bits`},
		{`{"type":"SESSION_ENDED","duration_ms":1e13}`, `SESSION_ENDED: duration_ms is 1e+13, want milliseconds of less than 292 years`},
		{`{"type":"ENGAGEMENT_UPDATE","scroll_depth":1e999}`, `ENGAGEMENT_UPDATE: scroll_depth is 1e999, want a number of 64 bits`},
	} {
		e, err := analytics.Decode([]byte(tt.in))
		if e != nil || !errors.Is(err, analytics.ErrInvalid) {
			t.Errorf("%s: got %v, %v, want ErrInvalid", tt.in, e, err)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "analytics: invalid "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestUnmarshalOfAnotherType(t *testing.T) {
	var e analytics.PageView
	err := json.Unmarshal([]byte(`{"type":"HEARTBEAT"}`), &e)
	if !errors.Is(err, analytics.ErrInvalid) || !strings.Contains(err.Error(), `type is "HEARTBEAT", want "PAGE_VIEW"`) {
		t.Errorf("got %v", err)
	}
	if err := json.Unmarshal([]byte(`null`), &e); err != nil {
		t.Errorf("null: got %v", err)
	}
	if err := e.UnmarshalJSON([]byte(`[]`)); !errors.Is(err, analytics.ErrInvalid) {
		t.Errorf("array: got %v", err)
	}
}

// An error goes into logs and answers: what somebody sent must not fill them.
func TestHostileInputCostsItsLengthAndNoMore(t *testing.T) {
	long := strings.Repeat("9", 100_000)
	for _, in := range []string{
		`{"type":"` + long + `x"`,
		`{"type":"PAGE_VIEW","timestamp":"` + long + `"}`,
		`{"type":"PAGE_VIEW","timestamp":` + long + `}`,
		`{"type":"SESSION_ENDED","page_count":` + long + `}`,
		`{"type":"ENGAGEMENT_UPDATE","scroll_depth":1e` + long + `}`,
		`{"type":"PAGE_VIEW","a":` + strings.Repeat("[", 100_000),
		`{"type":"X","a":` + strings.Repeat("[", 11_000) + strings.Repeat("]", 11_000) + `}`,
		`{"type":"PAGE_VIEW",` + strings.Repeat(`"session_id":"s",`, 50_000) + `"session_id":1}`,
	} {
		e, err := analytics.Decode([]byte(in))
		if err == nil || len(err.Error()) > 300 {
			t.Errorf("%.60s: got %v and %.400v", in, e, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, tt := range wire {
		f.Add([]byte(tt.want))
	}
	for _, s := range []string{
		`{"type":"OTHER","session_id":{}}`, "{\"type\":\n\"OTHER\"}", `{"type":"PAGE_VIEW","session_id":"\ud83d","page_url":"\u0000"}`,
		`{"type":"HEARTBEAT","timestamp":"0000-01-01T00:00:00+01:00"}`, `{"type":"HEARTBEAT","timestamp":"0001-01-01T00:00:00Z"}`,
		`{"type":"SESSION_ENDED","session_id":"s","duration_ms":-0.5,"page_count":-0}`, `{"type":"ENGAGEMENT_UPDATE","scroll_depth":-0}`, `{`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := analytics.Decode(data)
		if (err == nil) != (e != nil) || err != nil && !errors.Is(err, analytics.ErrInvalid) {
			t.Fatalf("got %v and %v", e, err)
		}
		if err == nil {
			stable(t, e)
		}
	})
}

// stable checks that what e is written as is one line that reads as itself.
func stable(t *testing.T, e analytics.Event) {
	first, err := e.AppendJSON(nil)
	if err != nil {
		if !errors.Is(err, analytics.ErrInvalid) || len(first) > 0 {
			t.Errorf("got %s, %v", first, err)
		}
		return
	}
	again, err := analytics.Decode(first)
	if err != nil || again.EventType() != e.EventType() || again.Session() != e.Session() {
		t.Fatalf("got %v, %v of %s", again, err, first)
	}
	second, err := again.AppendJSON(nil)
	if !bytes.Equal(first, second) || err != nil || !json.Valid(first) || bytes.ContainsAny(first, "\r\n") {
		t.Errorf("got %s, %v\nthen %s", first, err, second)
	}
}

// The error of a timestamp's text says why it is none.
func TestTimestampErrorsHaveTheirCause(t *testing.T) {
	_, err := analytics.Decode([]byte(`{"type":"HEARTBEAT","timestamp":"2026-13-01T00:00:00Z"}`))
	if _, ok := errors.AsType[*time.ParseError](err); !ok {
		t.Errorf("got %v", err)
	}
}
