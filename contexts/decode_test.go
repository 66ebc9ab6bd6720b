package contexts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/contexts"
)

func TestDecodeTakesWhatIsMissingAsZero(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"type":"CONTEXT_CREATED"}`, `*contexts.Created  `},
		{`{"type":"CONTEXT_UPDATED","contextId":null,"name":null,"timestamp":null}`, `*contexts.Updated  `},
		{`{"type":"CONTEXT_UPDATED","contextId":"c","contextId":"d","x":{"name":"n"},"n\u0061me":"\u0061"}`, `*contexts.Updated d a`},
		{`{"type":"CONTEXT\u005fDELETED","contextId":"c"}`, `*contexts.Deleted c `},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":null}`, `*contexts.Snapshot []`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"message_count":1e1,"task_count":2.0,"name":null},{}]}`, `*contexts.Snapshot [10 2  0 0 ]`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"seen":null}],"deleted":null}`, `*contexts.Snapshot [0 0 ]`},
		{`{"type":"CONNECTED"}`, `*contexts.Connected `},
		{"\n{ \"type\" : \"HEARTBEAT\" , \"data\" : 1 }", `*contexts.Heartbeat`},
	} {
		e, err := contexts.Decode([]byte(tt.in))
		if got := show(e); got != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

// show is an event as one string.
func show(e contexts.Event) string {
	switch e := e.(type) {
	case *contexts.Created:
		return fmt.Sprintf("%T %s %s", e, e.ContextID, e.Name)
	case *contexts.Updated:
		return fmt.Sprintf("%T %s %s", e, e.ContextID, e.Name)
	case *contexts.Deleted:
		return fmt.Sprintf("%T %s ", e, e.ContextID)
	case *contexts.Connected:
		return fmt.Sprintf("%T %s", e, e.ConnectionID)
	case *contexts.Snapshot:
		var items []string
		for _, c := range e.Contexts {
			items = append(items, fmt.Sprint(c.Messages, c.Tasks, c.ID+" "+c.Name))
		}
		return fmt.Sprintf("%T %v", e, items)
	}
	return fmt.Sprintf("%T", e)
}

func TestDecodeSaysWhatItFoundAndWants(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `event: is malformed JSON`},
		{`{"type":"HEARTBEAT"`, `event: is malformed JSON`},
		{"{\"type\":\"\xff\"}", `event: is not UTF-8`},
		{`[]`, `event: is an array, want an object`},
		{`{}`, `event: type is missing, want a type such as "CONTEXT_CREATED"`},
		{`{"type":null}`, `event: type is missing, want a type such as "CONTEXT_CREATED"`},
		{`{"type":1}`, `event: type is a number, want a string`},
		{`{"type":"CONTEXT_CREATED","contextId":7}`, `CONTEXT_CREATED: contextId is a number, want a string`},
		{`{"type":"CONTEXT_CREATED","name":{}}`, `CONTEXT_CREATED: name is an object, want a string`},
		{`{"type":"HEARTBEAT","timestamp":1770000000000}`, `HEARTBEAT: timestamp is a number, want a string`},
		{`{"type":"HEARTBEAT","timestamp":"today"}`, `HEARTBEAT: timestamp is "today", want a time such as "2026-01-02T03:04:05Z"`},
		{`{"type":"HEARTBEAT","timestamp":"0000-01-01T00:00:00+01:00"}`, `HEARTBEAT: timestamp is "0000-01-01T00:00:00+01:00", want a time such as "2026-01-02T03:04:05Z"`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":{}}`, `CONTEXTS_SNAPSHOT: contexts is an object, want an array`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{},7]}`, `CONTEXTS_SNAPSHOT: contexts[1] is a number, want an object`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"task_count":-1}]}`, `CONTEXTS_SNAPSHOT: contexts[0].task_count is -1, want a number from 0 to 2147483647`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"task_count":1.5}]}`, `CONTEXTS_SNAPSHOT: contexts[0].task_count is 1.5, want a number from 0 to 2147483647`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"task_count":1e99}]}`, `CONTEXTS_SNAPSHOT: contexts[0].task_count is 1e99, want a number from 0 to 2147483647`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"task_count":"1"}]}`, `CONTEXTS_SNAPSHOT: contexts[0].task_count is "1", want a number from 0 to 2147483647`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"seen":1}]}`, `CONTEXTS_SNAPSHOT: contexts[0].seen is a number, want a string`},
		{`{"type":"CONTEXTS_SNAPSHOT","deleted":{}}`, `CONTEXTS_SNAPSHOT: deleted is an object, want an array`},
		{`{"type":"CONTEXTS_SNAPSHOT","deleted":["c",7]}`, `CONTEXTS_SNAPSHOT: deleted[1] is a number, want a string`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"created_at":1}]}`, `CONTEXTS_SNAPSHOT: contexts[0].created_at is a number, want a string`},
	} {
		e, err := contexts.Decode([]byte(tt.in))
		if e != nil || !errors.Is(err, contexts.ErrInvalid) {
			t.Errorf("%s: got %v, %v, want ErrInvalid", tt.in, e, err)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "contexts: invalid "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestPeekReadsTypeAndContext(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"type":"CONTEXT_CREATED","contextId":"c1","name":"n"}`, `CONTEXT_CREATED c1`},
		{`{"contextId":"c\u0031","type":"CONTEXT\u005fCREATED"}`, `CONTEXT_CREATED c1`},
		{`{"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"c1","contextId":"c1"},7]}`, `CONTEXTS_SNAPSHOT `},
		{`{"type":"OTHER"}`, `OTHER `},
		{`{}`, ` `},
		{`{"type":null,"contextId":null}`, ` `},
		{`{"Type":"A","contextID":"c"}`, ` `},
		{`{"type":"A","type":"B"}`, `B `},
	} {
		p, err := contexts.Peek([]byte(tt.in))
		if got := p.Type + " " + p.ContextID; got != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{``, `[]`, `null`, `"a"`, `{"type":"A"`, `{"type":7}`, `{"contextId":7}`, `{"contextId":"\x"}`} {
		if p, err := contexts.Peek([]byte(in)); !errors.Is(err, contexts.ErrInvalid) || p != (contexts.Peeked{}) {
			t.Errorf("%s: got %v, %v, want ErrInvalid", in, p, err)
		}
	}
}

func TestPeekedDoesNotShareMemoryWithItsInput(t *testing.T) {
	data := []byte(`{"type":"OTHER","contextId":"c1"}`)
	p, err := contexts.Peek(data)
	clear(data)
	if want := (contexts.Peeked{Type: "OTHER", ContextID: "c1"}); p != want || err != nil {
		t.Errorf("got %v, %v, want %v", p, err, want)
	}
}
