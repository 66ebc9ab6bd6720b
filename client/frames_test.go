package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/sse"
)

// first returns what Follow makes of a stream's first event.
func first(t *testing.T, name string, data []byte) (tidings.Event, error) {
	t.Helper()
	body, err := sse.AppendEvent(nil, sse.Event{ID: "1-1", Data: data})
	if err != nil || strings.ContainsRune(string(data), '\r') {
		t.Skip("no server can write it")
	}
	s := &script{answers: answers(stream(string(body)))}
	c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range c.Follow(context.Background(), client.Stream{Name: name}) {
		return e, err
	}
	t.Fatalf("%s: nothing came", data)
	return tidings.Event{}, nil
}

// members is the simple way to read an object, by encoding/json.
type members map[string]json.RawMessage

// text returns a member that is a string, and notes in ok if it is not one.
func (m members) text(name string, ok *bool) (s string) {
	if raw, found := m[name]; found && json.Unmarshal(raw, &s) != nil {
		*ok = false
	}
	return s
}

// systemType returns the type of an event of the channel system, by
// encoding/json.
func systemType(channel string, payload []byte) string {
	var m members
	if channel != "system" || json.Unmarshal(payload, &m) != nil {
		return ""
	}
	return m.text("type", new(bool))
}

// Of every valid text, an envelope is read as encoding/json reads it.
func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{
		`{"protocol":"agui","event":{"a":1}}`, `{"protocol":"a2a","event": [1] }`, `{"event":1,"protocol":"x"}`,
		`{"protocol":"a","event":1,"event":2}`, `{"protocol":"a","event":"\"}","more":{}}`, `{"protocol":null,"event":1}`,
		`{"protocol":"\u0061","\u0065vent":1}`, `{"protocol":"","event":1}`, `{"protocol":1,"event":1}`, `[]`, `{}`, `7`,
		`{"protocol":"a","x":"\",\"event\":","event":1}`, `{"protocol":"a","event":null}`, `{"protocol":"a","event":1`,
		`{"protocol":"agui","event": {"a":1} ,"session":"t1"}`, `{"protocol":"a","event":{},"session":"\u00e9\"\\"}`, `{"session":"s","protocol":"a","event":1}`,
		`{"protocol":"a","event":1,"session":7}`, `{"protocol":"a","event":1,"session":null}`, `{"protocol":"a","event":1,"session":"s","session":"s"}`,
		`{"protocol":"a","event":{"session":"s"}}`, `{"protocol":"a","event":"x\",\"session\":\"s","session":"s"}`,
		`{"protocol":"system","event":{"type":"CONTEXT_CREATED","contextId":"t1"},"session":"t1"}`, `{"protocol":"system","event":{"type":7}}`,
		`{"protocol":"system","event":[{"type":"a"}]}`, `{"protocol":"agui","event":{"type":"RUN_STARTED"},"session":"t1"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := first(t, "contexts", data)
		if !json.Valid(data) {
			return // it may be noticed or not
		}
		var m members
		ok := json.Unmarshal(data, &m) == nil
		channel, session := m.text("protocol", &ok), m.text("session", &ok)
		ok = ok && channel != "" && m["event"] != nil
		if (err == nil) != ok {
			t.Fatalf("%s: got %v, want success %t", data, err, ok)
		}
		if ok && (string(e.Channel) != channel || e.Session != session || strings.TrimSpace(string(e.Data)) != string(m["event"])) {
			t.Errorf("%s: got %s %s %s", data, e.Channel, e.Session, e.Data)
		}
		if want := systemType(channel, m["event"]); ok && e.Type != want {
			t.Errorf("%s: got type %q, want %q", data, e.Type, want)
		}
	})
}

// The same of the records of the feed.
func FuzzFeed(f *testing.F) {
	for _, s := range []string{
		`{"id":"1-1","user":"u","channel":"agui","session":"s","type":"T","trace":"t","time":"x","data":{"<":"é"}}`,
		`{"channel":"analytics","type":"REAL_TIME_STATS","data":{}}`, `{"channel":"a"}`, `{"data":1}`, `{"channel":"a","user":1,"data":1}`,
		`{"channel":"a","user":null,"data":null}`, `{"data":1,"channel":"\ud83d\ude00","data":2}`, `null`, `"feed"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := first(t, "feed", data)
		if !json.Valid(data) {
			return
		}
		var m members
		ok := json.Unmarshal(data, &m) == nil
		var want []string
		for _, name := range []string{"user", "channel", "session", "type", "trace"} {
			want = append(want, m.text(name, &ok))
		}
		ok = ok && want[1] != "" && m["data"] != nil
		if (err == nil) != ok {
			t.Fatalf("%s: got %v, want success %t", data, err, ok)
		}
		got := []string{e.User, string(e.Channel), e.Session, e.Type, e.Trace, string(e.Data)}
		if want = append(want, string(m["data"])); ok && fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: got %q, want %q", data, got, want)
		}
	})
}

// The bytes of a payload are what was published, spaces around it included.
func TestEnvelopesAreTakenOffAsTheyWerePutOn(t *testing.T) {
	for _, tt := range []struct{ frame, want string }{
		{`{"protocol":"agui","event":{"n":1},"session":"t1"}`, `agui|t1||{"n":1}`},
		{`{"protocol":"agui","event": { "n" : 1 } ,"session":"t1"}`, `agui|t1|| { "n" : 1 } `},
		{`{"protocol":"a2a","event":1 }`, `a2a|||1 `},
		{`{"protocol":"a2a","event":"\",\"session\":\"no","session":"a\"b"}`, `a2a|a"b||"\",\"session\":\"no"`},
		{`{"event":1,"session":"t1","protocol":"agui"}`, `agui|t1||1`},
		{`{"protocol":"agui","event":1,"session":"t1","more":2}`, `agui|t1||1`},
		{`{"protocol":"agui","event":{"type":"RUN_STARTED"},"session":"t1"}`, `agui|t1||{"type":"RUN_STARTED"}`},
		{`{"protocol":"system","event":{"type":"CONTEXT_DELETED","contextId":"t1"},"session":"t1"}`, `system|t1|CONTEXT_DELETED|{"type":"CONTEXT_DELETED","contextId":"t1"}`},
		{`{"protocol":"system","event":{"type":"CONTEXTS_SNAPSHOT","contexts":[]}}`, `system||CONTEXTS_SNAPSHOT|{"type":"CONTEXTS_SNAPSHOT","contexts":[]}`},
		{`{"protocol":"system","event":{"type":1},"session":"t1"}`, `system|t1||{"type":1}`},
		{`{"protocol":"system","event":[]}`, `system|||[]`},
	} {
		e, err := first(t, "contexts", []byte(tt.frame))
		if got := fmt.Sprintf("%s|%s|%s|%s", e.Channel, e.Session, e.Type, e.Data); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.frame, got, err, tt.want)
		}
	}
}

// What is yielded stays as it is: names are shared, payloads are not.
func TestEventsAreTheCallers(t *testing.T) {
	var frames []string
	for n := range 3000 { // more names than are remembered
		frames = append(frames, fmt.Sprintf("data: {\"user\":\"u%d\",\"channel\":\"agui\",\"session\":\"s\",\"data\":[%d]}\nid: 1-%d\n\n", n, n, n+1))
	}
	s := &script{answers: answers(stream(frames...))}
	c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	var kept []tidings.Event
	for e, err := range c.Follow(t.Context(), client.Stream{Name: "feed"}) {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, e)
		_ = append(e.Data, "overwritten"...)
		if len(kept) == len(frames) {
			break
		}
	}
	for n, e := range kept {
		if want := fmt.Sprintf("u%d [%d] %d", n, n, n+1); fmt.Sprintf("%s %s %d", e.User, e.Data, e.ID.Seq()) != want {
			t.Fatalf("event %d is %+v, want %s", n, e, want)
		}
	}
}

func TestAnEventCostsTwoAllocations(t *testing.T) {
	for _, tt := range []struct{ name, data string }{
		{"agui", `{"n":1}`}, {"contexts", `{"protocol":"agui","event":{"n":1},"session":"s"}`},
		{"contexts", `{"protocol":"system","event":{"type":"T"},"session":"s"}`},
		{"feed", `{"user":"alice","channel":"agui","session":"s","type":"T","data":{"n":1}}`},
	} {
		body := new(strings.Builder)
		for n := range 1000 {
			fmt.Fprintf(body, "data: %s\nid: 1795212463452842463-%d\n\n", tt.data, n+1)
		}
		all := testing.AllocsPerRun(10, func() {
			s := &script{answers: answers(stream(body.String()))}
			c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for range c.Follow(t.Context(), client.Stream{Name: tt.name}) {
				if n++; n == 1000 {
					break
				}
			}
		})
		if all > 2*1000+200 {
			t.Errorf("%s: %v allocations for 1000 events", tt.data, all)
		}
	}
}
