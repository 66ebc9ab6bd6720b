package contexts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

// A step is an event as one string: channel, session ("-" for none) and payload.
type step string

// foldOf applies steps, one a second, and shows the contexts: id, name, messages,
// tasks, and the seconds at which they were made and updated.
func foldOf(most int, steps ...step) string {
	fold := contexts.NewFold(most)
	for i, s := range steps {
		part := strings.SplitN(string(s), " ", 3)
		e := tidings.Event{
			ID: tidings.NewID(at.Truncate(time.Minute).Add(time.Duration(i)*time.Second), uint64(i+1)), Channel: tidings.Channel(part[0]),
			Session: strings.TrimPrefix(part[1], "-"), Data: []byte(part[2]),
		}
		fold.Apply(&e)
	}
	var shown []string
	for _, c := range fold.Contexts() {
		shown = append(shown, fmt.Sprintf("%s %q %d/%d %d-%d", c.ID, c.Name, c.Messages, c.Tasks, c.Created.Second(), c.Updated.Second()))
	}
	return strings.Join(shown, ", ")
}

func TestFoldByExample(t *testing.T) {
	const run, say = step(`agui c1 {"type":"RUN_STARTED","runId":"r1"}`), step(`agui c1 {"type":"TEXT_MESSAGE_START","messageId":"m1"}`)
	const made, gone = step(`system - {"type":"CONTEXT_CREATED","contextId":"c1","name":"n"}`), step(`system - {"type":"CONTEXT_DELETED","contextId":"c1"}`)
	const chunk = `agui c1 {"type":"TEXT_MESSAGE_CHUNK","messageId":"m1","delta":"a"}`
	const other = step(`agui c2 {"type":"CUSTOM"}`)
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"an event makes a context", []step{run}, `c1 "" 0/1 0-0`},
		{"of the time of its last event", []step{other, run, `agui c1 {"type":"CUSTOM"}`}, `c1 "" 0/1 1-2, c2 "" 0/0 0-0`},
		{"no session, no context", []step{`agui - {"type":"RUN_STARTED","threadId":"c1","runId":"r1"}`}, ``},
		{"other channels count nothing", []step{`analytics c1 {"type":"RUN_STARTED","runId":"r1"}`}, ``},
		{"a run again is the same task", []step{run, run}, `c1 "" 0/1 0-1`},
		{"a message again is the same", []step{say, chunk, say, chunk}, `c1 "" 1/0 0-3`},
		{"a chunk without id goes on", []step{chunk, `agui c1 {"type":"TEXT_MESSAGE_CHUNK","delta":"b"}`}, `c1 "" 1/0 0-1`},
		{"snake case", []step{`agui c1 {"type":"TEXT_MESSAGE_START","message_id":"m1"}`, say}, `c1 "" 1/0 0-1`},
		{"no snake case for a wrong kind", []step{`agui c1 {"type":"TEXT_MESSAGE_START","messageId":7,"message_id":"m1"}`}, `c1 "" 0/0 0-0`},
		{"a list sets the number", []step{say, `agui c1 {"type":"MESSAGES_SNAPSHOT","messages":[{"id":"a","role":"user"},{"id":"b","role":"assistant"},{"id":"c","role":"tool"}]}`}, `c1 "" 2/0 0-1`},
		{"what a list has is not new", []step{`agui c1 {"type":"MESSAGES_SNAPSHOT","messages":[{"id":"m1","role":"assistant"}]}`, say}, `c1 "" 1/0 0-1`},
		{"input and state count nothing", []step{`agui c1 {"type":"RUN_STARTED","input":{"runId":"x","messages":[{"role":"user","id":"m"}]}}`}, `c1 "" 0/0 0-0`},
		{"A2A 1.0", []step{
			`a2a c1 {"task":{"id":"t1"}}`, `a2a c1 {"statusUpdate":{"taskId":"t1"}}`, `a2a c1 {"artifactUpdate":{"taskId":"t2"}}`,
			`a2a c1 {"message":{"messageId":"m1","taskId":"t3"}}`, `a2a c1 {"message":{"messageId":"m1"}}`,
		}, `c1 "" 1/2 0-4`},
		{"A2A 0.3", []step{
			`a2a c1 {"kind":"task","id":"t1"}`, `a2a c1 {"kind":"status-update","taskId":"t1","final":true}`, `a2a c1 {"kind":"artifact-update","taskId":"t2"}`,
			`a2a c1 {"kind":"message","messageId":"m1","taskId":"t3"}`, `a2a c1 {"jsonrpc":"2.0","id":1,"result":{"kind":"message","messageId":"m2"}}`,
		}, `c1 "" 2/2 0-4`},
		{"only a message's own id", []step{`a2a c1 {"message":{"role":"user"},"messageId":"m1"}`}, `c1 "" 0/0 0-0`},
		{"a name", []step{made, run}, `c1 "n" 0/1 0-1`},
		{"a name later", []step{run, made}, `c1 "n" 0/1 0-1`},
		{"a new name", []step{made, `system - {"type":"CONTEXT_UPDATED","contextId":"c1","name":"o"}`}, `c1 "o" 0/0 0-1`},
		{"no name keeps the name", []step{made, `system - {"type":"CONTEXT_UPDATED","contextId":"c1"}`, `system c1 {"type":"CONTEXT_CREATED","name":""}`}, `c1 "n" 0/0 0-2`},
		{"updated makes", []step{`system c1 {"type":"CONTEXT_UPDATED","name":"n"}`}, `c1 "n" 0/0 0-0`},
		{"the payload names the context before the session", []step{`system c2 {"type":"CONTEXT_CREATED","contextId":"c1"}`}, `c1 "" 0/0 0-0`},
		{"deleted is gone for late events", []step{made, gone, run, `a2a c1 {"task":{"id":"t1"}}`, `system c1 {"type":"CONTEXT_UPDATED"}`}, ``},
		{"deleted before it was known", []step{gone, run}, ``},
		{"made again begins anew", []step{made, run, gone, `system c1 {"type":"CONTEXT_CREATED"}`, say}, `c1 "" 1/0 3-4`},
		{"deleted by session alone", []step{run, `system c1 {"type":"CONTEXT_DELETED"}`}, ``},
		{"a wrong id deletes nothing", []step{run, `system c1 {"type":"CONTEXT_DELETED","contextId":7}`}, `c1 "" 0/1 0-1`},
		{"no object", []step{run, `system c1 ["CONTEXT_DELETED"]`, `system c2 7`}, `c1 "" 0/1 0-1`},
		{"an unknown type touches", []step{run, `system c1 {"type":"CONTEXT_ARCHIVED","contextId":"c2"}`}, `c1 "" 0/1 0-1`},
		{"a heartbeat does not", []step{run, `system c1 {"type":"HEARTBEAT"}`, `system c1 {"type":"CONNECTED"}`}, `c1 "" 0/1 0-0`},
		{"an unreadable payload touches", []step{run, `agui c1 {"type":7}`, `a2a c1 {}`}, `c1 "" 0/1 0-2`},
		{"an unreadable payload makes nothing", []step{`agui c1 {"type":7}`, `a2a c1 {}`, `a2a c1 {"type":"TASK_SUBMITTED"}`}, ``},
		{"an unknown AG-UI type makes", []step{`agui c1 {"type":"USAGE_METADATA"}`}, `c1 "" 0/0 0-0`},
		{"a snapshot replaces everything", []step{run, other, gone,
			`system - {"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"c3","name":"s","created_at":"2026-01-02T03:04:50Z","updated_at":"2026-01-02T03:04:55Z","message_count":4,"task_count":5}]}`,
			run}, `c3 "s" 4/5 50-55, c1 "" 0/1 4-4`},
		{"a snapshot of nothing", []step{run, `system - {"type":"CONTEXTS_SNAPSHOT","contexts":[]}`}, ``},
		{"a snapshot without a list", []step{run, `system c1 {"type":"CONTEXTS_SNAPSHOT"}`}, `c1 "" 0/1 0-1`},
		{"a snapshot may say what was seen", []step{
			`system - {"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"c1","task_count":1,"seen":".CNyDB7V752w"}]}`, run, say}, `c1 "" 1/1 0-2`},
		{"and what was deleted", []step{
			`system - {"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"c3"}],"deleted":["c2","c1","c3"]}`, run, other, `agui c3 {"type":"CUSTOM"}`}, `c3 "" 0/0 0-3`},
		{"a snapshot forgets seen ids", []step{run, `system - {"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"c1","task_count":1}]}`, run}, `c1 "" 0/2 1-2`},
	} {
		if got := foldOf(0, tt.steps...); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestTheLeastRecentlyUsedContextLeaves(t *testing.T) {
	const a, b, c = step(`agui a {"type":"CUSTOM"}`), step(`agui b {"type":"CUSTOM"}`), step(`agui c {"type":"CUSTOM"}`)
	if got, want := foldOf(2, a, b, a, c), `c "" 0/0 3-3, a "" 0/0 0-2`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	list := step(`system - {"type":"CONTEXTS_SNAPSHOT","contexts":[{"context_id":"a"},{"context_id":"b"},{"context_id":"c"}]}`)
	if got, want := foldOf(2, list), `a "" 0/0 0-0, b "" 0/0 0-0`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := foldOf(2, list, c), `c "" 0/0 1-1, a "" 0/0 0-0`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSixteenIDsAreRemembered(t *testing.T) {
	run := func(i int) step { return step(fmt.Sprintf(`agui c {"type":"RUN_STARTED","runId":"%d"}`, i)) }
	var steps []step
	for i := range 16 {
		steps = append(steps, run(i))
	}
	for _, tt := range []struct {
		name string
		more []step
		want string
	}{
		{"the oldest of 16 is known", []step{run(0)}, `0/16`},
		{"of 17 it is not", []step{run(16), run(0)}, `0/18`},
		{"seen again it is the newest", []step{run(0), run(16), run(0)}, `0/17`},
		{"and another the oldest", []step{run(0), run(16), run(1)}, `0/18`},
	} {
		got := strings.Fields(foldOf(0, append(steps[:16:16], tt.more...)...))[2]
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestAThousandDeletionsAreRemembered(t *testing.T) {
	var steps []step
	for i := range 1000 {
		steps = append(steps, step(fmt.Sprintf(`system c%d {"type":"CONTEXT_DELETED"}`, i)))
	}
	const late, more = step(`agui c0 {"type":"CUSTOM"}`), step(`system x {"type":"CONTEXT_DELETED"}`)
	for _, tt := range []struct {
		name  string
		steps []step
		known bool
	}{
		{"the oldest of 1000 stays deleted", []step{late}, false},
		{"of 1001 it does not", []step{more, late}, true},
		{"deleted again it is the newest", []step{steps[0], more, late}, false},
	} {
		if got := foldOf(0, append(steps[:1000:1000], tt.steps...)...); (got != "") != tt.known {
			t.Errorf("%s: got %q", tt.name, got)
		}
	}
}

// The type that an event says counts before that of its payload.
func TestTheTypeOfTheEventCountsFirst(t *testing.T) {
	for _, tt := range []struct {
		e    tidings.Event
		want string
	}{
		{tidings.Event{Channel: tidings.AGUI, Type: "RUN_STARTED", Data: []byte(`{"type":"CUSTOM","runId":"r"}`)}, "0/1"},
		{tidings.Event{Channel: tidings.AGUI, Type: "CUSTOM", Data: []byte(`{"type":"RUN_STARTED","runId":"r"}`)}, "0/0"},
		{tidings.Event{Channel: tidings.System, Type: "CONTEXT_CREATED", Data: []byte(`{"type":"HEARTBEAT"}`)}, "0/0"},
		{tidings.Event{Channel: tidings.System, Type: "CONTEXT_CREATED", Data: []byte(`{"type":7}`)}, "0/0"},
		{tidings.Event{Channel: tidings.System, Type: "HEARTBEAT", Data: []byte(`{"type":"CONTEXT_CREATED"}`)}, "none"},
		{tidings.Event{Channel: tidings.A2A, Type: "message", Data: []byte(`{"task":{"id":"t"}}`)}, "0/1"},
	} {
		tt.e.Session = "c"
		fold := contexts.NewFold(0)
		fold.Apply(&tt.e)
		got := "none"
		for _, c := range fold.Contexts() {
			got = fmt.Sprintf("%d/%d", c.Messages, c.Tasks)
		}
		if got != tt.want {
			t.Errorf("%s, type %s: got %s, want %s", tt.e.Data, tt.e.Type, got, tt.want)
		}
	}
}
