package clients_test

import (
	"context"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/sse"
)

// TestStreamsThroughNginxComeAtOnceAndInOrder has nginx in front as Debian
// configures it, which speaks HTTP/1.0 to what is behind, and with HTTP/1.1.
func TestStreamsThroughNginxComeAtOnceAndInOrder(t *testing.T) {
	for _, delivery := range []string{"raw", "portable"} {
		for _, version := range []string{"1.0", "1.1"} {
			t.Run(delivery+"/HTTP/"+version, func(t *testing.T) {
				t.Parallel()
				ctx := within(t, 2*time.Minute)
				s := startServer(t, ctx, "--delivery", delivery)
				next := through(t, ctx, startNginx(t, ctx, s.host, version)+wire.StreamPath+"agui?user=u")
				n := 0
				post := func(payloads ...string) {
					t.Helper()
					body := strings.Join(payloads, "\n")
					if _, err := s.publish(ctx, http.DefaultClient, wire.PublishPath+"agui?user=u&session=s", wire.NDJSONType, body); err != nil {
						t.Fatal(err)
					}
				}
				for range 50 { // what is held back would never come
					post(custom(n))
					if got := next(); got != custom(n) {
						t.Fatalf("event %d is %s", n, got)
					}
					n++
				}
				large := custom(strings.Repeat("x", 1<<20-100))
				for range 4 {
					post(custom(n), large, custom(n+1))
					if a, b, c := next(), next(), next(); a != custom(n) || b != large || c != custom(n+1) {
						t.Fatalf("after event %d: %.20s, %.20s, %.20s", n, a, b, c)
					}
					n += 2
				}
			})
		}
	}
}

// custom returns an event of AG-UI that carries a value.
func custom(value any) string {
	return fmt.Sprintf(`{"type":"CUSTOM","name":"n","value":"%v"}`, value)
}

// through opens a stream and returns what waits for the next payload.
func through(t *testing.T, ctx context.Context, url string) (next func() string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, resp.Status)
	}
	event, stop := iter.Pull2(sse.NewDecoder(resp.Body, nil).Events())
	t.Cleanup(func() { stop(); resp.Body.Close() })
	return func() string {
		for {
			e, err, ok := event()
			if err != nil || !ok {
				t.Fatalf("the stream ended: %v", err)
			}
			if len(e.Data) > 0 {
				return string(e.Data)
			}
		}
	}
}

// startNginx runs nginx in front of a server until the test ends, and returns
// its address.
func startNginx(t *testing.T, ctx context.Context, behind, version string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, dir := l.Addr().String(), t.TempDir()
	l.Close()
	config := fmt.Sprintf(`daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	server {
		listen %s;
		location / { proxy_pass http://%s; proxy_http_version %s; }
	}
}`, address, behind, version)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "nginx", "-p", dir, "-c", path, "-e", "stderr")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make setup installs nginx", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return "http://" + address
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("nginx does not listen")
		}
	}
}
