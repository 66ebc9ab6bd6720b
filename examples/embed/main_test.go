package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings/sse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started runs the example until the test ends, and returns its address.
func started(t *testing.T, run func(context.Context, net.Listener) error) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + listener.Addr().String()
}

// browser returns a client that is logged in.
func browser(t *testing.T, base, name string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	post(t, c, base+"/login", url.Values{"name": {name}})
	return c
}

// post sends a form, which has to be accepted.
func post(t *testing.T, c *http.Client, to string, form url.Values) {
	t.Helper()
	resp, err := c.PostForm(to, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", to, resp.Status)
	}
}

func TestSessionsDecideWhoReadsWhat(t *testing.T) {
	base := started(t, run)
	alice, bob := browser(t, base, "alice"), browser(t, base, "bob")
	post(t, bob, base+"/say", url.Values{"text": {"from bob"}})
	post(t, alice, base+"/say", url.Values{"text": {"from \"alice\"\x00"}})
	stream, err := alice.Get(base + "/v1/stream/agui?from=start")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	for e, err := range sse.NewDecoder(stream.Body, nil).Events() {
		if err != nil || !strings.Contains(string(e.Data), `from \"alice\"\u0000`) {
			t.Errorf("alice gets %s, %v", e.Data, err)
		}
		break
	}
	for path, want := range map[string]int{"?user=bob": http.StatusForbidden, "": http.StatusUnauthorized} {
		c := alice
		if want == http.StatusUnauthorized {
			c = &http.Client{Timeout: 10 * time.Second}
		}
		if status, body := get(t, c, base+"/v1/stream/agui"+path); status != want {
			t.Errorf("%q: %d %s, want %d", path, status, body, want)
		}
	}
}

func get(t *testing.T, c *http.Client, from string) (int, string) {
	t.Helper()
	resp, err := c.Get(from)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func TestWhoIsNotLoggedInPublishesNothing(t *testing.T) {
	base := started(t, run)
	resp, err := http.PostForm(base+"/say", url.Values{"text": {"hello"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %s", resp.Status)
	}
}
