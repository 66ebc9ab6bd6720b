package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/nettest"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/sse"
	"go.uber.org/goleak"
)

// TestMain runs all tests with each way in which streams are written.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(allPaths{m})
}

// path says which path streams take, as far as they can.
var path httpapi.Delivery

// allPaths runs all tests on each path.
type allPaths struct{ m *testing.M }

// Run implements what goleak wants.
func (a allPaths) Run() (code int) {
	for _, path = range []httpapi.Delivery{httpapi.ByRequest, httpapi.Portable, httpapi.Raw} {
		code = max(code, a.m.Run())
	}
	return code
}

// onPath returns the options for the path that is tested.
func onPath(opts *httpapi.Options) *httpapi.Options {
	var o httpapi.Options
	if opts != nil {
		o = *opts
	}
	o.Delivery = path
	return &o
}

// An api is a hub that is served.
type api struct {
	t      testing.TB
	hub    *tidings.Hub
	h      *httpapi.Handler
	url    string
	client *http.Client
}

func newHub(t testing.TB, log tidings.Log, opts *tidings.Options) *tidings.Hub {
	t.Helper()
	hub, err := tidings.New(t.Context(), log, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	return hub
}

// serve serves a hub on a socket.
func serve(t testing.TB, opts *httpapi.Options) *api {
	t.Helper()
	return serveHub(t, newHub(t, nil, nil), opts)
}

func serveHub(t testing.TB, hub *tidings.Hub, opts *httpapi.Options) *api {
	t.Helper()
	h := httpapi.New(hub, onPath(opts))
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnContext = h.ConnContext
	server.Start()
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	t.Cleanup(func() { h.Drain(canceled()) })
	return &api{t, hub, h, server.URL, server.Client()}
}

// serveInMemory serves a hub over pipes, for bubbles, in which there is no raw
// path.
func serveInMemory(t testing.TB, hub *tidings.Hub, opts *httpapi.Options, server *http.Server) *api {
	t.Helper()
	opts = onPath(opts)
	opts.Delivery = min(opts.Delivery, httpapi.Portable)
	h := httpapi.New(hub, opts)
	s := nettest.Serve(t, h, server)
	return &api{t, hub, h, s.URL, s.Client}
}

// coarse is how late something may be that is due by the clock: who serves many
// connections does not look at it for each of them.
func coarse() time.Duration {
	if path == httpapi.ByRequest {
		return 0
	}
	return time.Second / 2
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// An answer is a response that was read.
type answer struct {
	status  int
	header  http.Header
	body    string
	problem string // the name of its type
	detail  string
	closed  bool // the connection
}

// do makes a request. Headers are "Name: value".
func (a *api) do(method, path, body string, headers ...string) answer {
	a.t.Helper()
	res, err := a.client.Do(a.request(method, path, body, headers...))
	if err != nil {
		a.t.Fatal(err)
	}
	return read(a.t, res)
}

func (a *api) request(method, path, body string, headers ...string) *http.Request {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Add(name, value)
	}
	return req
}

func read(t testing.TB, res *http.Response) answer {
	t.Helper()
	defer res.Body.Close()
	if res.Request.Method == "GET" && res.Header.Get("Content-Type") == wire.StreamType {
		t.Fatalf("%s: a stream began, which has no end to read to", res.Request.URL)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: string(body), closed: res.Close}
	if res.Header.Get("Content-Type") == wire.ProblemType {
		a.readProblem(t, body)
	}
	return a
}

func (a *answer) readProblem(t testing.TB, body []byte) {
	t.Helper()
	var p wire.Problem
	if len(body) == 0 && a.header.Get("Content-Length") != "0" {
		return // the answer to HEAD
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	a.problem, a.detail = strings.TrimPrefix(p.Type, wire.ProblemBase), p.Detail
	if p.Status != a.status || p.Title == "" || p.Detail == "" {
		t.Errorf("incomplete problem with status %d: %s", a.status, body)
	}
}

func (a *api) get(path string, headers ...string) answer {
	a.t.Helper()
	return a.do("GET", path, "", headers...)
}

func (a *api) post(path, body string, headers ...string) answer {
	a.t.Helper()
	return a.do("POST", path, body, append([]string{"Content-Type: " + wire.JSONType}, headers...)...)
}

func (a *api) postLines(path, body string, headers ...string) answer {
	a.t.Helper()
	return a.do("POST", path, body, append([]string{"Content-Type: " + wire.NDJSONType}, headers...)...)
}

// publish publishes events for an owner's session s, from Go.
func (a *api) publish(user string, payloads ...string) {
	a.t.Helper()
	for _, p := range payloads {
		a.publishEvent(tidings.Event{User: user, Channel: tidings.AGUI, Session: "s", Type: "T", Data: []byte(p)})
	}
}

func (a *api) publishEvent(e tidings.Event) tidings.ID {
	a.t.Helper()
	receipt, err := a.hub.Publish(context.Background(), e)
	if err != nil {
		a.t.Fatal(err)
	}
	return receipt.ID
}

// A reader reads a stream.
type reader struct {
	t      testing.TB
	res    *http.Response
	next   func() (sse.Event, error, bool)
	stop   func()
	lastID string
}

// follow opens a stream and reads its beginning.
func (a *api) follow(path string, headers ...string) *reader {
	a.t.Helper()
	r := a.open(path, headers...)
	if got := r.show(); got != ": connected" {
		a.t.Fatalf("got %s", got)
	}
	return r
}

// open opens a stream.
func (a *api) open(path string, headers ...string) *reader {
	a.t.Helper()
	res, err := a.client.Do(a.request("GET", path, "", headers...))
	if err != nil {
		a.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		a.t.Fatalf("GET %s: %d %s", path, res.StatusCode, read(a.t, res).body)
	}
	r := &reader{t: a.t, res: res}
	r.next, r.stop = iter.Pull2(sse.NewDecoder(res.Body, &sse.Options{Positions: true, Comments: true}).Events())
	a.t.Cleanup(r.close)
	return r
}

// close leaves the stream, as a client does that vanishes.
func (r *reader) close() {
	r.res.Body.Close()
	r.stop()
}

// show returns the next thing of the stream as one string, with sequence
// numbers for ids, or how the stream ended.
func (r *reader) show() string {
	e, err, ok := r.next()
	switch {
	case !ok:
		return "end"
	case err != nil:
		return "error"
	}
	r.lastID = e.ID
	switch e.Kind {
	case sse.Comment:
		return ": " + string(e.Data)
	case sse.Position:
		return "at " + seq(e.ID)
	}
	id := ""
	if e.HasID {
		id = seq(e.ID) + " "
	}
	if e.Name != "" {
		id += e.Name + " "
	}
	return id + ownTimestamps.ReplaceAllString(string(e.Data), `$1"timestamp":"T"`)
}

// ownTimestamps are those of what the server itself says.
var ownTimestamps = regexp.MustCompile(`("(?:CONTEXTS_SNAPSHOT|REAL_TIME_STATS)",)"timestamp":"[^"]*"`)

// What an owner's contexts and analytics streams begin with when there is
// nothing to tell.
const (
	noContexts = `{"protocol":"system","event":{"type":"CONTEXTS_SNAPSHOT","timestamp":"T","contexts":[]}}`
	noFigures  = `{"type":"REAL_TIME_STATS","timestamp":"T","active_sessions":0,"active_users":0,"requests_per_minute":0,"page_views_last_5m":0,"bot_requests_last_5m":0}`
)

// expect compares the next things of the stream.
func (r *reader) expect(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := r.show(); got != w {
			r.t.Fatalf("got %.300s\nwant %.300s", got, w)
		}
	}
}

// expectEnd reads until the stream ends and returns what was read.
func (r *reader) expectEnd() []string {
	var all []string
	for {
		got := r.show()
		if got == "end" || got == "error" {
			return all
		}
		all = append(all, got)
	}
}

func seq(id string) string {
	_, s, _ := strings.Cut(id, "-")
	return s
}

var (
	idText   = regexp.MustCompile(`\d{15,}-(\d+)`)
	timeText = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)
)

// plain replaces what differs from run to run.
func plain(s string) string {
	return timeText.ReplaceAllString(idText.ReplaceAllString(s, "#$1"), "TIME")
}

// payloads returns the data of a feed's events, checked to be cut out of the
// body byte for byte.
func payloads(t testing.TB, body string) []string {
	t.Helper()
	var feed struct {
		Events []struct{ Data json.RawMessage }
	}
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	if err := d.Decode(&feed); err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	var all []string
	for _, e := range feed.Events {
		all = append(all, string(e.Data))
	}
	return all
}

// is fails unless an answer is a problem with the status and name.
func (a answer) is(t testing.TB, status int, problem string) {
	t.Helper()
	if a.status != status || a.problem != problem {
		t.Errorf("got %d %s, want %d %s", a.status, strings.TrimSpace(a.body), status, problem)
	}
}

// ok fails unless the answer is 200, and returns the body.
func (a answer) ok(t testing.TB) string {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	return a.body
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func newHandler(hub *tidings.Hub) *httpapi.Handler { return httpapi.New(hub, nil) }
