package tidings_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
)

func TestPayloads(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		name, data, want string // what is kept, or what the error says
	}{
		{"object", `{"a":1}`, `{"a":1}`},
		{"line breaks between tokens", "{\r\n \"a\" :\n1}\r", `{ "a" :1}`},
		{"line breaks within strings", `"a\nb"`, `"a\nb"`},
		{"line separators", "\"a\u2028b\u2029\"", "\"a\u2028b\u2029\""},
		{"null", `null`, `null`},
		{"markup", `"<b>&amp;</b>"`, `"<b>&amp;</b>"`},
		{"numbers no float can hold", `[1e400,123456789012345678901234567890,0.1000]`, `[1e400,123456789012345678901234567890,0.1000]`},
		{"same name twice", `{"a":1,"a":2}`, `{"a":1,"a":2}`},
		{"512 deep", nested(512), nested(512)},
		{"513 deep", nested(513), "error: at most 512 deep"},
		{"brackets in a string", `"` + nested(600) + `"`, `"` + nested(600) + `"`},
		{"brackets side by side", "[" + strings.Repeat("[],", 600) + "[]]", "[" + strings.Repeat("[],", 600) + "[]]"},
		{"1 MiB", `"` + strings.Repeat("x", 1<<20-2) + `"`, `"` + strings.Repeat("x", 1<<20-2) + `"`},
		{"one byte over", `"` + strings.Repeat("x", 1<<20-1) + `"`, "error: at most 1048576 bytes, not 1048577"},
		{"nothing", ``, "error: one JSON value"},
		{"not JSON", `{a:1}`, "error: one JSON value"},
		{"two values", "1\n2", "error: one JSON value"},
		{"invalid UTF-8", "\"\xff\"", "error: valid UTF-8"},
		{"NUL", "\x00", "error: one JSON value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
				sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
				_, err := hub.Publish(t.Context(), event("u", "s", c.data))
				if text, refused := strings.CutPrefix(c.want, "error: "); refused {
					if !errors.Is(err, tidings.ErrInvalid) || !strings.Contains(err.Error(), text) {
						t.Errorf("got error %v, want %q", err, text)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := read(t, sub, 1)[0]; got != c.want {
					t.Errorf("got %.100q, want %.100q", got, c.want)
				}
			})
		})
	}
}

func TestNames(t *testing.T) {
	hub := newHub(t, nil, nil)
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"", true}, {"user@example.com", true}, {"日本", true}, {"a b", true}, {strings.Repeat("x", 128), true},
		{" a", false}, {"a ", false}, {"a\n", false}, {"a\rb", false}, {"\x00", false}, {"\x7f", false},
		{"\u0085", false}, {"a\u2028b", false}, {"\u00a0a", false}, {"\xff", false}, {strings.Repeat("x", 257), false},
	} {
		for field, e := range map[string]tidings.Event{
			"user":    {User: c.name},
			"session": {Session: c.name},
			"type":    {Type: c.name},
			"key":     {Key: c.name},
			"trace":   {Trace: c.name},
		} {
			e.Channel, e.Data = tidings.AGUI, []byte("1")
			_, err := hub.Publish(t.Context(), e)
			invalid, _ := errors.AsType[*tidings.InvalidError](err)
			if (err == nil) != c.ok || err != nil && (invalid == nil || invalid.Field != field) {
				t.Errorf("%s %q: got error %v", field, c.name, err)
			}
		}
	}
}

func TestChannelsThatOneMayNotPublishOn(t *testing.T) {
	hub := newHub(t, nil, nil)
	for _, channel := range []tidings.Channel{"", "AGUI", "agiu", "tidings.control", "contexts", "agui\n"} {
		_, err := hub.Publish(t.Context(), tidings.Event{Channel: channel, Data: []byte("1")})
		if !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%q: got error %v", channel, err)
		}
	}
}

func TestReservedTypesCannotBePublished(t *testing.T) {
	hub := newHub(t, nil, nil)
	_, err := hub.Publish(t.Context(), tidings.Event{Channel: tidings.AGUI, Type: "tidings.lost", Data: []byte("1")})
	if !errors.Is(err, tidings.ErrInvalid) {
		t.Errorf("got error %v", err)
	}
}

func TestChecksForThoseWhoAppendPastAHub(t *testing.T) {
	limits := tidings.Limits{Name: 4}
	e := tidings.Event{User: "u", Type: "x", Data: []byte("{\n}")}
	if err := limits.Check(&e); err != nil || string(e.Data) != "{}" {
		t.Errorf("got error %v and data %q", err, e.Data)
	}
	for _, bad := range []tidings.Event{
		{User: "longer", Data: []byte("1")}, {Session: "\n", Data: []byte("1")}, {Type: "tidings.x", Data: []byte("1")}, {Data: []byte("{")},
		{Data: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)}, // over the default
	} {
		if err := limits.Check(&bad); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%.40q: got error %v", bad, err)
		}
	}
	router, err := tidings.NewRouter()
	if err != nil {
		t.Fatal(err)
	}
	if err := router.Check(tidings.AGUI); err != nil {
		t.Errorf("a known channel: got error %v", err)
	}
	if err := router.Check(tidings.Control); !errors.Is(err, tidings.ErrInvalid) {
		t.Errorf("a reserved channel: got error %v", err)
	}
}

func TestBatchWithOneBadEventPublishesNothing(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		before := hub.Stats().Head
		_, err := hub.PublishBatch(t.Context(), []tidings.Event{event("u", "s", "1"), event("u", "s", "bad"), event("u", "s", "3")})
		bad, _ := errors.AsType[*tidings.BatchError](err)
		if bad == nil || bad.Index != 1 || !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("got %v, want the error of event 1", err)
		}
		for _, batch := range [][]tidings.Event{nil, make([]tidings.Event, 1001)} {
			if _, err := hub.PublishBatch(t.Context(), batch); !errors.Is(err, tidings.ErrInvalid) {
				t.Errorf("%d events: got error %v", len(batch), err)
			}
		}
		big := event("u", "s", `"`+strings.Repeat("x", 1<<20-2)+`"`)
		if _, err := hub.PublishBatch(t.Context(), []tidings.Event{big, big, big, big, big, big, big, big, big}); !errors.Is(err, tidings.ErrTooLarge) {
			t.Errorf("9 MiB: got error %v", err)
		}
		if got := hub.Stats(); got.Head != before || got.Published != 0 || got.Refused != 4 {
			t.Errorf("after refusals: %+v", got)
		}
	})
}

func TestPublisherKeepsItsBytes(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		data := []byte(`"first"`)
		publishOne(t, hub, tidings.Event{User: "u", Channel: tidings.AGUI, Data: data})
		copy(data, `"other"`)
		if got := read(t, sub, 1)[0]; got != `"first"` {
			t.Errorf("got %s after the publisher reused its buffer", got)
		}
	})
}

func TestFramesAreTheSameFromWindowAndLog(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		var want []string
		for i := range 300 {
			r := publishOne(t, hub, event("u", "s", `{"n":`+strings.Repeat("1", i+1)+`}`))
			want = append(want, "data: {\"event\":{\"n\":"+strings.Repeat("1", i+1)+"}}\nid: "+r.ID.String()+"\n\n")
		}
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
		for e, err := range sub.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got := string(e.AppendFrame(nil, []byte(`{"event":`), []byte(`}`))); got != want[0] {
				t.Fatalf("got %q, want %q", got, want[0])
			}
			if plain := string(e.AppendFrame([]byte("x"), nil, nil)); plain != "xdata: "+string(e.Data)+"\nid: "+e.ID.String()+"\n\n" {
				t.Fatalf("got %q", plain)
			}
			if want = want[1:]; len(want) == 0 {
				break
			}
		}
	})
}

func TestFrameOfAnEventThatWasChanged(t *testing.T) {
	hub := newHub(t, nil, nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	publishOne(t, hub, event("u", "s", `{"secret":1}`))
	batch, err := sub.Pending(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	e := batch.Events[0]
	whole := e.Data
	e.Data = whole[:2] // a part of what the frame holds
	if got, want := string(e.AppendFrame(nil, nil, nil)), "data: {\"\nid: "+e.ID.String()+"\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	e.Data = []byte(`{}`)
	for _, c := range []struct{ prefix, suffix, want string }{{"", "", "{}"}, {"[", "]", "[{}]"}} {
		if got, want := string(e.AppendFrame(nil, []byte(c.prefix), []byte(c.suffix))), "data: "+c.want+"\nid: "+e.ID.String()+"\n\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
