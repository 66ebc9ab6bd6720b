package httpapi_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
)

// A briefRecorder has a stream end with its first word.
type briefRecorder struct {
	*httptest.ResponseRecorder
	end context.CancelFunc
}

func (b briefRecorder) Write(p []byte) (int, error) {
	defer b.end()
	return b.ResponseRecorder.Write(p)
}

// A stream needs these, and a request that publishes line by line.
func (briefRecorder) SetWriteDeadline(time.Time) error { return nil }
func (briefRecorder) SetReadDeadline(time.Time) error  { return nil }
func (briefRecorder) EnableFullDuplex() error          { return nil }

// Whatever is sent to whichever route, nothing panics, nothing is the server's
// fault, and who has no token gets nothing.
func FuzzRoutes(f *testing.F) {
	for _, seed := range []string{
		"GET /v1/stream/agui?session=s&after=1-1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer alice\r\n\r\n",
		"GET /v1/stream/feed?user=alice&from=start HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer root\r\nLast-Event-ID: 1-1\r\n\r\n",
		"HEAD /v1/stream/contexts?ticket=a.b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /v1/stream/agui?connection=XXXXXXXXXXXXXXXX HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer alice\r\n\r\n",
		"GET /v1/feed?limit=1&types=a,b HTTP/1.1\r\nHost: h\r\nCookie: __Host-t=alice\r\nOrigin: https://app.example\r\n\r\n",
		"GET /v1/sessions/s%2Fx/feed?stream=agui HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer bob\r\n\r\n",
		"POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{\"channel\":\"system\",\"data\":1}",
		"POST /v1/publish/agui?session=s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer alice\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\n\r\n",
		"DELETE /v1/events?user=alice HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer root\r\n\r\n",
		"POST /v1/tickets HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"stream\":\"agui\"}",
		"POST /v1/revocations HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer root\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"token\":\"x\"}",
		"POST /v1/cookie HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer alice\r\n\r\n",
		"OPTIONS /v1/feed HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n\r\n",
		"GET /v1/stats HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer root\r\nX-Forwarded-For: a, b\r\n\r\n",
		"GET /health/ready HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		f.Add(seed)
	}
	hub := newHub(f, nil, nil)
	h := httpapi.New(hub, &httpapi.Options{Authenticate: people().authenticate, Cookie: "t", Origins: []string{"https://app.example"}})
	f.Fuzz(func(t *testing.T, text string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return
		}
		ctx, end := context.WithCancel(t.Context())
		defer end()
		w := briefRecorder{httptest.NewRecorder(), end}
		if r.Method != http.MethodGet { // whose end would be that of what it does
			w.end = func() {}
		}
		r.RemoteAddr = "192.0.2.1:1"
		h.ServeHTTP(w, r.WithContext(ctx))
		if w.Code >= 500 {
			t.Errorf("%q: got %d %s", text, w.Code, w.Body)
		}
		known := strings.Contains(text, "alice") || strings.Contains(text, "bob") || strings.Contains(text, "root")
		if !known && w.Code == 200 && strings.HasPrefix(r.URL.Path, "/v1/") {
			t.Errorf("%q: got %d %s", text, w.Code, w.Body)
		}
	})
}
