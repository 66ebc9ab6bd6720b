package main

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// servingAt starts a server that keeps events in memory at an address, and returns
// the one that it says.
func servingAt(t *testing.T, addr string, args ...string) (*process, string) {
	t.Helper()
	p := start(t, append([]string{"serve", "--log", "memory", "--addr", addr}, args...)...)
	_, rest, _ := strings.Cut(p.line(p.errs, "listens on"), "listens on ")
	url, _, _ := strings.Cut(rest, ",")
	return p, url
}

// adminOf returns where a server says that figures and profiles are.
func adminOf(p *process) string {
	_, url, _ := strings.Cut(p.line(p.errs, "Figures and profiles are on"), "are on ")
	return strings.TrimSuffix(url, ".")
}

// status asks for a page under a name and returns the answer's status and body.
func status(t *testing.T, url, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestProfilesAreOnTheirOwnListenerOnly(t *testing.T) {
	p, url := servingAt(t, "127.0.0.1:0", "--admin-addr", "0")
	admin := adminOf(p)
	for path, want := range map[string]int{
		"/metrics": 200, "/health/live": 200, "/health/ready": 200, "/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/goroutine": 200,
		"/debug/pprof/profile?seconds=1": 200, "/debug/pprof/trace?seconds=0.1": 200, "/debug/pprof/symbol": 200,
		"/debug/pprof/cmdline": 404, "/v1/feed": 404, "/": 404,
	} {
		if got, body := status(t, admin+path, ""); got != want {
			t.Errorf("%s: got %d %s", path, got, body)
		}
		if got, _ := status(t, admin+path, "evil.example"); got != 403 {
			t.Errorf("%s of another name: got %d", path, got)
		}
		if got, _ := status(t, url+path, ""); got != 404 && strings.Contains(path, "pprof") || path == "/metrics" && got != 404 {
			t.Errorf("%s where events are: got %d", path, got)
		}
	}
	p.signal()
	if code, _, errs := p.end(); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	if _, err := http.Get(admin + "/health/live"); err == nil {
		t.Error("the listener is still open")
	}
}

// TestFiguresAreWhereEventsAreWithoutAnAdmin and without tokens: figures ask
// nobody who he is.
func TestFiguresAreWhereEventsAreWithoutAnAdmin(t *testing.T) {
	figures := func(want int) {
		t.Helper()
		_, url := servingAt(t, "127.0.0.1:0")
		if got, _ := status(t, url+"/metrics", ""); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
		if got, _ := status(t, url+"/debug/pprof/", ""); got != 404 {
			t.Errorf("profiles: got %d", got)
		}
	}
	figures(200)
	t.Setenv("TIDINGS_AUTH_SECRET", strings.Repeat("secret", 8))
	figures(404)
}

func TestAnyoneIsServedWhenThatIsSaid(t *testing.T) {
	for _, tt := range []struct {
		flag string
		want int
	}{{"", 403}, {"--anyone-may-read-and-publish", 200}} {
		addr := "127.0.0.1:0"
		if tt.flag != "" {
			addr = "0.0.0.0:0"
		}
		p, url := servingAt(t, addr, append(strings.Fields(tt.flag), "--admin-addr", "127.0.0.1:0")...)
		admin := adminOf(p)
		said := p.line(p.errs, "There is no authentication")
		if strings.Contains(said, "whoever") != (tt.flag != "") {
			t.Errorf("%q: it says %s", tt.flag, said)
		}
		url = strings.Replace(url, "0.0.0.0", "127.0.0.1", 1)
		if got, body := status(t, url+"/v1/feed", "tidings:8080"); got != tt.want {
			t.Errorf("%q: got %d %s", tt.flag, got, body)
		}
		if got, _ := status(t, url+"/v1/feed", "evil.example"); got != 403 {
			t.Errorf("%q, another name: got %d", tt.flag, got)
		}
		if got, _ := status(t, admin+"/metrics", "tidings:8080"); got != 403 {
			t.Errorf("%q, figures: got %d", tt.flag, got)
		}
	}
}

func TestAnyoneMayProfileWhenThatIsSaid(t *testing.T) {
	p, _ := servingAt(t, "127.0.0.1:0", "--admin-addr", "0.0.0.0:0", "--anyone-may-profile")
	if got, _ := status(t, strings.Replace(adminOf(p), "0.0.0.0", "127.0.0.1", 1)+"/metrics", "tidings:9090"); got != 200 {
		t.Errorf("got %d", got)
	}
}

func TestAUnixSocketIsServed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tidings.sock")
	p, url := servingAt(t, "unix:"+path, "--admin-addr", "unix:"+path+".admin", "--socket-mode", "0600")
	if url != "unix:"+path || adminOf(p) != "unix:"+path+".admin" {
		t.Fatalf("it listens on %s", url)
	}
	for _, name := range []string{path, path + ".admin"} {
		if info, err := os.Stat(name); err != nil || info.Mode() != fs.ModeSocket|0o600 {
			t.Fatalf("%v, %v", info.Mode(), err)
		}
	}
	tail := start(t, "tail", "--url", url, "--user", "alice")
	tail.line(tail.errs, "following")
	if got := finished(t, "", "publish", "--url", url, "--user", "alice", "--data", `"hello"`); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	tail.line(tail.out, "hello")
	p.signal()
	if code, _, errs := p.end(); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
	if got := finished(t, "", "tail", "--url", url, "--user", "alice", "-n", "1"); got.code != 1 || !strings.Contains(got.err, "cannot connect to unix:"+path) {
		t.Errorf("%+v", got)
	}
}

// What is at the path already tells whether it may be replaced.
func TestOnlyTheSocketOfADeadServerIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tidings.sock")
	first, _ := servingAt(t, "unix:"+path)
	refused := func(why string) {
		t.Helper()
		got := finished(t, "", "serve", "--log", "memory", "--addr", "unix:"+path)
		if got.code != 1 || !strings.Contains(got.err, why) {
			t.Errorf("%+v, want %q", got, why)
		}
	}
	refused("another server is running there")
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.end()
	second, url := servingAt(t, "unix:"+path)
	if got := finished(t, "", "publish", "--url", url, "--user", "alice", "--data", "1"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, []byte("somebody else's"))
	second.signal()
	if code, _, errs := second.end(); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	if text, err := os.ReadFile(path); string(text) != "somebody else's" {
		t.Errorf("%q, %v", text, err)
	}
	refused("a file that is no socket")
}

// A client may send a header as large as one with a hundred sessions has to be,
// and no larger.
func TestHeadersAreBounded(t *testing.T) {
	_, url := servingAt(t, "127.0.0.1:0")
	sessions := strings.Repeat("&session="+strings.Repeat("s", 256), 100)
	for _, tt := range []struct {
		more int
		want string
	}{{0, "200"}, {8 << 10, "200"}, {48 << 10, "431"}} {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET /v1/stream/agui?user=a%s HTTP/1.1\r\nHost: localhost\r\nX-More: %s\r\n\r\n", sessions, strings.Repeat("x", tt.more))
		line, err := bufio.NewReader(c).ReadString('\n')
		if !strings.HasPrefix(line, "HTTP/1.1 "+tt.want) {
			t.Errorf("%d bytes more: got %q, %v, want %s", tt.more, line, err, tt.want)
		}
	}
}
