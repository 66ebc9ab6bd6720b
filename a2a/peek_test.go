package a2a_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/a2a"
)

// Events as agents of 1.0 and 0.3 stream them.
const (
	task           = `{"task":{"id":"k","contextId":"c","status":{"state":"TASK_STATE_SUBMITTED"},"history":[{"taskId":"x","contextId":"y"}]}}`
	message        = `{"message":{"messageId":"m","contextId":"c","taskId":"k","role":"ROLE_AGENT","parts":[{"text":"Hello"}]}}`
	statusUpdate   = `{"statusUpdate":{"taskId":"k","contextId":"c","status":{"state":"TASK_STATE_WORKING","message":{"contextId":"x"}}}}`
	artifactUpdate = `{"artifactUpdate":{"taskId":"k","contextId":"c","artifact":{"artifactId":"a","parts":[{"data":{"taskId":1}}]},"append":true}}`

	task03           = `{"kind":"task","id":"k","contextId":"c","status":{"state":"submitted"},"artifacts":[]}`
	message03        = `{"kind":"message","messageId":"m","contextId":"c","taskId":"k","role":"agent","parts":[{"kind":"text","text":"Hello"}]}`
	statusUpdate03   = `{"taskId":"k","contextId":"c","status":{"state":"working"},"final":false,"kind":"status-update"}`
	artifactUpdate03 = `{"taskId":"k","contextId":"c","artifact":{"artifactId":"a","parts":[]},"kind":"artifact-update"}`
)

func TestPeekReadsTypeContextAndTask(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{task, `task c k`},
		{message, `message c k`},
		{statusUpdate, `statusUpdate c k`},
		{artifactUpdate, `artifactUpdate c k`},
		{task03, `task c k`},
		{message03, `message c k`},
		{statusUpdate03, `status-update c k`},
		{artifactUpdate03, `artifact-update c k`},
		{`{"message":{"messageId":"m"}}`, `message  `},
		{`{"kind":"message","contextId":null,"taskId":""}`, `message  `},
		{`{"task":{"id":"k","taskId":"no"}}`, `task  k`},
		{`{"statusUpdate":{"id":5,"taskId":"k"}}`, `statusUpdate  k`},
		{`{"task":null,"message":{},"kind":null,"jsonrpc":null}`, `message  `},
		{`{"task":{"id":"x"},"t\u0061sk":{"\u0069d":"k\u0031"}}`, `task  k1`},
		{`{"kind":"t\u0061sk","id":"k"}`, `task  k`},
		{`{"task":{"id":"k"},"later":{"contextId":"x"},"error":1,"result":2}`, `task  k`},
	} {
		for _, wrap := range []string{"%s", " %s\n", `{"jsonrpc":"2.0","id":1,"result":%s}`, `{"result":%s,"error":null,"jsonrpc":"2.0"}`} {
			in := fmt.Sprintf(wrap, tt.in)
			p, err := a2a.Peek([]byte(in))
			if got := fmt.Sprintf("%s %s %s", p.Type, p.ContextID, p.TaskID); err != nil || got != tt.want {
				t.Errorf("Peek(%s) = %q, %v, want %q", in, got, err, tt.want)
			}
			if got := strings.TrimSpace(string(p.Event)); got != tt.in {
				t.Errorf("Peek(%s): got the event %s", in, got)
			}
		}
	}
}

func TestPeekSaysWhatItFoundAndWants(t *testing.T) {
	const want = `found none of the members ["task" "message" "statusUpdate" "artifactUpdate"] (A2A 1.0) and no kind (0.3), want one of them`
	for _, tt := range []struct{ in, want string }{
		{``, `found nothing, want one JSON object`},
		{`[` + task + `]`, `found an array, want one JSON object`},
		{`{}`, want},
		{`{"type":"TASK_SUBMITTED","taskId":"k","contextId":"c"}`, want},
		{`{"id":"k","contextId":"c","status":{}}`, want},
		{`{"task":null,"kind":null}`, want},
		{`{"Task":{}}`, want},
		{`{"task":{},"message":{}}`, `found both task and message, want one of them`},
		{`{"kind":"task","artifactUpdate":{}}`, `found both artifactUpdate and kind, want one of them`},
		{`{"kind":"statusUpdate"}`, `found the kind "statusUpdate", want one of ["task" "message" "status-update" "artifact-update"]`},
		{`{"kind":""}`, `found the kind "", want one of ["task" "message" "status-update" "artifact-update"]`},
		{`{"kind":7}`, `kind is a number, want a string`},
		{`{"task":"k"}`, `task: found a string, want one JSON object`},
		{`{"task":{"id":7}}`, `task: id is a number, want a string`},
		{`{"kind":"status-update","contextId":{}}`, `status-update: contextId is an object, want a string`},
		{`{"message":{"taskId":true}}`, `message: taskId is a boolean, want a string`},
		{`{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{}}`, `found a JSON-RPC request, want the events of its response`},
		{`{"jsonrpc":"2.0","id":1,"error":{"code":-32001}}`, `found a JSON-RPC error, which concerns one request and no context; want a response with a result`},
		{`{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}`, `found a JSON-RPC error, which concerns one request and no context; want a response with a result`},
		{`{"jsonrpc":"2.0","id":1}`, `found JSON-RPC without a result, want a response with a result`},
		{`{"jsonrpc":"2.0","task":{}}`, `found JSON-RPC without a result, want a response with a result`},
		{`{"jsonrpc":"2.0","result":[]}`, `result: found an array, want one JSON object`},
		{`{"jsonrpc":"2.0","result":{"jsonrpc":"2.0","result":` + task + `}}`, `result: ` + want},
		{`{"result":` + task + `}`, want},
		{`{"task":{}`, `malformed JSON at byte 10: want ',' or '}'`},
	} {
		p, err := a2a.Peek([]byte(tt.in))
		if !errors.Is(err, a2a.ErrInvalid) || p.Type != "" || p.Event != nil {
			t.Errorf("Peek(%s) = %v, %v, want ErrInvalid", tt.in, p, err)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "a2a: invalid event: "); got != tt.want {
			t.Errorf("Peek(%s):\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func FuzzPeek(f *testing.F) {
	for _, s := range []string{
		task, message, statusUpdate, artifactUpdate, task03, message03, statusUpdate03, artifactUpdate03,
		`{"jsonrpc":"2.0","id":"1","result":` + task + `}`, `{"jsonrpc":"2.0","error":{},"result":null,"method":null}`,
		`{"task":{},"kind":"task"}`, `{"kind":"message","kind":1}`, `{"task":null,"message":{"taskId":[]}}`, `{`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := a2a.Peek(data)
		if err != nil && (p.Type != "" || p.Event != nil || !errors.Is(err, a2a.ErrInvalid)) {
			t.Errorf("got %v and %v", p, err)
		}
		if !json.Valid(data) {
			return
		}
		got := fmt.Sprintf("%q %q %q %t", p.Type, p.ContextID, p.TaskID, err == nil)
		if want := oracle(data); got != want {
			t.Errorf("got %s, %v\nwant %s", got, err, want)
		}
	})
}

// oracle is Peek by way of encoding/json, for valid JSON.
func oracle(data []byte) string {
	const refused = `"" "" "" false`
	var m map[string]any
	if json.Unmarshal(data, &m) != nil {
		return refused
	}
	if m["jsonrpc"] != nil {
		result, ok := m["result"].(map[string]any)
		if !ok || m["error"] != nil || m["method"] != nil {
			return refused
		}
		m = result
	}
	typ, body := shape(m)
	ids := []string{"contextId", "taskId"}
	if typ == "task" {
		ids[1] = "id"
	}
	for i, name := range ids {
		id, ok := body[name].(string)
		if !ok && body[name] != nil || typ == "" {
			return refused
		}
		ids[i] = id
	}
	return fmt.Sprintf("%q %q %q true", typ, ids[0], ids[1])
}

// shape returns the type and the object with the ids, or "".
func shape(m map[string]any) (typ string, body map[string]any) {
	found := 0
	for _, name := range []string{"task", "message", "statusUpdate", "artifactUpdate"} {
		if m[name] != nil {
			typ = name
			body, _ = m[name].(map[string]any)
			found++
		}
	}
	if m["kind"] != nil {
		found++
		kind, _ := m["kind"].(string)
		if slices.Contains([]string{"task", "message", "status-update", "artifact-update"}, kind) {
			typ, body = kind, m
		}
	}
	if found != 1 || body == nil {
		return "", nil
	}
	return typ, body
}
