package contexts_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

var seeds = []string{
	`{"type":"CONTEXT_CREATED","timestamp":"2026-01-02T03:04:05.5+01:00","contextId":"c\u0031","name":"<\n>"}`,
	`{"type":"CONTEXT_UPDATED","contextId":null}`, `{"type":"CONTEXT_DELETED","contextId":"c"}`, `{"type":"CONNECTED","connectionId":"k"}`,
	`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"c","updated_at":"2026-01-02T03:04:05Z","message_count":1e2,"task_count":2},{}]}`,
	`{"type":"HEARTBEAT"}`, `{"type":"OTHER","x":[1]}`, `{}`, `[]`, ``, `null`, `{"type":7}`, "{\"type\":\"\xff\"}", `{"type":"A","contexts":[7`,
}

// What can be read and is valid comes back the same after it was written, and
// Peek reads of it what Decode does.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, peekErr := contexts.Peek(data)
		e, err := contexts.Decode(data)
		if err != nil {
			return
		}
		if peekErr == nil && (p.Type != e.EventType() || e.Context() != "" && p.ContextID != e.Context()) {
			t.Fatalf("%q: peeked %v, decoded %q, %q", data, p, e.EventType(), e.Context())
		}
		written, err := e.AppendJSON(nil)
		if err != nil {
			return
		}
		if !json.Valid(written) || bytes.ContainsAny(written, "\r\n") {
			t.Fatalf("%q: written as %q", data, written)
		}
		again, err := contexts.Decode(written)
		if err != nil {
			t.Fatalf("%q: written as %q: %v", data, written, err)
		}
		if rewritten, err := again.AppendJSON(nil); !bytes.Equal(rewritten, written) || err != nil {
			t.Fatalf("%q: written as %q and then as %q, %v", data, written, rewritten, err)
		}
	})
}

// Peek agrees with encoding/json about valid JSON.
func FuzzPeek(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := contexts.Peek(data)
		var m map[string]any
		if !json.Valid(data) {
			return
		}
		object := json.Unmarshal(data, &m) == nil && m != nil
		typ, okType := firstOf(m, "type")
		id, okID := firstOf(m, "contextId")
		want := contexts.Peeked{Type: typ, ContextID: id}
		if valid := object && okType && okID; valid != (err == nil) || valid && p != want {
			t.Fatalf("%q: got %v, %v, want %v, valid %t", data, p, err, want, valid)
		}
	})
}

func FuzzDecodeEnvelope(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
		f.Add([]byte(`{"protocol":"system","event":` + s + `}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := contexts.DecodeEnvelope(data)
		if err != nil {
			return
		}
		written, err := e.AppendJSON(nil)
		if err != nil || !json.Valid(written) || bytes.ContainsAny(written, "\r\n") {
			t.Fatalf("%q: written as %q, %v", data, written, err)
		}
		again, err := contexts.DecodeEnvelope(written)
		if err != nil || again.Protocol != e.Protocol {
			t.Fatalf("%q: written as %q: %v, %v", data, written, again, err)
		}
	})
}

// What Restore accepts is a state: it can be written, read again, shown, and
// takes events.
func FuzzRestore(f *testing.F) {
	f.Add(folded(2).Checkpoint(0)[0], []byte(nil))
	f.Add([]byte(`{"version":1,"after":"","items":["a"],"more":true}`), []byte(`{"version":1,"after":"6dfab5bc87591c08","items":["b"],"more":false}`))
	f.Add([]byte(`{"version":1,"after":"","items":["a",["b","","2026-01-02T03:04:05Z","0000-01-01T00:00:00Z",1,2,"AAAAAAAAAAA",""]],"more":false}`), []byte(nil))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		parts := [][]byte{first, second}
		if second == nil {
			parts = parts[:1]
		}
		fold, err := contexts.Restore(3, parts...)
		if err != nil {
			return
		}
		written := fold.Checkpoint(0)
		again, err := contexts.Restore(3, written...)
		if err != nil || !equal(again.Checkpoint(0), written) {
			t.Fatalf("%q: %v, written as %q", parts, err, written)
		}
		if _, err := contexts.NewSnapshot(fold.Contexts()).AppendJSON(nil); err != nil {
			t.Fatalf("%q: %v", parts, err)
		}
	})
}

// No payload makes Apply panic, or a state that cannot be written and read.
// On valid JSON, Fold and the oracle agree.
func FuzzApply(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "c", "")
		f.Add([]byte(s), "c", "CONTEXTS_SNAPSHOT")
	}
	f.Add([]byte(`{"type":"MESSAGES_SNAPSHOT","messages":[{"role":"user","id":"a"},7]}`), "c", "")
	f.Add([]byte(`{"jsonrpc":"2.0","result":{"kind":"message","messageId":"a"}}`), "c", "")
	f.Add([]byte(`{"task":{"id":"t"}}`), "d", "")
	f.Fuzz(func(t *testing.T, data []byte, session, typ string) {
		fold, o := contexts.NewFold(3), newOracle(3)
		for _, channel := range []tidings.Channel{tidings.System, tidings.AGUI, tidings.A2A, tidings.System} {
			e := &tidings.Event{ID: tidings.NewID(at, 1), Channel: channel, Session: session, Type: typ, Data: data}
			fold.Apply(e)
			o.apply(e)
			if json.Valid(data) {
				same(t, fold, o, e)
			}
		}
		if _, err := contexts.Restore(3, fold.Checkpoint(0)...); err != nil {
			t.Fatal(err)
		}
		if _, err := contexts.NewSnapshot(fold.Contexts()).AppendJSON(nil); err != nil {
			t.Fatal(err)
		}
	})
}
