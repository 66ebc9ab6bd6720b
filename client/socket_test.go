package client_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
)

// serveSocket serves a hub on a Unix socket, and returns its address.
func serveSocket(t *testing.T, hub *tidings.Hub) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(httpapi.New(hub, nil))
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return "unix:" + path
}

// TestServersOnUnixSocketsAreToldApart has a socket without a server, two with
// one, of hubs of their own, and one on a port.
func TestServersOnUnixSocketsAreToldApart(t *testing.T) {
	first, tcp := serve(t, nil, httpapi.Options{})
	second, err := tidings.New(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	one, two, none := serveSocket(t, first), serveSocket(t, second), "unix:"+filepath.Join(t.TempDir(), "none")
	for _, tt := range []struct {
		addresses []string
		hub       *tidings.Hub
	}{
		{[]string{one, two}, first},
		{[]string{two, one}, second},
		{[]string{none, two, one}, second},
		{[]string{none, tcp.URL, two}, first},
		{[]string{strings.Replace(two, "unix:", "unix://", 1)}, second},
	} {
		c := connect(t, tt.addresses[0], &client.Options{Fallbacks: tt.addresses[1:]})
		receipt, err := c.Publish(t.Context(), tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(`1`)})
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.hub.Stats().Head; got != receipt.ID {
			t.Errorf("%q: the event is not in the hub that was meant, which ends with %v", tt.addresses, got)
		}
		for e, err := range c.Follow(t.Context(), client.Stream{Name: tidings.FeedStream, User: "alice", FromStart: true}) {
			if err != nil || e.ID == receipt.ID {
				break
			}
		}
	}
}

func TestUnixSocketsNeedTheClientsOwnHTTPClient(t *testing.T) {
	if _, err := client.New("unix:/s", &client.Options{HTTPClient: http.DefaultClient}); err == nil || !strings.Contains(err.Error(), "HTTPClient") {
		t.Errorf("got %v", err)
	}
	for _, address := range []string{"unix:", "unix://", "unixx:/s"} {
		if _, err := client.New(address, nil); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
	c := connect(t, "unix:"+filepath.Join(t.TempDir(), "none"), &client.Options{Patience: time.Millisecond})
	if _, err := c.Publish(t.Context(), tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(`1`)}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("got %v", err)
	}
}
