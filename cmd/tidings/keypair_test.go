package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A chain is what a server shows and who vouches for it.
type chain struct{ ca, cert, key string }

// newChain writes one.
func newChain(t *testing.T) chain {
	t.Helper()
	dir := t.TempDir()
	certificates(t, dir)
	return chain{filepath.Join(dir, "ca.pem"), filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")}
}

// over puts a file in the place of another, as who renews certificates does.
func over(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to+".new", text)
	if err := os.Rename(to+".new", to); err != nil {
		t.Fatal(err)
	}
}

// trusting returns a client that trusts a chain, on a connection of its own.
func (c chain) trusting(t *testing.T, http2 bool) *http.Client {
	t.Helper()
	text, err := os.ReadFile(c.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// reaches reports whether a client that trusts the chain reaches a server.
func (c chain) reaches(t *testing.T, url string) bool {
	t.Helper()
	resp, err := c.trusting(t, false).Get(url + "/health/live")
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == 200
}

func TestServeSpeaksTLS(t *testing.T) {
	chain := newChain(t)
	_, url := servingAt(t, "127.0.0.1:0", "--tls-cert", chain.cert, "--tls-key", chain.key)
	if !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatalf("it listens on %s", url)
	}
	for _, http2 := range []bool{false, true} {
		resp, err := chain.trusting(t, http2).Get(url + "/v1/feed")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if (resp.ProtoMajor == 2) != http2 || resp.StatusCode != 200 || resp.TLS.Version < tls.VersionTLS12 {
			t.Errorf("got %s %s", resp.Proto, resp.Status)
		}
	}
	addr := strings.TrimPrefix(url, "https://")
	if c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
	if code, body := status(t, "http://"+addr+"/health/live", ""); code != 400 {
		t.Errorf("without TLS: got %d %s", code, body)
	}
}

// TestCertificatesAreReplacedWhileStreamsRun replaces both files, one after the
// other, and by what cannot be used.
func TestCertificatesAreReplacedWhileStreamsRun(t *testing.T) {
	old, renewed := newChain(t), newChain(t)
	p, url := servingAt(t, "127.0.0.1:0", "--tls-cert", old.cert, "--tls-key", old.key)
	cmd := command(t, "tail", "--url", url, "--user", "alice")
	cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+old.ca)
	tail := begin(t, cmd)
	tail.line(tail.errs, "following")
	still := func(want string) {
		t.Helper()
		if !old.reaches(t, url) {
			t.Error("the old certificate is gone")
		}
		p.line(p.errs, want)
	}
	cert, key := old.cert, old.key
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	still("no such file")
	over(t, key+".away", key)
	still("certificate reloaded")
	writeFile(t, cert, []byte("nonsense"))
	still("certificate not reloaded")
	over(t, renewed.cert, cert)
	still("private key does not match")
	over(t, renewed.key, key)
	if !renewed.reaches(t, url) || old.reaches(t, url) {
		t.Error("the new certificate is not there, or not alone")
	}
	p.line(p.errs, "certificate reloaded")
	publish := command(t, "publish", "--url", url, "--user", "alice", "--data", `"hello"`)
	publish.Env = append(publish.Env, "SSL_CERT_FILE="+renewed.ca)
	if out, err := publish.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tail.line(tail.out, "hello")
	p.signal()
	if code, _, errs := p.end(); code != 0 || strings.Contains(errs, "certificate") { // each change is told once
		t.Errorf("exit %d, %s", code, errs)
	}
}

// A server does not begin with files that cannot be used, and never shows a key.
func TestCertificatesThatCannotBeUsed(t *testing.T) {
	one, other := newChain(t), newChain(t)
	for args, want := range map[string]string{
		"--tls-cert " + one.cert:                                                "--tls-cert and --tls-key belong together",
		"--tls-key " + one.key:                                                  "--tls-cert and --tls-key belong together",
		"--tls-cert " + one.cert + " --tls-key " + other.key:                    "private key does not match",
		"--tls-cert " + one.key + " --tls-key " + one.cert:                      "--tls-cert, --tls-key: ",
		"--tls-cert /nowhere --tls-key " + one.key:                              "/nowhere: no such file",
		"--addr unix:/nowhere --tls-cert " + one.cert + " --tls-key " + one.key: "--tls-cert is for an address that other machines reach",
		"--delivery raw --tls-cert " + one.cert + " --tls-key " + one.key:       "--delivery raw: there is none with TLS",
	} {
		got := finished(t, "", append([]string{"serve", "--log", "memory"}, strings.Fields(args)...)...)
		if got.code != 2 || !strings.Contains(got.err, want) || strings.Contains(got.err, "PRIVATE") {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

// TestHandshakesThatFailAreNoWarnings has what scanners do.
func TestHandshakesThatFailAreNoWarnings(t *testing.T) {
	chain := newChain(t)
	p, url := servingAt(t, "127.0.0.1:0", "--tls-cert", chain.cert, "--tls-key", chain.key)
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp", strings.TrimPrefix(url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("nonsense that is no handshake\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Read(make([]byte, 100)) // the alert
	c.Close()
	p.signal()
	if _, _, errs := p.end(); strings.Contains(errs, "handshake") {
		t.Errorf("it says %s", errs)
	}
}
