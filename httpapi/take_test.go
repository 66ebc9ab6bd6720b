package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
)

// A wrapper is a listener whose connections something has to do with.
type wrapper struct{ net.Listener }

// A wrappedConn is one of them.
type wrappedConn struct{ net.Conn }

func (l wrapper) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return wrappedConn{c}, err
}

// TestStreamsTakeTheBestPathTheyCan asks the figures which one they took. Where a
// connection was taken over net/http does not make chunks of its stream.
func TestStreamsTakeTheBestPathTheyCan(t *testing.T) {
	raw := `"delivery":{"raw":1,"portable":0}`
	if runtime.GOOS != "linux" {
		raw = `"delivery":{"raw":0,"portable":1}`
	}
	const portable = `"delivery":{"raw":0,"portable":1}`
	for _, tt := range []struct {
		name, want string
		delivery   httpapi.Delivery
		taken      bool
		serve      func(h *httpapi.Handler, s *httptest.Server)
	}{
		{"plain", raw, httpapi.Raw, true, func(_ *httpapi.Handler, s *httptest.Server) { s.Start() }},
		{"not asked for", portable, httpapi.ByRequest, false, func(_ *httpapi.Handler, s *httptest.Server) { s.Start() }},
		{"portable asked for", portable, httpapi.Portable, true, func(_ *httpapi.Handler, s *httptest.Server) { s.Start() }},
		{"TLS", portable, httpapi.Raw, true, func(_ *httpapi.Handler, s *httptest.Server) { s.StartTLS() }},
		{"HTTP/2", portable, httpapi.Raw, false, func(_ *httpapi.Handler, s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }},
		{"no ConnContext", portable, httpapi.Raw, true, func(_ *httpapi.Handler, s *httptest.Server) { s.Config.ConnContext = nil; s.Start() }},
		{"wrapped connections", portable, httpapi.Raw, true, func(_ *httpapi.Handler, s *httptest.Server) { s.Listener = wrapper{s.Listener}; s.Start() }},
		{"wrapped answers", portable, httpapi.Raw, false, func(h *httpapi.Handler, s *httptest.Server) {
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrapped{w}, r) })
			s.Start()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hub := newHub(t, nil, nil)
			h := httpapi.New(hub, &httpapi.Options{Delivery: tt.delivery})
			server := httptest.NewUnstartedServer(h)
			server.Config.ConnContext = h.ConnContext
			tt.serve(h, server)
			t.Cleanup(server.Close)
			a := &api{t, hub, h, server.URL, server.Client()}
			r := a.follow("/v1/stream/agui?user=alice")
			r.expect("at 0")
			if chunked := slices.Contains(r.res.TransferEncoding, "chunked"); r.res.ProtoMajor == 1 && chunked == tt.taken {
				t.Errorf("got the transfer encoding %v", r.res.TransferEncoding)
			}
			a.publish("alice", `1`)
			r.expect("1 1")
			if got := a.do("GET", "/v1/stats?user=alice", ""); !strings.Contains(got.body, tt.want) {
				t.Errorf("got %s", got.body)
			}
			r.close()
			eventually(t, func() bool {
				return strings.Contains(a.do("GET", "/v1/stats?user=alice", "").body, `"delivery":{"raw":0,"portable":0}`)
			})
		})
	}
}

// TestHeadOfAStream reads it as it comes over the wire.
func TestHeadOfAStream(t *testing.T) {
	for _, version := range []string{"1.0", "1.1"} {
		a := serve(t, nil)
		c, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET /v1/stream/agui?user=alice HTTP/%s\r\nHost: localhost\r\n\r\n", version)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, len(": connected\n"))
		if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != ": connected\n" {
			t.Errorf("got %q, %v", first, err)
		}
		if res.Status != "200 OK" || res.Proto != "HTTP/"+version || !res.Close || res.Header.Get("Content-Type") != "text/event-stream" ||
			res.Header.Get("X-Accel-Buffering") != "no" || res.Header.Get("Date") == "" || path != httpapi.ByRequest && len(res.TransferEncoding) > 0 {
			t.Errorf("HTTP/%s: got %s, %v", version, res.Proto, res.Header)
		}
		c.Close()
	}
}

// eventually waits until something is so that comes by itself.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 20 seconds")
		}
	}
}
