package postgres_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
)

// payloads are texts that who parses JSON and writes it again would change.
func payloads() map[string]string {
	return map[string]string{
		"precision":       `{"n":1234567890123456789012345678901234567890.10,"e":1E400,"z":-0.0}`,
		"order of keys":   `{"b":1,"a":2,"B":3}`,
		"keys twice":      `{"a":1,"a":2}`,
		"blanks":          " {\t\"a\" :  [ 1 , 2 ] } ",
		"escapes":         `{"nul":"\u0000","a":"\u0061","slash":"\/"}`,
		"lone surrogate":  `"\ud800"`,
		"backslashes":     `"\\x41\\n"`,
		"other alphabets": `"猫 ü 🐈 ` + "\u2028\u0085\u007f" + `"`,
		"quotes of SQL":   `"'; DROP TABLE event; -- $1 $$ tidings.event"`,
		"8 KiB":           `"` + strings.Repeat("x", 8<<10) + `"`,
		"1 MiB":           `"` + strings.Repeat("猫y", 1<<18-1) + `"`,
	}
}

func TestPayloadsComeBackByteForByte(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Limits.Event = 2 << 20
	l := b.open(t)
	events := follow(t, l, tidings.ID{})
	s := b.connect(t)
	for name, payload := range payloads() {
		e := note("append", 0)
		e.Data = []byte(payload)
		keep(t, l, e)
		wantData(t, name, events.next(1)[0], "append", payload)
		s.exec(`SELECT tidings.tidings_publish('outbox', 'system', 's', 'note', $1::text)`, payload)
		wantData(t, name, events.next(1)[0], "outbox", payload)
		s.exec(`SELECT tidings.tidings_publish('json', 'system', 's', 'note', $1::text::json)`, payload)
		wantData(t, name, events.next(1)[0], "json", payload)
	}
	for _, e := range read(t, l, tidings.ID{}) {
		if !bytes.ContainsAny(e.Data, `"`) {
			t.Errorf("read %s", e.Data)
		}
	}
}

// wantData reports if an event is not of a user with a payload.
func wantData(t testing.TB, name string, e tidings.Event, user, payload string) {
	t.Helper()
	if e.User != user || string(e.Data) != payload {
		t.Errorf("%s: %s: got %.200q", name, user, e.Data)
	}
}
