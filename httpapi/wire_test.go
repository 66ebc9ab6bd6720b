package httpapi_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http/httputil"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

var update = flag.Bool("update", false, "rewrite testdata")

// The files in testdata/wire hold requests and, behind them, the whole
// response. Positions, times and retry times are replaced, because they differ
// from run to run. Each file meets a hub with the same few events.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkWire(t, file) })
		})
	}
}

func checkWire(t *testing.T, file string) {
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var opts *httpapi.Options
	if filepath.Base(file) == "browsers.txt" {
		opts = browsers()
	}
	a, ids := wireAPI(t, opts)
	var now bytes.Buffer
	for _, exchange := range strings.Split(string(old), "-- request --\n")[1:] {
		request, _, _ := strings.Cut(exchange, "-- response --\n")
		fmt.Fprintf(&now, "-- request --\n%s-- response --\n%s", request, a.exchange(ids.Replace(request)))
	}
	if path != httpapi.ByRequest {
		compareTaken(t, now.String(), string(old))
	} else if *update {
		if err := os.WriteFile(file, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if now.String() != string(old) {
		t.Errorf("got\n%s\nwant\n%s", now.String(), old)
	}
}

// compareTaken compares what is said on a connection that was taken over, of which
// the end is that of the response.
func compareTaken(t *testing.T, got, want string) {
	t.Helper()
	unchunked := strings.NewReplacer("Transfer-Encoding: chunked\n", "", "\n\n\n", "\n\n")
	if unchunked.Replace(got) != unchunked.Replace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// wireAPI serves a hub with events of every channel, and returns how their
// positions are written in requests: {1} is the first one's.
func wireAPI(t *testing.T, opts *httpapi.Options) (*api, *strings.Replacer) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 2}})
	t.Cleanup(func() { log.Close() })
	limited := httpapi.Options{}
	if opts != nil {
		limited = *opts
	}
	limited.Limits = httpapi.Limits{Connections: 900, Accepted: 950}
	a := serveInMemory(t, newHub(t, log, nil), &limited, nil)
	var ids []string
	for i, e := range []tidings.Event{
		{User: "alice", Channel: "agui", Session: "t1", Type: "RUN_STARTED", Data: []byte(`{"type":"RUN_STARTED","threadId":"t1","runId":"r1"}`)},
		{User: "alice", Channel: "a2a", Session: "c1", Type: "message", Data: []byte(`{"kind":"message","contextId":"c1"}`)},
		{User: "alice", Channel: "system", Type: "CONTEXT_CREATED", Trace: traceparent, Data: []byte(`{"type":"CONTEXT_CREATED"}`)},
		{User: "bob", Channel: "analytics", Type: "PAGE_VIEW", Data: []byte(`{"type":"PAGE_VIEW"}`)},
		{User: "carol", Channel: "agui", Session: "t2", Type: "CUSTOM", Data: []byte(`1`)},
		{User: "carol", Channel: "agui", Session: "t2", Type: "CUSTOM", Data: []byte(`2`)},
		{User: "carol", Channel: "agui", Session: "t2", Type: "CUSTOM", Data: []byte(`3`)},
	} {
		ids = append(ids, fmt.Sprintf("{%d}", i+1), a.publishEvent(e).String())
	}
	return a, strings.NewReplacer(ids...)
}

// exchange makes a request, which is written as HTTP has it, and returns the
// response. A stream is left after 35 seconds.
func (a *api) exchange(text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	req := a.request(method, path, strings.TrimSuffix(body, "\n"), lines[1:]...)
	res, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	timer := time.AfterFunc(35*time.Second, func() { res.Body.Close() })
	defer timer.Stop()
	dump, _ := httputil.DumpResponse(res, false)
	return shape(string(dump) + (&reader{res: res}).rest())
}

var (
	retryText  = regexp.MustCompile(`retry: \d+`)
	bytesText  = regexp.MustCompile(`"bytes":\d+`)
	headerText = regexp.MustCompile(`(?m)^(Date: .*|Content-Length: .*)\r?\n`)
)

// shape makes responses comparable, and ends them with a line.
func shape(s string) string {
	s = headerText.ReplaceAllString(plain(s), "")
	s = bytesText.ReplaceAllString(s, `"bytes":N`)
	s = strings.ReplaceAll(retryText.ReplaceAllString(s, "retry: MS"), "\r\n", "\n")
	return strings.TrimSuffix(s, "\n") + "\n"
}
