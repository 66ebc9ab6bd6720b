package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
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

// reported reports a build of alice's, and returns the status.
func reported(t *testing.T, url, build string) int {
	t.Helper()
	resp, err := http.Post(url+"/builds?user=alice", "application/json", strings.NewReader(build))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestBuildsAreReadOverHTTPAndFromGo(t *testing.T) {
	r, w := io.Pipe()
	url := started(t, func(ctx context.Context, l net.Listener) error { return run(ctx, l, w) })
	t.Cleanup(func() { r.Close() }) // before the end: what is printed then is not read
	for _, build := range []string{`{"id":7,"state":"running"}`, `{"id":7,"state":"passed"}`} {
		if status := reported(t, url, build); status != http.StatusOK {
			t.Fatalf("got %d", status)
		}
	}
	if status := reported(t, url, "7"); status != http.StatusBadRequest {
		t.Errorf("what is no build: %d", status)
	}
	printed := bufio.NewReader(r)
	for _, want := range []string{"alice's build 7: running\n", "alice's build 7: passed\n"} {
		if got, err := printed.ReadString('\n'); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Get(url + "/v1/stream/builds?user=alice&from=start&types=build.passed")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for e, err := range sse.NewDecoder(resp.Body, nil).Events() {
		if err != nil || string(e.Data) != `{"id":7,"state":"passed"}` {
			t.Errorf("got %s, %v", e.Data, err)
		}
		break
	}
}
