package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	client "github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings/nats"
)

// natsLog has the flags of a log on a server of NATS that others operate.
type natsLog struct {
	URL      string `secret:"url" env:"TIDINGS_NATS_URL" placeholder:"URL" help:"The server, such as nats://app:secret@nats.example, or several of a cluster with commas between; tls:// wants TLS. In the variable the password is not in the list of processes."`
	Creds    string `env:"TIDINGS_NATS_CREDS" placeholder:"FILE" help:"Credentials: a file with a JWT and its key."`
	CA       string `name:"ca" env:"TIDINGS_NATS_CA" placeholder:"FILE" help:"The certificates of who may vouch for the server, in PEM; of the system's if there is none."`
	Cert     string `env:"TIDINGS_NATS_CERT" placeholder:"FILE" help:"The certificate to present to the server, in PEM."`
	Key      string `env:"TIDINGS_NATS_KEY" placeholder:"FILE" help:"The key of that certificate, in PEM."`
	Stream   string `default:"TIDINGS" env:"TIDINGS_NATS_STREAM" placeholder:"NAME" help:"The stream with the log, which is created if it is not there (${default})."`
	Replicas int    `default:"1" env:"TIDINGS_NATS_REPLICAS" placeholder:"N" help:"How many servers of a cluster keep each event, from 1 to 5, when the stream is created (${default})."`
}

// check reports what cannot be. No text of a URL is told: it may have a
// password.
func (n *natsLog) check() error {
	if _, err := n.servers(); err != nil {
		return err
	}
	if (n.Cert == "") != (n.Key == "") {
		return usage("--nats-cert and --nats-key belong together: state both, or none")
	}
	if n.Replicas < 1 || n.Replicas > 5 {
		return usage("--nats-replicas %d: want from 1 to 5", n.Replicas)
	}
	for _, f := range []struct{ flag, path string }{{"creds", n.Creds}, {"ca", n.CA}, {"cert", n.Cert}, {"key", n.Key}} {
		if _, err := os.ReadFile(f.path); f.path != "" && err != nil {
			return usage("--nats-%s: %v", f.flag, err)
		}
	}
	return nil
}

// servers returns the addresses of the servers, without user and password.
func (n *natsLog) servers() ([]string, error) {
	hosts, err := nats.Servers(n.URL)
	if err != nil || len(hosts) != 1+strings.Count(n.URL, ",") {
		return nil, usage("--nats-url: want a URL such as nats://app:secret@nats.example, or several with commas between")
	}
	return hosts, nil
}

// place says where the log is.
func (n *natsLog) place() string {
	hosts, _ := n.servers() // check has seen that they are some
	return printable(fmt.Sprintf("NATS at %s, stream %s", strings.Join(hosts, " or "), n.Stream))
}

// open opens the log, waiting for the server if need be.
func (n *natsLog) open(ctx context.Context, r *retention, logger *slog.Logger) (*nats.Log, error) {
	o := r.options(logger)
	o.Stream, o.Replicas = n.Stream, n.Replicas
	log, err := nats.Open(ctx, n.URL, &o, n.options()...)
	if err != nil {
		return nil, advise(err)
	}
	return log, nil
}

// options returns what identifies the two ends to each other.
func (n *natsLog) options() (all []client.Option) {
	if n.Creds != "" {
		all = append(all, client.UserCredentials(n.Creds))
	}
	if n.CA != "" {
		all = append(all, client.RootCAs(n.CA))
	}
	if n.Cert != "" {
		all = append(all, client.ClientCert(n.Cert, n.Key))
	}
	return all
}

// rejected reports whether an error says that the server ended TLS. It depends on
// who is faster whether its alert is seen, or only that it is gone.
func rejected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" || errors.Is(err, client.ErrTLS)
}

// advise adds to an error what to do.
func advise(err error) error {
	_, stranger := errors.AsType[x509.UnknownAuthorityError](err)
	for _, a := range []struct {
		applies bool
		advice  string
	}{
		{errors.Is(err, client.ErrAuthorization), "check user and password in --nats-url, or --nats-creds"},
		{stranger, "--nats-ca has who vouches for the server"},
		{rejected(err), "the server may want a certificate: --nats-cert and --nats-key"},
		{errors.Is(err, client.ErrSecureConnWanted), "the server has no TLS: leave out tls:// and the flags for it, or have the server use it"},
		{errors.Is(err, client.ErrPermissionViolation), "docs/operations.md has the permissions that a user needs"},
		{errors.Is(err, nats.ErrDamaged), "in the command: --accept-loss"},
	} {
		if a.applies {
			return fmt.Errorf("%w: %s", err, a.advice)
		}
	}
	return err
}
