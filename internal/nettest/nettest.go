// Package nettest serves HTTP/1.1 over pipes in memory, for tests of what
// takes time: all that waits does so in a way that testing/synctest knows, so
// hours pass at once in its bubbles. A pipe holds nothing: whoever writes
// waits for the reader, as on a connection whose buffers are full.
package nettest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
)

// A Listener accepts connections that its Dial makes.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

var _ net.Listener = (*Listener)(nil)

// NewListener returns an open Listener.
func NewListener() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial returns the client's end of a new connection, as soon as the other end
// was accepted.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- conn{server}:
		return conn{client}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Accept implements [net.Listener].
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements [net.Listener].
func (l *Listener) Addr() net.Addr { return loopback }

// loopback is the address of both ends of every connection.
var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}

// A conn is a pipe that says it is on this machine.
type conn struct{ net.Conn }

func (conn) LocalAddr() net.Addr  { return loopback }
func (conn) RemoteAddr() net.Addr { return loopback }

// A Server serves a handler until the test ends.
type Server struct {
	// URL is the address of the server, without a slash at its end.
	URL string
	// Client makes requests to the server, whatever the host in their URL.
	Client *http.Client
	// Listener makes plain connections.
	Listener *Listener
	// Close ends the server and all connections. It may be called before the
	// end of the test.
	Close func()
}

// Serve starts a server. Its options may be set by a server without handler;
// nil means the defaults.
func Serve(t testing.TB, handler http.Handler, server *http.Server) *Server {
	if server == nil {
		server = new(http.Server)
	}
	server.Handler = handler
	l := NewListener()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) },
	}
	var work sync.WaitGroup
	work.Go(func() { _ = server.Serve(l) }) // until Close
	s := &Server{URL: "http://127.0.0.1", Client: &http.Client{Transport: transport}, Listener: l}
	s.Close = sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		server.Close()
		work.Wait()
	})
	t.Cleanup(s.Close)
	return s
}
