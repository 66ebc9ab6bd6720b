package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/internal/herd"
)

// listening has the flags that say who reaches the server, and how.
type listening struct {
	TLSCert                 string   `name:"tls-cert" env:"TIDINGS_TLS_CERT" placeholder:"FILE" help:"The server's certificate and those between it and who vouches for it, in PEM: it then speaks TLS only. The file and that of the key are read again when they change."`
	TLSKey                  string   `name:"tls-key" env:"TIDINGS_TLS_KEY" placeholder:"FILE" help:"The key of that certificate, in PEM."`
	SocketMode              fileMode `default:"0660" env:"TIDINGS_SOCKET_MODE" placeholder:"MODE" help:"The permissions of a Unix socket, which say who may connect (${default})."`
	AdminAddr               string   `env:"TIDINGS_ADMIN_ADDR" placeholder:"HOST:PORT" help:"Where to serve figures (/metrics), health and profiles (/debug/pprof/), such as 9090, which is 127.0.0.1:9090, or unix:PATH. Figures are nowhere else then, profiles never are."`
	AnyoneMayProfile        bool     `env:"TIDINGS_ANYONE_MAY_PROFILE" help:"Let --admin-addr be one that other machines reach: there is no authentication, whoever reaches it may read figures and take profiles."`
	AnyoneMayReadAndPublish bool     `env:"TIDINGS_ANYONE_MAY_READ_AND_PUBLISH" help:"Let --addr be one that other machines reach, without authentication: whoever reaches it may read and publish everything."`
}

// A fileMode is the permissions of a file, which are written in octal.
type fileMode fs.FileMode

// UnmarshalText reads permissions such as 0660.
func (m *fileMode) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || n > 0o777 {
		return fmt.Errorf("%q: want permissions such as 0660", text)
	}
	*m = fileMode(n)
	return nil
}

// MarshalText returns what UnmarshalText reads.
func (m fileMode) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04o", uint32(m)), nil }

// unixPrefix begins an address that is a Unix socket.
const unixPrefix = "unix:"

// An address is where to listen.
type address struct{ network, text string }

// parseAddress reads the value of a flag: HOST:PORT or unix:PATH.
func parseAddress(flag, text string) (address, error) {
	if path, ok := strings.CutPrefix(text, unixPrefix); ok {
		if path = strings.TrimPrefix(path, "//"); path == "" || path[0] == '@' || path[0] == 0 {
			return address{}, usage("--%s %q: want the path of a socket, such as unix:/run/tidings/tidings.sock", flag, text)
		}
		return address{"unix", path}, nil
	}
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return address{}, usage("--%s %q: want HOST:PORT such as 127.0.0.1:8080, or unix:PATH", flag, text)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return address{}, usage("--%s %q: want a port from 0 to 65535", flag, text)
	}
	return address{"tcp", text}, nil
}

// local reports whether only this machine reaches the address.
func (a address) local() bool {
	if a.network == "unix" {
		return true
	}
	host, _, _ := net.SplitHostPort(a.text) // parseAddress has seen that it is one
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// checkAddr reports an address at which nothing can be served, or not to those who
// reach it.
func (s *serve) checkAddr() error {
	a, err := parseAddress("addr", s.Addr)
	switch open := s.Listen.AnyoneMayReadAndPublish; {
	case err != nil:
		return err
	case s.authenticated() && open:
		return usage("--anyone-may-read-and-publish is for a server without authentication, and this one has it: leave one of the two out")
	case !s.authenticated() && !open && !a.local():
		return usage("--addr %s can be reached from other machines, and without authentication anybody there could read and publish everything. "+
			"Listen on 127.0.0.1 or a Unix socket, say whose tokens are good, with --auth-jwks-url, --auth-key-file or --auth-secret-file, or that anyone may: tidings serve --anyone-may-read-and-publish", s.Addr)
	case a.network == "unix" && s.Listen.TLSCert != "":
		return usage("--tls-cert is for an address that other machines reach, and %s is none: leave it out", s.Addr)
	case s.Delivery == "raw" && s.Listen.TLSCert != "":
		return usage("--delivery raw: there is none with TLS, leave it to auto")
	}
	return nil
}

// authenticated reports whether the server asks who somebody is.
func (s *serve) authenticated() bool { return s.Auth.enabled() }

// adminAddress returns where figures and profiles are served, if anywhere. A port
// alone is one of this machine.
func (l *listening) adminAddress() (a address, err error) {
	text := l.AdminAddr
	if text == "" {
		return address{}, nil
	}
	if _, err := strconv.ParseUint(text, 10, 16); err == nil {
		text = net.JoinHostPort("127.0.0.1", text)
	}
	return parseAddress("admin-addr", text)
}

// check reports flags that make no sense.
func (l *listening) check() error {
	var problems []error
	switch a, err := l.adminAddress(); {
	case err != nil:
		problems = append(problems, err)
	case l.AdminAddr == "" && l.AnyoneMayProfile:
		problems = append(problems, usage("--anyone-may-profile is for --admin-addr: add that, or leave it out"))
	case l.AdminAddr != "" && !a.local() && !l.AnyoneMayProfile:
		problems = append(problems, usage("--admin-addr %s can be reached from other machines, and there is no authentication: anybody there could read figures and take profiles. "+
			"Listen on 127.0.0.1 or a Unix socket, or say that anyone may: --anyone-may-profile", l.AdminAddr))
	}
	if _, err := l.keyPair(slog.New(slog.DiscardHandler)); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// listen takes an address.
func (l *listening) listen(ctx context.Context, a address, flag string) (net.Listener, error) {
	if a.network == "unix" {
		return listenSocket(ctx, a.text, fs.FileMode(l.SocketMode), flag)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, a.network, a.text)
	if err != nil {
		return nil, fmt.Errorf("%w: is another server running there? Another address goes in --%s", err, flag)
	}
	return listener, nil
}

// bind takes the addresses.
func (s *serve) bind(ctx context.Context, r *running) error {
	a, err := parseAddress("addr", s.Addr)
	if err != nil {
		return err
	}
	if r.listener, err = s.Listen.listen(ctx, a, "addr"); err != nil {
		return err
	}
	if a, err = s.Listen.adminAddress(); err != nil || a.text == "" {
		return err
	}
	r.admin, err = s.Listen.listen(ctx, a, "admin-addr")
	return err
}

// Bounds of what a client may hold before it is known who it is.
const (
	headerPatience = 10 * time.Second // also of the handshake of TLS
	idlePatience   = 2 * time.Minute
	// mostHeader is room for a hundred sessions in a query, each of the longest
	// name, and a token.
	mostHeader = 64 << 10
)

// server returns a server of HTTP.
func (s *serve) server(c *console, r *running) *http.Server {
	return &http.Server{
		Handler: r.api, ConnContext: r.api.ConnContext, ConnState: r.api.ConnState, Protocols: protocols(), TLSConfig: r.keyPair.config(),
		ReadHeaderTimeout: headerPatience, IdleTimeout: idlePatience, MaxHeaderBytes: s.Limits.headerBytes(),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 250,              // as many as browsers and proxies expect at least, twice over
			SendPingTimeout:      30 * time.Second, // of silence
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     15 * time.Second,
		},
		ErrorLog: log.New(&serverLog{s.logger(c)}, "", 0),
	}
}

// A serverLog has the lines of a server of HTTP.
type serverLog struct{ logger *slog.Logger }

// Write logs a line. Of handshakes that fail the internet is full.
func (l *serverLog) Write(line []byte) (int, error) {
	level := slog.LevelWarn
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		level = slog.LevelDebug
	}
	l.logger.Log(context.Background(), level, string(bytes.TrimSpace(line)))
	return len(line), nil
}

// protocols returns HTTP/1.1 and HTTP/2, with TLS and without.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

// serveTo serves those who connect, until the server is closed.
func (r *running) serveTo(server *http.Server, l net.Listener) error {
	turns := r.api.Listener(herd.InTurns(l))
	if server.TLSConfig != nil {
		return server.ServeTLS(turns, "", "")
	}
	return server.Serve(turns)
}
