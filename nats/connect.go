package nats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// Servers returns the addresses of the servers that url names, as [Open] reads it,
// without users and passwords. The error is a *tidings.InvalidError. It does not
// repeat the URL, which may hold a password in a place that nobody expects.
func Servers(servers string) (hosts []string, err error) {
	for server := range strings.SplitSeq(servers, ",") {
		server = strings.TrimSpace(server)
		if server == "" {
			continue
		}
		if !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		u, err := url.Parse(server)
		if err != nil || u.Hostname() == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			return nil, fmt.Errorf("nats: %w", &tidings.InvalidError{
				Field: "url", Want: "one such as nats://nats.example:4222, or several with commas between, with what is special in a password percent-encoded",
			})
		}
		hosts = append(hosts, u.Host)
	}
	return hosts, nil
}

// Pauses between attempts to open a log.
const (
	firstPause = time.Second
	mostPause  = 10 * time.Second
)

// openPatiently opens a log, and tries again until ctx ends as long as that may
// help.
func openPatiently(ctx context.Context, servers string, o Options, more []nats.Option) (*Log, error) {
	var last error
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		l, err := openOnce(ctx, servers, o, more)
		if err == nil {
			return l, nil
		}
		if ctx.Err() == nil || last == nil { // that ctx ended says less
			last = err
		}
		if !passing(err) {
			return nil, last
		}
		if ctx.Err() == nil {
			o.Logger.Warn("waiting for NATS", "err", err)
			wait(ctx, pause/2+jitter(pause/2))
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w; gave up: %w", last, context.Cause(ctx))
		}
	}
}

// openOnce connects and opens the log. There is nothing to wait for in a process.
func openOnce(ctx context.Context, servers string, o Options, more []nats.Option) (*Log, error) {
	k := newLink(o.Logger)
	nc, err := nats.Connect(servers, slices.Concat(clientOptions(), more, k.options())...)
	if err != nil {
		return nil, explained(err)
	}
	l, err := newLog(ctx, nc, k, o)
	if err != nil {
		nc.Close()
		if nc.Opts.InProcessServer != nil {
			err = &finalError{err}
		}
		return nil, err
	}
	l.release = nc.Close
	return l, nil
}

// clientOptions are those of each connection.
func clientOptions() []nats.Option {
	return []nats.Option{
		nats.Name("tidings"), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectBufSize(-1), // what is sent while there is no connection fails, so one knows that it was not kept
	}
}

// A finalError is one that waiting does not change.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

// passing reports whether an error of opening may be none later: of a server that
// cannot be reached, or is starting.
func passing(err error) bool {
	_, final := errors.AsType[*finalError](err)
	if _, file := errors.AsType[*fs.PathError](err); final || file || errors.Is(err, nats.ErrTLS) {
		return false
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Op != "remote error" && e.Op != "local error" // of TLS
	}
	if answer, ok := errors.AsType[*jetstream.APIError](err); ok {
		return answer.Code == 503
	}
	_, network := errors.AsType[net.Error](err)
	return network || slices.ContainsFunc([]error{
		io.EOF, errDisconnected, context.DeadlineExceeded, context.Canceled,
		nats.ErrNoServers, nats.ErrTimeout, nats.ErrDisconnected, nats.ErrStaleConnection, nats.ErrConnectionClosed,
		nats.ErrConnectionReconnecting, nats.ErrMaxConnectionsExceeded, nats.ErrMaxAccountConnectionsExceeded,
	}, func(e error) bool { return errors.Is(err, e) })
}

// explained says of an error of connecting what to do about it.
func explained(err error) error {
	todo := "see that nats-server runs there, and that this machine reaches it"
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked),
		errors.Is(err, nats.ErrAccountAuthExpired), errors.Is(err, nats.ErrNkeysNotSupported):
		todo = "check the credentials"
	case errors.Is(err, nats.ErrSecureConnWanted):
		todo = "the server has no TLS"
	case errors.Is(err, nats.ErrSecureConnRequired):
		todo = "the server wants TLS"
	case !passing(err):
		todo = "check how the server is to be reached: its TLS, and the files of credentials"
	}
	return fmt.Errorf("nats: connect: %w: %w; %s", tidings.ErrUnavailable, err, todo)
}
