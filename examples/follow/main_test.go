package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serving returns a hub and a server of it.
func serving(t *testing.T) (*tidings.Hub, string) {
	t.Helper()
	hub, err := tidings.New(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(httpapi.New(hub, nil))
	t.Cleanup(func() {
		server.Close()
		hub.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return hub, server.URL
}

// publish publishes a number.
func publish(t *testing.T, hub *tidings.Hub, n int) {
	t.Helper()
	_, err := hub.Publish(t.Context(), tidings.Event{User: "alice", Channel: tidings.AGUI, Session: "t", Data: fmt.Append(nil, n)})
	if err != nil {
		t.Fatal(err)
	}
}

// followed runs the program until it has printed n lines, and returns what
// they say.
func followed(t *testing.T, url, file string, n int) (said []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, url, "alice", file, w)
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	for len(said) < n && lines.Scan() {
		said = append(said, lines.Text()[strings.LastIndexByte(lines.Text(), ' ')+1:])
	}
	cancel()
	go io.Copy(io.Discard, r) // until w is closed
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	return said
}

func TestFollowGoesOnWhereItWas(t *testing.T) {
	hub, url := serving(t)
	file := filepath.Join(t.TempDir(), "position.txt")
	for n := range 3 {
		publish(t, hub, n)
	}
	if got := strings.Join(followed(t, url, file, 3), " "); got != "0 1 2" {
		t.Errorf("at first %s", got)
	}
	publish(t, hub, 3)
	if got := strings.Join(followed(t, url, file, 1), " "); got != "3" {
		t.Errorf("after that %s", got)
	}
}

func TestFollowSaysWhatIsLost(t *testing.T) {
	hub, url := serving(t)
	file := filepath.Join(t.TempDir(), "position.txt")
	if err := os.WriteFile(file, []byte("1763672401987654321-5"), 0o600); err != nil { // another server's
		t.Fatal(err)
	}
	publish(t, hub, 1)
	if got := strings.Join(followed(t, url, file, 2), " "); got != "anew 1" {
		t.Errorf("got %s", got)
	}
}

func TestFollowRefusesAPositionThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "position.txt")
	if err := os.WriteFile(file, []byte("yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), "http://127.0.0.1:1", "alice", file, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "position.txt") || !strings.Contains(err.Error(), "yesterday") {
		t.Errorf("got %v", err)
	}
}
