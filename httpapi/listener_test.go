package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/tidings-dev/tidings/httpapi"
)

// serveSome serves on a listener that accepts so many, and returns its address.
func serveSome(t *testing.T, accepted int) (*httpapi.Handler, string) {
	t.Helper()
	h := httpapi.New(newHub(t, nil, nil), onPath(&httpapi.Options{Limits: httpapi.Limits{Accepted: accepted}}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ConnContext: h.ConnContext, ConnState: h.ConnState}
	go server.Serve(h.Listener(l)) // ends with Close
	t.Cleanup(func() { server.Close() })
	t.Cleanup(func() { h.Drain(canceled()) })
	return h, l.Addr().String()
}

// connected opens a connection and reports whether the server keeps it.
func connected(t *testing.T, addr, request string) (net.Conn, bool) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, false
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprint(c, request)
	_, err = bufio.NewReader(c).ReadString('\n')
	return c, err == nil
}

// What goes over a connection that is open.
const (
	nothing  = "HEAD /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
	aStream  = "GET /v1/stream/agui?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n"
	toTheEnd = "GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n"
)

// used returns how many connections of the network count.
func used(h *httpapi.Handler) (used int, refused uint64) {
	for _, u := range h.Usage() {
		if u.Name == "accepted" {
			return u.Used, u.Refused
		}
	}
	return -1, 0
}

func TestNoMoreConnectionsAreAcceptedThanMayBe(t *testing.T) {
	h, addr := serveSome(t, 4)
	var open []net.Conn
	for _, request := range []string{nothing, aStream, nothing, aStream} {
		c, ok := connected(t, addr, request)
		if !ok {
			t.Fatalf("the connection for %q was closed", request)
		}
		open = append(open, c)
	}
	for range 20 {
		if _, ok := connected(t, addr, nothing); ok {
			t.Error("one too many was accepted")
		}
	}
	if n, refused := used(h); n != 4 || refused != 20 {
		t.Errorf("%d count, %d were refused: want 4, 20", n, refused)
	}
	for i, c := range open {
		c.Close()
		eventually(t, func() bool { n, _ := used(h); return n == 3-i })
	}
	for range 20 {
		c, ok := connected(t, addr, toTheEnd)
		if !ok {
			t.Fatal("the place is not free")
		}
		_, _ = io.Copy(io.Discard, c)
	}
	eventually(t, func() bool { n, _ := used(h); return n == 0 })
}
