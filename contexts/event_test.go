package contexts_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

// at is a time with a fraction, in a zone that is not UTC.
var at = time.Date(2026, 1, 2, 4, 4, 5, 120_000_000, time.FixedZone("CET", 3600))

// events returns one of each event, with its JSON, at the time above.
func events() []struct {
	e    contexts.Event
	want string
} {
	created, updated, touched := contexts.NewCreated("c1", "Trip"), contexts.NewUpdated("c1", "Rome"), contexts.NewUpdated("c1", "")
	unnamed, deleted, connected := contexts.NewCreated("c1", ""), contexts.NewDeleted("c1"), contexts.NewConnected("k1")
	heartbeat, none := contexts.NewHeartbeat(), contexts.NewSnapshot(nil)
	some := contexts.NewSnapshot([]contexts.Context{
		{ID: "c1", Name: "Trip", Created: at, Updated: at.Add(time.Hour), Messages: 2, Tasks: 1}, {ID: "c2"},
	})
	whole := &contexts.Snapshot{Contexts: []contexts.Context{{ID: "c1", Seen: "CIrHB7UBMlY."}}, Deleted: []string{"c2", `"`}}
	for _, t := range []*time.Time{
		&created.Timestamp, &unnamed.Timestamp, &updated.Timestamp, &touched.Timestamp, &deleted.Timestamp,
		&connected.Timestamp, &heartbeat.Timestamp, &none.Timestamp, &some.Timestamp, &whole.Timestamp,
	} {
		*t = at
	}
	const stamp = `"timestamp":"2026-01-02T03:04:05.12Z"`
	return []struct {
		e    contexts.Event
		want string
	}{
		{created, `{"type":"CONTEXT_CREATED",` + stamp + `,"contextId":"c1","name":"Trip"}`},
		{unnamed, `{"type":"CONTEXT_CREATED",` + stamp + `,"contextId":"c1","name":""}`},
		{updated, `{"type":"CONTEXT_UPDATED",` + stamp + `,"contextId":"c1","name":"Rome"}`},
		{touched, `{"type":"CONTEXT_UPDATED",` + stamp + `,"contextId":"c1"}`},
		{deleted, `{"type":"CONTEXT_DELETED",` + stamp + `,"contextId":"c1"}`},
		{none, `{"type":"CONTEXTS_SNAPSHOT",` + stamp + `,"contexts":[]}`},
		{some, `{"type":"CONTEXTS_SNAPSHOT",` + stamp + `,"contexts":[` +
			`{"context_id":"c1","name":"Trip","created_at":"2026-01-02T03:04:05.12Z","updated_at":"2026-01-02T04:04:05.12Z","message_count":2,"task_count":1},` +
			`{"context_id":"c2","name":"","created_at":"0001-01-01T00:00:00Z","updated_at":"0001-01-01T00:00:00Z","message_count":0,"task_count":0}]}`},
		{whole, `{"type":"CONTEXTS_SNAPSHOT",` + stamp + `,"contexts":[` +
			`{"context_id":"c1","name":"","created_at":"0001-01-01T00:00:00Z","updated_at":"0001-01-01T00:00:00Z","message_count":0,"task_count":0,"seen":"CIrHB7UBMlY."}],` +
			`"deleted":["c2","\""]}`},
		{connected, `{"type":"CONNECTED",` + stamp + `,"connectionId":"k1"}`},
		{heartbeat, `{"type":"HEARTBEAT",` + stamp + `}`},
	}
}

func TestEventsAreWrittenExactlySo(t *testing.T) {
	for _, tt := range events() {
		got, err := tt.e.AppendJSON([]byte("> "))
		if want := "> " + tt.want; string(got) != want || err != nil {
			t.Errorf("got %s, %v\nwant %s", got, err, want)
		}
		if got, err := tt.e.(json.Marshaler).MarshalJSON(); string(got) != tt.want || err != nil {
			t.Errorf("MarshalJSON: got %s, %v\nwant %s", got, err, tt.want)
		}
	}
}

func TestEventsAreReadAsTheyWereWritten(t *testing.T) {
	utc := cmp.Transformer("UTC", func(t time.Time) time.Time { return t.UTC() })
	for _, tt := range events() {
		got, err := contexts.Decode([]byte(tt.want))
		want := tt.e
		if diff := cmp.Diff(want, got, utc); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", tt.want, err, diff)
		}
		if again, err := got.AppendJSON(nil); string(again) != tt.want || err != nil {
			t.Errorf("again %s, %v\nwant %s", again, err, tt.want)
		}
	}
}

func TestTypesAndContextsOfEvents(t *testing.T) {
	for _, tt := range []struct {
		e            contexts.Event
		typ, context string
	}{
		{contexts.NewCreated("c1", "n"), "CONTEXT_CREATED", "c1"},
		{contexts.NewUpdated("c1", "n"), "CONTEXT_UPDATED", "c1"},
		{contexts.NewDeleted("c1"), "CONTEXT_DELETED", "c1"},
		{contexts.NewSnapshot([]contexts.Context{{ID: "c1"}}), "CONTEXTS_SNAPSHOT", ""},
		{contexts.NewConnected("k1"), "CONNECTED", ""},
		{contexts.NewHeartbeat(), "HEARTBEAT", ""},
	} {
		if tt.e.EventType() != tt.typ || tt.e.Context() != tt.context {
			t.Errorf("got %q, %q, want %q, %q", tt.e.EventType(), tt.e.Context(), tt.typ, tt.context)
		}
	}
}

func TestTypesAreCaseSensitive(t *testing.T) {
	for _, typ := range []string{"context_created", "Context_Created", "heartbeat", "CONTEXT_CREATED "} {
		e, err := contexts.Decode([]byte(`{"type":"` + typ + `"}`))
		if _, ok := e.(*contexts.UnknownEvent); !ok || err != nil || e.EventType() != typ {
			t.Errorf("%q: got %T, %v, want an UnknownEvent", typ, e, err)
		}
	}
}

func TestNoTimestampIsTheTimeOfEncoding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Minute) // from the year 2000 on, the bubble's clock
		got, err := contexts.NewHeartbeat().AppendJSON(nil)
		if want := `{"type":"HEARTBEAT","timestamp":"2000-01-01T00:01:00Z"}`; string(got) != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}

func TestStringsAreEscapedForJSONAlone(t *testing.T) {
	e := contexts.NewCreated(`a"b\c<é>&`, "<b>\"Rome\"</b>\n\t\x01 \U0001F600 &")
	e.Timestamp = at
	got, err := e.AppendJSON(nil)
	want := `{"type":"CONTEXT_CREATED","timestamp":"2026-01-02T03:04:05.12Z","contextId":"a\"b\\c<é>&",` +
		`"name":"<b>\"Rome\"</b>\n\t\u0001 😀 &"}`
	if string(got) != want || err != nil {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	back, err := contexts.Decode(got)
	if c, ok := back.(*contexts.Created); !ok || err != nil || c.ContextID != e.ContextID || c.Name != e.Name {
		t.Errorf("came back as %+v, %v", back, err)
	}
}

func TestWhatIsInvalidIsNotEncoded(t *testing.T) {
	long, year := strings.Repeat("x", 257), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		e    contexts.Event
		want string
	}{
		{contexts.NewCreated("", "n"), "CONTEXT_CREATED: contextId is empty, want an id"},
		{contexts.NewUpdated("", "n"), "CONTEXT_UPDATED: contextId is empty, want an id"},
		{contexts.NewDeleted(""), "CONTEXT_DELETED: contextId is empty, want an id"},
		{contexts.NewConnected(""), "CONNECTED: connectionId is empty, want an id"},
		{contexts.NewDeleted("a\nb"), `CONTEXT_DELETED: contextId is no id: tidings: invalid id "a\nb": want UTF-8 without control characters and without spaces at its ends`},
		{contexts.NewDeleted(" a"), `CONTEXT_DELETED: contextId is no id: tidings: invalid id " a": want UTF-8 without control characters and without spaces at its ends`},
		{contexts.NewDeleted(long), `CONTEXT_DELETED: contextId is no id: tidings: invalid id "` + long[:80] + `…": want at most 256 bytes, not 257`},
		{contexts.NewCreated("c", strings.Repeat("n", 1025)), "CONTEXT_CREATED: name has 1025 bytes, want at most 1024"},
		{contexts.NewUpdated("c", strings.Repeat("n", 1025)), "CONTEXT_UPDATED: name has 1025 bytes, want at most 1024"},
		{&contexts.Heartbeat{Timestamp: year}, "HEARTBEAT: timestamp is in the year 10000, want one from 0 to 9999"},
		{contexts.NewSnapshot([]contexts.Context{{ID: "c"}, {}}), "CONTEXTS_SNAPSHOT: contexts[1].context_id is empty, want an id"},
		{contexts.NewSnapshot([]contexts.Context{{ID: "c", Tasks: -1}}), "CONTEXTS_SNAPSHOT: contexts[0].task_count is -1, want a number from 0 to 2147483647"},
		{contexts.NewSnapshot([]contexts.Context{{ID: "c", Updated: year}}), "CONTEXTS_SNAPSHOT: contexts[0].updated_at is in the year 10000, want one from 0 to 9999"},
		{contexts.NewSnapshot([]contexts.Context{{ID: "c", Seen: strings.Repeat("A", 513)}}), "CONTEXTS_SNAPSHOT: contexts[0].seen has 513 bytes, want what Fold.Snapshot gave"},
		{&contexts.Snapshot{Deleted: []string{"c", ""}}, "CONTEXTS_SNAPSHOT: deleted[1] is empty, want an id"},
		{&contexts.Snapshot{Deleted: make([]string, 1001)}, "CONTEXTS_SNAPSHOT: deleted has 1001 ids, want at most 1000"},
		{&contexts.UnknownEvent{Type: "A", Data: json.RawMessage(`{"a":}`)}, "A: is malformed JSON"},
		{&contexts.UnknownEvent{Type: "A", Data: json.RawMessage(`5`)}, "A: is a number, want an object"},
		{&contexts.UnknownEvent{Type: "A"}, "A: is nothing, want an object"},
	} {
		got, err := tt.e.AppendJSON([]byte("kept"))
		_, typed := errors.AsType[*contexts.InvalidError](err)
		if !typed || !errors.Is(err, contexts.ErrInvalid) || string(got) != "kept" {
			t.Errorf("got %q, %v, want dst and an *InvalidError", got, err)
			continue
		}
		if got, want := err.Error(), "contexts: invalid "+tt.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if _, err := json.Marshal(tt.e); !errors.Is(err, contexts.ErrInvalid) {
			t.Errorf("json.Marshal: got %v", err)
		}
	}
	if _, err := contexts.NewDeleted(long).AppendJSON(nil); !errors.Is(err, tidings.ErrTooLarge) {
		t.Errorf("got %v, want also what tidings.CheckName says", err)
	}
}

func TestUnknownEventsAreKeptWhole(t *testing.T) {
	in := ` {"type":"CONTEXT_ARCHIVED","timestamp":"2026-01-02T03:04:05Z","contextId":"c1", "why":[1.50,"a\u0062"] }`
	data := []byte(in)
	e, err := contexts.Decode(data)
	clear(data)
	u, ok := e.(*contexts.UnknownEvent)
	if err != nil || !ok || u.Type != "CONTEXT_ARCHIVED" || u.Context() != "c1" || u.Timestamp.IsZero() {
		t.Fatalf("got %+v, %v", e, err)
	}
	if got, err := u.AppendJSON(nil); string(got) != in[1:] || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, in[1:])
	}
	e, err = contexts.Decode([]byte("{\"type\":\"A\",\n\"timestamp\":5,\r\n\"contextId\":{}}"))
	if err != nil || e.Context() != "" {
		t.Fatalf("got %+v, %v, want what could not be read to be zero", e, err)
	}
	if got, _ := e.AppendJSON(nil); string(got) != `{"type":"A","timestamp":5,"contextId":{}}` {
		t.Errorf("got %s, want one line", got)
	}
}

func TestContextIsWrittenAndReadByItself(t *testing.T) {
	c := contexts.Context{ID: "c1", Name: "<Trip>", Created: at.UTC(), Updated: at.UTC(), Messages: 3, Tasks: 2}
	data, err := c.AppendJSON(nil)
	want := `{"context_id":"c1","name":"<Trip>","created_at":"2026-01-02T03:04:05.12Z","updated_at":"2026-01-02T03:04:05.12Z","message_count":3,"task_count":2}`
	if string(data) != want || err != nil {
		t.Errorf("got %s, %v\nwant %s", data, err, want)
	}
	var list []contexts.Context
	if err := json.Unmarshal([]byte("["+want+",null]"), &list); err != nil || len(list) != 2 || list[0] != c || list[1] != (contexts.Context{}) {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := list[0].UnmarshalJSON([]byte(`{"context_id":7}`)); !errors.Is(err, contexts.ErrInvalid) || list[0] != c {
		t.Errorf("got %v, %+v, want ErrInvalid and nothing changed", err, list[0])
	}
	if _, err := (contexts.Context{}).MarshalJSON(); !errors.Is(err, contexts.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}
