package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Servers that are not there are passed by, whether flags or the environment
// name them; a flag wins.
func TestAnotherServerIsAskedWhereOneDoesNotServe(t *testing.T) {
	_, url := serving(t)
	for _, tt := range []struct {
		env  string
		args []string
	}{
		{"", []string{"--url", "http://127.0.0.1:1", "--url", url}},
		{"", []string{"--url", "http://127.0.0.1:1," + url}},
		{"http://127.0.0.1:1," + url, nil},
		{"ftp://x", []string{"--url", "http://127.0.0.1:1", "--url", url}},
	} {
		t.Setenv("TIDINGS_URL", tt.env)
		if tt.env == "" {
			t.Setenv("TIDINGS_URL", "http://127.0.0.1:3")
		}
		got := finished(t, "", append([]string{"publish", "--user", "alice", "--data", "1"}, tt.args...)...)
		if got.code != 0 || !strings.Contains(got.err, "cannot connect to http://127.0.0.1:1:") || !strings.Contains(got.err, "trying the next server") {
			t.Errorf("%q %v: %+v", tt.env, tt.args, got)
		}
		tail := finished(t, "", append([]string{"tail", "--user", "alice", "--from-start", "--count", "1"}, tt.args...)...)
		if tail.code != 0 || len(parse(t, tail.out)) != 1 {
			t.Errorf("%q %v: %+v", tt.env, tt.args, tail)
		}
	}
}

// Figures are in no log: they are not what --count counts.
func TestTailShowsFiguresOfAnalyticsAlone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		payload := `{"type":"X"}`
		if strings.HasSuffix(r.URL.Path, "feed") {
			payload = `{"channel":"analytics","type":"X","data":{"type":"X"}}`
		}
		fmt.Fprintf(w, "data: %[1]s\n\ndata: %[1]s\n\ndata: %[1]s\nid: 1-1\n\n", payload)
	}))
	defer server.Close()
	const figure, event = `{"channel":"analytics","type":"X","data":{"type":"X"}}` + "\n", `{"id":"1-1","channel":"analytics","type":"X","data":{"type":"X"}}` + "\n"
	for stream, want := range map[string]string{"analytics": figure + figure + event, "feed": event} {
		if got := finished(t, "", "tail", stream, "--count", "1", "--url", server.URL); got.code != 0 || got.out != want {
			t.Errorf("%s: %+v", stream, got)
		}
	}
}

// Of what a real server says, log events alone count, and nothing is skipped.
func TestTailShowsWhatEachStreamCarries(t *testing.T) {
	_, url := serving(t)
	events := `[{"user":"a","channel":"system","data":{"type":"CONTEXT_CREATED","contextId":"t1","name":"First"}},
{"user":"a","channel":"analytics","data":{"type":"PAGE_VIEW","session_id":"s1","page_url":"/"}},
{"user":"a","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t1","runId":"r"}}]`
	publish := func() {
		t.Helper()
		resp, err := http.Post(url+"/v1/events", "application/json", strings.NewReader(events))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	tails := make(map[string]*process)
	for _, stream := range []string{"contexts", "analytics", "feed"} {
		p := start(t, "tail", stream, "--json", "--url", url, "--user", "a", "--count", "1")
		p.line(p.errs, "following "+stream)
		tails[stream] = p
	}
	seen := map[string]string{
		"contexts":  tails["contexts"].line(tails["contexts"].out, "CONTEXTS_SNAPSHOT"),
		"analytics": tails["analytics"].line(tails["analytics"].out, "REAL_TIME_STATS"),
	}
	publish()
	for stream, want := range map[string]string{
		"contexts":  "system  CONTEXTS_SNAPSHOT\nsystem t1 CONTEXT_CREATED",
		"analytics": "analytics  REAL_TIME_STATS, no id\nanalytics  PAGE_VIEW",
		"feed":      "system t1 CONTEXT_CREATED",
	} {
		code, out, errs := tails[stream].end()
		if got := brief(t, strings.TrimSpace(seen[stream]+"\n"+out)); code != 0 || errs != "" || got != want {
			t.Errorf("%s: exit %d, %s\n%s\nwant\n%s", stream, code, errs, got, want)
		}
	}
	all := finished(t, "", "tail", "contexts", "--json", "--url", url, "--user", "a", "--from-start", "--count", "2")
	if got, want := brief(t, all.out), "system t1 CONTEXT_CREATED\nagui t1 RUN_STARTED"; got != want {
		t.Errorf("from the start: %s, want %s", got, want)
	}
}

// brief returns of each line of tail --json what the event is.
func brief(t *testing.T, out string) string {
	t.Helper()
	var lines []string
	for _, p := range parse(t, strings.TrimSpace(out)+"\n") {
		line := p.Channel + " " + p.Session + " " + p.Type
		if p.ID == "" {
			line += ", no id"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
