package httpapi_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// aloud answers with the path.
var aloud = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })

// from returns the status that a handler answers with to a request from an address.
func from(a *api, h http.Handler, addr, path string, headers ...string) int {
	w, r := newRecorder(), a.request("GET", path, "", headers...)
	r.RemoteAddr = addr
	h.ServeHTTP(w, r)
	return w.Code
}

func TestAnyoneIsServedWhereThatIsSaid(t *testing.T) {
	a := serve(t, &httpapi.Options{Anyone: true, Metrics: aloud})
	admin, own := a.h.Admin(aloud, true), a.h.Admin(aloud, false)
	for headers, want := range map[string]int{
		"Host: 10.0.0.1:8080": 200, "Host: [2001:db8::1]": 200, "Host: [fe80::1%25eth0]:80": 200, "Host: tidings:8080": 200, "Host: localhost": 200, "Host: TIDINGS": 200,
		"Host: tidings.default.svc.cluster.local:80": 200, "Host: hub.internal": 200, "Host: hub.internal.": 200,
		"Host: hub.home.arpa": 200, "Host: tidings:8080|X-Forwarded-For: 1.2.3.4": 200, "Host: tidings:8080|Via: 1.1 proxy": 200,
		"Host: tidings:8080|Origin: http://tidings:8080": 200, "Host: tidings|Origin: https://tidings|Sec-Fetch-Site: same-origin": 200,
		"Host: evil.example": 403, "Host: evil.example:80": 403, "Host: local": 200, "Host: evil.example.": 403, "Host: 10.0.0.1.evil.example": 403, "Host: internal.evil.example": 403,
		"Host: tidings:8080|Origin: https://evil.example": 403, "Host: tidings:8080|Origin: http://tidings:8081": 403, "Host: tidings:8080|Origin: null": 403,
		"Host: tidings:8080|Origin: ftp://tidings:8080": 403, "Host: tidings|Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: cors": 403,
	} {
		for _, path := range []string{"/v1/feed?user=a", "/health/live", "/health/ready", "/metrics"} {
			if got := from(a, a.h, "10.0.0.7:1", path, strings.Split(headers, "|")...); got != want {
				t.Errorf("%s %s: got %d, want %d", path, headers, got, want)
			}
			if got := from(a, admin, "10.0.0.7:1", path, strings.Split(headers, "|")...); got != want {
				t.Errorf("admin %s %s: got %d, want %d", path, headers, got, want)
			}
			if got := from(a, own, "10.0.0.7:1", path, strings.Split(headers, "|")...); got != 403 {
				t.Errorf("admin of this machine %s %s: got %d", path, headers, got)
			}
		}
	}
}

// TestAdminAsksNobodyWhoHeIs has a server that does so everywhere else.
func TestAdminAsksNobodyWhoHeIs(t *testing.T) {
	a := serve(t, &httpapi.Options{Anyone: true, Authenticate: func(*http.Request) (httpapi.Access, error) { return httpapi.Access{}, httpapi.ErrUnauthorized }})
	admin := a.h.Admin(aloud, false)
	for path, want := range map[string]int{"/health/live": 200, "/health/ready": 200, "/v1/feed?user=a": 200, "/metrics": 200} {
		if got := from(a, admin, "127.0.0.1:1", path, "Host: localhost"); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
		if got := from(a, admin, "127.0.0.1:1", path, "Host: evil.example"); got != 403 {
			t.Errorf("%s of another name: got %d", path, got)
		}
	}
	a.get("/v1/feed?user=a").is(t, 401, wire.Unauthorized)
	a.h.Drain(canceled())
	if got := from(a, admin, "127.0.0.1:1", "/health/ready", "Host: localhost"); got != 503 {
		t.Errorf("at the end: got %d", got)
	}
}

// serveSocket serves a hub on a Unix socket, and returns a client of it that gives
// its own end a name, if that is not empty.
func serveSocket(t *testing.T, opts *httpapi.Options) (as func(name string) *api) {
	t.Helper()
	hub := newHub(t, nil, nil)
	h := httpapi.New(hub, opts)
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnContext = h.ConnContext
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { h.Drain(canceled()) })
	return func(name string) *api {
		dialer := new(net.Dialer)
		if name != "" {
			dialer.LocalAddr = &net.UnixAddr{Name: name, Net: "unix"}
		}
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}}
		t.Cleanup(transport.CloseIdleConnections)
		return &api{t, hub, h, "http://localhost", &http.Client{Transport: transport}}
	}
}

// TestUnixSocketsAreOfThisMachine has programs that give themselves names.
func TestUnixSocketsAreOfThisMachine(t *testing.T) {
	as := serveSocket(t, onPath(nil))
	for _, name := range []string{"", filepath.Join(t.TempDir(), "10.0.0.1:1")} {
		a := as(name)
		for headers, want := range map[string]int{"Host: localhost": 200, "Host: evil.example": 403, "X-Forwarded-For: 1.2.3.4": 403, "Origin: https://evil.example": 403} {
			if got := a.get("/v1/feed?user=a", headers); got.status != want {
				t.Errorf("%q %s: got %d", name, headers, got.status)
			}
		}
		a.client.CloseIdleConnections() // a name is taken as long as its connection is open
	}
}

// TestStreamsOverUnixSocketsTakeTheRawPath asks the figures which one they took.
func TestStreamsOverUnixSocketsTakeTheRawPath(t *testing.T) {
	a := serveSocket(t, &httpapi.Options{Delivery: httpapi.Raw})("")
	r := a.follow("/v1/stream/agui?user=alice")
	r.expect("at 0")
	a.publish("alice", `1`)
	r.expect("1 1")
	want := `"delivery":{"raw":1,"portable":0}`
	if runtime.GOOS != "linux" {
		want = `"delivery":{"raw":0,"portable":1}`
	}
	if got := a.do("GET", "/v1/stats?user=alice", ""); !strings.Contains(got.body, want) {
		t.Errorf("got %s", got.body)
	}
}
