package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// kept shows what a hub has of an owner: channel/session/type/trace=data.
func (a *api) kept(user string) string {
	a.t.Helper()
	snapshot, err := a.hub.Snapshot(a.t.Context(), tidings.Selector{User: user}, 0)
	if err != nil {
		a.t.Fatal(err)
	}
	var all []string
	for _, e := range snapshot.Events {
		all = append(all, fmt.Sprintf("%s/%s/%s/%s=%s", e.Channel, e.Session, e.Type, e.Trace, e.Data))
	}
	return strings.Join(all, "\n")
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestEventsAreFilledFromTheirPayload(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"user":"u","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t"}}`, `agui/t/RUN_STARTED/={"type":"RUN_STARTED","threadId":"t"}`},
		{`{"user":"u","channel":"agui","session":"own","type":"MINE","data":{"type":"RUN_STARTED","threadId":"t"}}`, `agui/own/MINE/={"type":"RUN_STARTED","threadId":"t"}`},
		{`{"user":"u","channel":"agui","session":"own","type":"MINE","data":1}`, `agui/own/MINE/=1`},
		{`{"user":"u","channel":"a2a","data":{"task":{"id":"t","contextId":"c"}}}`, `a2a/c/task/={"task":{"id":"t","contextId":"c"}}`},
		{`{"user":"u","channel":"a2a","data":{"kind":"message","messageId":"m"}}`, `a2a//message/={"kind":"message","messageId":"m"}`},
		{`{"user":"u","channel":"system","data":{"type":"X"},"trace":"mine"}`, `system//X/mine={"type":"X"}`},
		{`{"user":"u","channel":"system","data":{"type":"CONTEXT_CREATED","contextId":"c"}}`, `system/c/CONTEXT_CREATED/={"type":"CONTEXT_CREATED","contextId":"c"}`},
		{`{"user":"u","channel":"analytics","data":{"type":"PAGE_VIEW","session_id":"s"}}`, `analytics/s/PAGE_VIEW/={"type":"PAGE_VIEW","session_id":"s"}`},
		{`{"u\u0073er":"u","channel":"analytics","key":"k","type":"\u00e9","data":null}`, `analytics//é/=null`},
	} {
		a := serve(t, nil)
		a.post("/v1/events", tt.body).ok(t)
		if got := a.kept("u"); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestEventsInheritTheRunWithinABodyAndAnOwner(t *testing.T) {
	a := serve(t, nil)
	a.postLines("/v1/events", `
{"user":"u","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t1"}}
{"user":"v","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t2"}}

{"user":"u","channel":"agui","data":{"type":"STEP_STARTED"}}
{"user":"u","channel":"agui","session":"t3","data":{"type":"STEP_STARTED"}}
{"user":"v","channel":"agui","data":{"type":"RUN_FINISHED"}}
`, "Traceparent: "+traceparent).ok(t)
	want := `agui/t1/RUN_STARTED/TR={"type":"RUN_STARTED","threadId":"t1"}
agui/t1/STEP_STARTED/TR={"type":"STEP_STARTED"}
agui/t3/STEP_STARTED/TR={"type":"STEP_STARTED"}
agui/t2/RUN_FINISHED/TR={"type":"RUN_FINISHED"}`
	got := a.kept("u") + "\n" + a.kept("v")[strings.Index(a.kept("v"), "\n")+1:]
	if want = strings.ReplaceAll(want, "TR", traceparent); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	refused := a.postLines("/v1/events", `{"user":"u","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t1"}}
{"user":"v","channel":"agui","data":{"type":"STEP_STARTED"}}`)
	if refused.is(t, 400, wire.SessionMissing); !strings.HasPrefix(refused.detail, "line 2: ") || !strings.Contains(refused.body, `"index":1`) {
		t.Errorf("got %s", refused.body)
	}
}

func TestPublishTakesWhatAnAgentEmits(t *testing.T) {
	for _, tt := range []struct{ path, body, want string }{
		{"agui?user=u", `{"type":"RUN_STARTED","thread_id":"t"}`, `agui/t/RUN_STARTED/={"type":"RUN_STARTED","thread_id":"t"}`},
		{"agui?user=u&session=s", `{"type":"RUN_STARTED","threadId":"t"}`, `agui/s/RUN_STARTED/={"type":"RUN_STARTED","threadId":"t"}`},
		{"agui?user=u&session=s&type=X", `{"type":"Y"}`, `agui/s/X/={"type":"Y"}`},
		{"a2a?user=u", `{"jsonrpc":"2.0","id":1,"result":{"statusUpdate":{"contextId":"c", "taskId":"t"}}}`, `a2a/c/statusUpdate/={"statusUpdate":{"contextId":"c", "taskId":"t"}}`},
		{"a2a?user=u&session=s&type=x", `{"jsonrpc":"2.0","id":1,"result":{"kind":"task","id":"t"}}`, `a2a/s/x/={"kind":"task","id":"t"}`},
		{"system?user=u", `{"type":"CONTEXT_CREATED"}`, `system//CONTEXT_CREATED/={"type":"CONTEXT_CREATED"}`},
		{"system?user=u", `{"type":7}`, `system///={"type":7}`},
		{"analytics?user=u&type=B&session=s", `{"type":"A"}`, `analytics/s/B/={"type":"A"}`},
		{"analytics?user=u", `[{"type":"A"}]`, `analytics///=[{"type":"A"}]`},
	} {
		a := serve(t, nil)
		a.post("/v1/publish/"+tt.path, tt.body).ok(t)
		if got := a.kept("u"); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestPublishLines(t *testing.T) {
	a := serve(t, nil)
	body := a.postLines("/v1/publish/agui?user=u", "{\"type\":\"RUN_STARTED\",\"threadId\":\"t\"}\r\n\n  {\"type\":\"STEP_STARTED\"}  \n{\"type\":\"RUN_FINISHED\"}").ok(t)
	if want := `{"receipts":[{"id":"#1","duplicate":false,"subscribers":0},{"id":"#2","duplicate":false,"subscribers":0},{"id":"#3","duplicate":false,"subscribers":0}]}` + "\n"; plain(body) != want {
		t.Errorf("got %s", body)
	}
	if got, want := a.kept("u"), `agui/t/RUN_STARTED/={"type":"RUN_STARTED","threadId":"t"}
agui/t/STEP_STARTED/={"type":"STEP_STARTED"}
agui/t/RUN_FINISHED/={"type":"RUN_FINISHED"}`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestRefusedWhole(t *testing.T) {
	a := serve(t, nil)
	good := `{"user":"u","channel":"system","data":1}`
	for _, tt := range []struct{ bad, detail string }{
		{`{"user":"u","channel":"system","data":1,"extra":2}`, `unknown member "extra": want user, channel, session, type, key, trace, data`},
		{`{"user":"u","user":"u","channel":"system","data":1}`, `member "user" is given twice`},
		{`{"user":"u","\u0075ser":"u","channel":"system","data":1}`, `member "user" is given twice`},
		{`{"user":7,"channel":"system","data":1}`, `member "user" is a number: want`},
		{`{"user":"u","channel":"system","session":null,"data":1}`, `member "session" is null: want`},
		{`{"user":"\ud800","channel":"system","data":1}`, `member "user" is a string: want a string of valid Unicode`},
		{`{"user":"u","channel":"system"}`, `member "data" is missing`},
		{`{"user":"u","channel":"nope","data":1}`, `invalid channel "nope": want one of a2a, agui, analytics, system`},
		{`{"user":"u","channel":"tidings.control","data":1}`, `invalid channel "tidings.control": want one of`},
		{`{"user":"u","channel":"system","session":" s","data":1}`, `invalid session " s": want`},
		{`{"user":"u","channel":"agui","data":{"type":"X"}}`, `agui: event without a session`},
		{`{"user":"u","channel":"agui","data":[{"type":"X"}]}`, `agui: invalid event: found an array`},
		{`{"user":"u","channel":"a2a","data":{"x":1}}`, `a2a: invalid event: found none of`},
		{`7`, `found a number, want an object`},
	} {
		got := a.post("/v1/events", `[`+good+`,`+tt.bad+`]`)
		if got.status != 400 || !strings.HasPrefix(got.detail, "event 1: "+tt.detail) || !strings.Contains(got.body, `"index":1`) {
			t.Errorf("%s: got %d %s", tt.bad, got.status, got.body)
		}
		got = a.postLines("/v1/events", good+"\n\n"+tt.bad)
		if got.status != 400 || !strings.HasPrefix(got.detail, "line 3: "+tt.detail) {
			t.Errorf("%s: got %d %s", tt.bad, got.status, got.detail)
		}
		got = a.post("/v1/events", tt.bad)
		if got.status != 400 || !strings.HasPrefix(got.detail, tt.detail) || strings.Contains(got.body, "index") {
			t.Errorf("%s: got %d %s", tt.bad, got.status, got.body)
		}
	}
	if n := a.hub.Stats().Published; n != 0 {
		t.Errorf("%d events were published", n)
	}
}

func TestKeysMakeRetriesHarmless(t *testing.T) {
	a := serve(t, nil)
	first := a.post("/v1/publish/system?user=u&key=k", `1`).ok(t)
	again := a.post("/v1/publish/system?user=u&key=k", `2`).ok(t)
	if want := strings.Replace(first, "false", "true", 1); again != want {
		t.Errorf("got %s, want %s", again, want)
	}
	const batch = `[{"user":"u","channel":"system","key":"a","data":1},{"user":"u","channel":"system","key":"b","data":2}]`
	first = a.post("/v1/events", batch).ok(t)
	if again, want := a.post("/v1/events", batch).ok(t), strings.ReplaceAll(first, "false", "true"); again != want {
		t.Errorf("got %s, want %s", again, want)
	}
	a.postLines("/v1/publish/system?user=u&key=k2", "1\n2").is(t, 400, wire.Invalid)
	if got, want := a.kept("u"), "system///=1\nsystem///=1\nsystem///=2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReceiptsCountSubscribers(t *testing.T) {
	a := serve(t, nil)
	for range 3 {
		a.follow("/v1/stream/contexts?user=u").expect("0 " + noContexts)
	}
	if got, want := plain(a.post("/v1/publish/system?user=u", `1`).ok(t)), `{"id":"#1","duplicate":false,"subscribers":3}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMalformedTraceparentIsIgnored(t *testing.T) {
	for value, want := range map[string]string{
		traceparent: traceparent, "x": "", strings.ToUpper(traceparent): "", traceparent + "-future": traceparent + "-future",
		strings.Replace(traceparent, "-b", "_b", 1): "", traceparent[:54]: "", "----" + strings.Repeat("0", 51): "",
	} {
		a := serve(t, nil)
		a.post("/v1/publish/system?user=u", `1`, "Traceparent: "+value).ok(t)
		if got := a.kept("u"); got != "system///"+want+"=1" {
			t.Errorf("%q: got %s", value, got)
		}
	}
}

// A detail is one line: it is printed, logged and shown.
func TestDetailsAreOneLine(t *testing.T) {
	a := serve(t, nil)
	for _, route := range []string{"/v1/publish/agui?user=a", "/v1/publish/a2a?user=a", "/v1/events?user=a"} {
		got := a.post(route, `[{"type":"RUN_STARTED"},1]`)
		if got.status != 400 || strings.Contains(got.detail, "\n") {
			t.Errorf("%s: got %d %q", route, got.status, got.detail)
		}
	}
	got := a.post("/v1/publish/agui?user=a", `[]`)
	if !strings.Contains(got.detail, "send several events as NDJSON") {
		t.Errorf("got %q", got.detail)
	}
}
