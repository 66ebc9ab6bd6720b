package clients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A server is a running "tidings serve", with its log in memory.
type server struct {
	url  string
	host string // host:port
}

// listens finds the address in what the server says.
var listens = regexp.MustCompile(`listens on (http://(\S+)),`)

// startServer runs a server until the test ends. The test fails if the server
// ends otherwise than it should, which a data race makes it do.
func startServer(t *testing.T, ctx context.Context, flags ...string) *server {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary(t, true), append([]string{"serve", "--log", "memory", "--addr", "127.0.0.1:0", "--drain", "1s"}, flags...)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(output)
	said, err := lines.ReadString('\n')
	var rest strings.Builder
	var work sync.WaitGroup
	work.Go(func() { io.Copy(&rest, lines) }) // ends with the process
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		work.Wait()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended: %v\n%s%s", err, said, rest.String())
		}
	})
	address := listens.FindStringSubmatch(said)
	if address == nil {
		t.Fatalf("the server said %q (%v), want its address", said, err)
	}
	return &server{url: address[1], host: address[2]}
}

// poster publishes; it keeps connections.
func poster(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// publish posts a body to a path and returns the ids of its events.
func (s *server) publish(ctx context.Context, c *http.Client, path, media, body string) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", media)
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("publish: %s %s", resp.Status, answer)
	}
	if media == wire.JSONType {
		answer = fmt.Appendf(nil, `{"receipts":[%s]}`, answer)
	}
	var all wire.Receipts
	if err := json.Unmarshal(answer, &all); err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range all.Receipts {
		if r.Duplicate {
			return nil, fmt.Errorf("publish: %s is a duplicate", r.ID)
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// stats returns the server's figures.
func (s *server) stats(t *testing.T, ctx context.Context) wire.Stats {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+wire.StatsPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var figures wire.Stats
	if err := json.NewDecoder(resp.Body).Decode(&figures); err != nil {
		t.Fatal(err)
	}
	return figures
}

// awaitSubscribers asks for the figures until there are n subscribers, which is
// to be soon.
func (s *server) awaitSubscribers(t *testing.T, ctx context.Context, n int) {
	t.Helper()
	late := time.After(10 * time.Second)
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for {
		got := s.stats(t, ctx).Subscribers
		if got == n {
			return
		}
		select {
		case <-pace.C:
		case <-late:
			t.Fatalf("the server has %d subscribers, want %d", got, n)
		}
	}
}
