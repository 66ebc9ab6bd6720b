package httpapi_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/nettest"
)

// say opens a connection that holds nothing and writes text to it.
func say(t *testing.T, l *nettest.Listener, text string) net.Conn {
	t.Helper()
	c, err := l.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// listen serves a hub with an event on connections that hold nothing.
func listen(t *testing.T) (*api, *nettest.Listener) {
	hub := newHub(t, nil, nil)
	h := httpapi.New(hub, &httpapi.Options{Page: httpapi.New(hub, nil), Metrics: httpapi.New(hub, nil)})
	s := nettest.Serve(t, h, nil)
	a := &api{t, hub, h, s.URL, s.Client}
	a.publish("alice", `"`+strings.Repeat("x", 1000)+`"`)
	return a, s.Listener
}

func TestClientThatDoesNotReadItsAnswerIsCut(t *testing.T) {
	for _, request := range []string{
		"GET /v1/feed HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /assets/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n",
		"POST /v1/publish/system?user=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1",
	} {
		synctest.Test(t, func(t *testing.T) {
			_, l := listen(t)
			c := say(t, l, request)
			time.Sleep(time.Minute)
			if got, _ := io.ReadAll(c); len(got) != 0 {
				t.Errorf("%.40q: still answered after a minute: %.40q", request, got)
			}
		})
	}
}

func TestBodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	const head = " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
	for _, request := range []string{
		"POST /v1/events" + head + "{",
		"POST /v1/publish/system?user=a" + head,
		"GET /v1/feed" + head,
		"GET /v1/stream/agui?user=a" + head,
		"POST /v1/feed" + head,
		"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			_, l := listen(t)
			began := time.Now()
			c := say(t, l, request)
			got, err := io.ReadAll(c)
			if took := time.Since(began); err != nil || took > 15*time.Second {
				t.Errorf("%.40q: after %v: %v, %.40q", request, took, err, got)
			}
		})
	}
}

// What counts is how much comes in a time, not that something does.
func TestBodyThatTricklesIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := listen(t)
		began := time.Now()
		c := say(t, l, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
		var work sync.WaitGroup
		defer work.Wait()
		work.Go(func() {
			for {
				if _, err := io.WriteString(c, " "); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		got, _ := io.ReadAll(c)
		c.Close()
		if took := time.Since(began); took > 15*time.Second || !strings.Contains(string(got), "comes too slowly") {
			t.Errorf("after %v %q", took, got)
		}
	})
}

func TestBodyThatComesSlowlyIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := listen(t)
		payload := `"` + strings.Repeat("x", 1<<20-2) + `"`
		c := say(t, l, "POST /v1/publish/system?user=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\nConnection: close\r\n\r\n")
		for rest := payload; rest != ""; rest = rest[8<<10:] {
			time.Sleep(time.Second)
			if _, err := io.WriteString(c, rest[:8<<10]); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := io.ReadAll(c)
		if n := a.hub.Stats().Published; n != 2 || !strings.HasPrefix(string(got), "HTTP/1.1 200 ") {
			t.Errorf("%d published, %q", n, got)
		}
	})
}
