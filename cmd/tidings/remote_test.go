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
