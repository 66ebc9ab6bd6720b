package page_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

// token is what alice has to prove who she is.
const token = "alice.has.a-token-of-her-own"

// TestPagesOfOtherOrigins lets pages of several sites use a hub. The browser takes
// every name for this machine, and is served over TLS, without which it would not
// keep the cookies. It cannot take the raw path, so both others are tried.
func TestPagesOfOtherOrigins(t *testing.T) {
	for name, protocol := range map[string]string{"HTTP/1": "http/1.1", "HTTP/2": "h2"} {
		t.Run(name, func(t *testing.T) {
			pages, logged := httptest.NewUnstartedServer(nil), new(lines)
			port := portOf(t, "https://"+pages.Listener.Addr().String())
			hub, address := serveBrowsers(t, protocol, logged, "https://app.hub.test:"+port, "https://partner.example:"+port)
			pages.Config.Handler, pages.Config.ErrorLog = sites(hub, logged), log.New(io.Discard, "", 0)
			pages.StartTLS()
			t.Cleanup(pages.Close)
			runNode(t, []string{"TIDINGS_HUB_PORT=" + portOf(t, address), "TIDINGS_PAGES_PORT=" + port, "TIDINGS_TOKEN=" + token}, "--test", "--test-reporter=spec", "origins.test.js")
			if said := logged.String(); said == "" || strings.Contains(said, token) {
				t.Errorf("logged %s", said)
			}
		})
	}
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// serveBrowsers runs a hub for pages of some origins until the test ends. Its
// streams are short, so that browsers come back.
func serveBrowsers(t *testing.T, protocol string, logged *lines, origins ...string) (*tidings.Hub, string) {
	t.Helper()
	hub, err := tidings.New(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	h := httpapi.New(hub, &httpapi.Options{
		Origins: origins, Cookie: "tidings", Authenticate: authenticate, Delivery: httpapi.Portable, MaxAge: 2 * time.Second, Retry: 100 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{NextProtos: []string{protocol}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of certificates that a browser asks its user about
	server.EnableHTTP2 = protocol == "h2"
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	return hub, server.URL
}

// authenticate lets alice in.
func authenticate(r *http.Request) (httpapi.Access, error) {
	if r.Header.Get("Authorization") != "Bearer "+token {
		return httpapi.Access{}, fmt.Errorf("want alice's token: %w", httpapi.ErrUnauthorized)
	}
	return httpapi.Access{Subject: "alice", Owner: "alice"}, nil
}

// sites are pages of any host, which are empty, and what the test wants to know of
// the hub.
func sites(hub *tidings.Hub, logged *lines) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><title>%s</title>", r.Host)
	})
	mux.HandleFunc("/figures", func(w http.ResponseWriter, _ *http.Request) {
		s := hub.Stats()
		json.NewEncoder(w).Encode(map[string]any{"published": s.Published, "subscribers": s.Subscribers, "forbidden": logged.count("status=403"), "unauthorized": logged.count("status=401")})
	})
	return mux
}

// Lines are what was logged, by any goroutine.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(what string) int { return strings.Count(l.String(), what) }

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
