package nats_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// certificate returns one for this machine that is its own authority, and who
// trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, like, like, public, private)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}, pool
}

func TestTLSThatDoesNotHoldIsRefused(t *testing.T) {
	own, trusted := certificate(t)
	guarded := func(auth tls.ClientAuthType) string {
		return natstest.Start(t, t.TempDir(), func(o *server.Options) {
			o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: trusted, ClientAuth: auth}
			o.TLSTimeout = 10
		}).ClientURL()
	}
	url := guarded(tls.NoClientCert)
	wantRefusal(t, url, nil, nil, "unknown authority", "its TLS")
	trusting := &tls.Config{RootCAs: trusted}
	wantRefusal(t, guarded(tls.RequireAndVerifyClientCert), nil, []client.Option{client.Secure(trusting)}, "check how the server is to be reached: its TLS")
	l, err := nats.Open(t.Context(), url, nil, client.Secure(trusting))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), events("")); err != nil {
		t.Error(err)
	}
}
