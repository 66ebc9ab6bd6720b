package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
)

// An unruly client does on its connection what no browser does.
type unruly struct {
	*net.TCPConn
	t      *testing.T
	stream *bufio.Reader
}

// unrulyAfter opens a stream, with what a client sends right after its request,
// and reads until events may come.
func unrulyAfter(t *testing.T, a *api, more string) *unruly {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "GET /v1/stream/agui?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n%s", more)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	u := &unruly{c.(*net.TCPConn), t, bufio.NewReader(res.Body)}
	u.until("id: ")
	return u
}

// until reads lines until one begins as asked for.
func (u *unruly) until(prefix string) {
	u.t.Helper()
	for {
		switch line, err := u.stream.ReadString('\n'); {
		case err != nil:
			u.t.Fatalf("the stream ended before %q: %v", prefix, err)
		case strings.HasPrefix(line, prefix):
			return
		}
	}
}

// TestWhatAClientSendsOnItsStreamIsNoRequest has it come with the request, and
// later: a second request, and what is none.
func TestWhatAClientSendsOnItsStreamIsNoRequest(t *testing.T) {
	const second = "GET /v1/stats?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, sent := range []string{second, "\x00", strings.Repeat("no request at all ", 10_000)} {
		a := serve(t, nil)
		with := unrulyAfter(t, a, sent)
		later := unrulyAfter(t, a, "")
		if _, err := io.WriteString(later, sent); err != nil {
			t.Fatal(err)
		}
		for n := range 20 {
			data := fmt.Sprintf(`{"n":%d}`, n)
			a.publish("alice", data)
			with.until("data: " + data)
			later.until("data: " + data)
		}
	}
}

// TestAClientThatClosesItsHalfOrDiesGivesItsPlaceBack does so while nothing is
// sent to it, so only its own end says that it is gone.
func TestAClientThatClosesItsHalfOrDiesGivesItsPlaceBack(t *testing.T) {
	for what, leave := range map[string]func(c *unruly) error{
		"half":  func(c *unruly) error { return c.CloseWrite() },
		"close": func(c *unruly) error { return c.Close() },
		"reset": func(c *unruly) error { _ = c.SetLinger(0); return c.Close() },
	} {
		t.Run(what, func(t *testing.T) {
			hub, ends := hubWithEnds(t)
			a := serveHub(t, hub, nil)
			c := unrulyAfter(t, a, "")
			if err := leave(c); err != nil {
				t.Fatal(err)
			}
			<-ends
			eventually(t, func() bool { return hub.Connections("agui").ConnectionCount("alice") == 0 })
			if n := hub.Stats().Subscribers; n != 0 {
				t.Errorf("%d subscribers are left", n)
			}
		})
	}
}

// TestAClientThatSentBytesAndDiesGivesItsPlaceBack publishes until it does: a
// server of HTTP that has read such bytes does not look for the end any more, and
// notices it when it writes.
func TestAClientThatSentBytesAndDiesGivesItsPlaceBack(t *testing.T) {
	hub, ends := hubWithEnds(t)
	a := serveHub(t, hub, nil)
	c := unrulyAfter(t, a, "more")
	_, _ = io.WriteString(c, "and more")
	c.Close()
	for n := 0; ; n++ {
		select {
		case <-ends:
			return
		default:
			a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Data: fmt.Appendf(nil, `{"n":%d}`, n)})
		}
	}
}
