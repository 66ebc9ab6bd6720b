package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The file of configuration in docs/operations.md is one, and all of it counts.
func TestTheDocumentedConfigurationIsOne(t *testing.T) {
	text := documented(t, "## Configuration", "addr: unix:")
	all := effectiveOf(t, "--config", written(t, text))
	for line := range strings.Lines(text) {
		key, _, found := strings.Cut(line, ":")
		if found && !strings.HasPrefix(line, " ") && all[key].Source != "file" {
			t.Errorf("%s: %+v", key, all[key])
		}
	}
	if all["addr"].Value != "unix:/run/tidings/tidings.sock" || all["admin-addr"].Value != "9090" {
		t.Errorf("got %+v, %+v", all["addr"], all["admin-addr"])
	}
}

// TestTheDocumentedProxyHidesNothing runs nginx as docs/operations.md has it, and
// the server behind it: a stream comes at once, a publisher that sends line by line
// is answered at once, what is large arrives, and the server knows who its clients
// are.
func TestTheDocumentedProxyHidesNothing(t *testing.T) {
	chain, dir := newChain(t), t.TempDir()
	socket, addr := filepath.Join(dir, "s"), freeAddress(t)
	t.Setenv("TIDINGS_AUTH_SECRET", strings.Repeat("secret", 8))
	minted := finished(t, "", "token", "--subject", "alice", "--subscribe", "alice", "--publish", "alice")
	if minted.code != 0 {
		t.Fatalf("%+v", minted)
	}
	server, _ := servingAt(t, "unix:"+socket, "--trusted-proxy", "unix", "--verbose")
	startNginx(t, dir, addr, strings.NewReplacer(
		"/run/tidings/tidings.sock", socket, "listen 443", "listen "+addr,
		"/etc/nginx/hub.example.pem", chain.cert, "/etc/nginx/hub.example.key", chain.key,
	).Replace(documented(t, "## On the internet", "upstream tidings")))
	trusting := func(args ...string) *exec.Cmd {
		cmd := command(t, append(args, "--url", "https://"+addr, "--user", "alice")...)
		cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+chain.ca, "TIDINGS_TOKEN="+strings.TrimSpace(minted.out))
		return cmd
	}
	tail := begin(t, trusting("tail"))
	tail.line(tail.errs, "following")
	lines := trusting("publish", "--ndjson")
	stdin, err := lines.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	publish := begin(t, lines)
	for _, text := range []string{`"first"`, `"second"`, `"` + strings.Repeat("large", 200_000) + `"`} {
		if _, err := stdin.Write([]byte(text + "\n")); err != nil {
			t.Fatal(err)
		}
		publish.line(publish.out, "published")
		tail.line(tail.out, text[:6])
	}
	stranger := command(t, "tail", "--url", "https://"+addr, "--user", "alice", "-n", "1")
	stranger.Env = append(stranger.Env, "SSL_CERT_FILE="+chain.ca)
	if out, err := stranger.CombinedOutput(); err == nil || !strings.Contains(string(out), "401") {
		t.Errorf("without a token: %v, %s", err, out)
	}
	if line := server.line(server.errs, "request refused"); !strings.Contains(line, "127.0.0.1") {
		t.Errorf("the line has no address of the client: %s", line)
	}
}

// startNginx runs nginx with servers until the test ends, and waits until it listens.
func startNginx(t *testing.T, dir, addr, servers string) {
	t.Helper()
	config := filepath.Join(dir, "nginx.conf")
	writeFile(t, config, []byte(`daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
`+servers+"}\n"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, "nginx", "-p", dir, "-c", config, "-e", "stderr")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make setup installs nginx", err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("nginx does not listen")
		}
	}
}
