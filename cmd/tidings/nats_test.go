package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/tidings-dev/tidings/internal/natstest"
)

// natsURL returns the URL of a server, for a user if there is one.
func natsURL(s *server.Server, user string) string {
	at := s.Addr().String()
	if user != "" {
		at = user + "@" + at
	}
	return "nats://" + at
}

func TestTwoServersShareAStreamAndEitherMayDie(t *testing.T) {
	s := natstest.StartConfig(t, t.TempDir(), `authorization { user: app, password: hush }`)
	t.Setenv("TIDINGS_NATS_URL", natsURL(s, "app:hush"))
	shareALog(t)
}

func TestTwoServersOfTwoStreamsShareNothing(t *testing.T) {
	s := natstest.Start(t, t.TempDir())
	a, b := newReplica(t, "--nats-url", natsURL(s, "")), newReplica(t, "--nats-url", natsURL(s, ""), "--nats-stream", "other")
	publishNumber(t, 1, a)
	publishNumber(t, 2, b)
	got := finished(t, "", "tail", "--url", b.url(), "--from-start", "--count", "1")
	if events := parse(t, got.out); len(events) != 1 || string(events[0].Data) != "2" {
		t.Errorf("%+v", got)
	}
}

// A user with credentials has an account of his own.
func TestServeHasCredentials(t *testing.T) {
	config, creds := withCredentials(t)
	s := natstest.StartConfig(t, t.TempDir(), config)
	shareALog(t, "--nats-url", natsURL(s, ""), "--nats-creds", creds)
	got := finished(t, "", "serve", "--addr", "127.0.0.1:0", "--nats-url", natsURL(s, ""))
	if got.code != 1 || !strings.Contains(got.err, "check user and password in --nats-url, or --nats-creds") {
		t.Errorf("without credentials: %+v", got)
	}
}

// withCredentials returns the configuration of a server that trusts an operator,
// and a file with the credentials of a user of an account of his.
func withCredentials(t *testing.T) (config, file string) {
	t.Helper()
	operator, op := keys(t, nkeys.CreateOperator)
	account, ac := keys(t, nkeys.CreateAccount)
	_, sys := keys(t, nkeys.CreateAccount)
	user, us := keys(t, nkeys.CreateUser)
	claims := jwt.NewAccountClaims(ac)
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(encoded(t, jwt.NewUserClaims(us), account), seed)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "app.creds")
	writeFile(t, file, text)
	return fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload: { %s: %s, %s: %s }\n",
		encoded(t, jwt.NewOperatorClaims(op), operator), sys, ac, encoded(t, claims, operator), sys, encoded(t, jwt.NewAccountClaims(sys), operator)), file
}

// keys returns a new pair of keys, and the public one.
func keys(t *testing.T, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
	t.Helper()
	pair, err := create()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

// encoded returns claims as somebody signs them.
func encoded(t *testing.T, claims jwt.Claims, by nkeys.KeyPair) string {
	t.Helper()
	text, err := claims.Encode(by)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func writeFile(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestServeSpeaksTLSAndShowsItsCertificate(t *testing.T) {
	dir := t.TempDir()
	certificates(t, dir)
	in := func(name string) string { return filepath.Join(dir, name) }
	s := natstest.StartConfig(t, t.TempDir(), fmt.Sprintf(
		"tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", in("server.pem"), in("server.key"), in("ca.pem")))
	url := natsURL(s, "")
	shareALog(t, "--nats-url", strings.Replace(url, "nats:", "tls:", 1), "--nats-ca", in("ca.pem"), "--nats-cert", in("client.pem"), "--nats-key", in("client.key"))
	for _, tt := range []struct{ args, says string }{
		{"", "--nats-ca has who vouches for the server"},
		{"--nats-ca " + in("ca.pem"), "the server may want a certificate: --nats-cert"},
		{"--nats-cert " + in("client.pem"), "--nats-cert and --nats-key belong together"},
	} {
		got := finished(t, "", append([]string{"serve", "--addr", "127.0.0.1:0", "--nats-url", url}, strings.Fields(tt.args)...)...)
		if got.code == 0 || got.out != "" || !strings.Contains(got.err, tt.says) || strings.Contains(got.err, "waiting") {
			t.Errorf("%s: %+v", tt.args, got)
		}
	}
}

// certificates writes an authority, and what it says of a server on this machine
// and of a client.
func certificates(t *testing.T, dir string) {
	t.Helper()
	ca := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	authority := certificate(t, dir, "ca", ca, nil, nil)
	certificate(t, dir, "server", &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, authority)
	certificate(t, dir, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca, authority)
}

// certificate writes one that an authority signed, or itself, and its key.
func certificate(t *testing.T, dir, name string, c, by *x509.Certificate, with *ecdsa.PrivateKey) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject, c.NotAfter = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}, time.Now().Add(time.Hour)
	if by == nil {
		by, with = c, key
	}
	signed, err := x509.CreateCertificate(rand.Reader, c, by, key.Public(), with)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}))
	writeFile(t, filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return key
}
