package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// A conn tells when it is closed. An http.Transport whose connection ends before
// the answer waits for the body of the request, which knows nothing of it and may
// be waiting for something to send.
type conn struct {
	net.Conn
	tell atomic.Pointer[func()]
}

// Close closes the connection and tells.
func (c *conn) Close() error {
	err := c.Conn.Close()
	if tell := c.tell.Load(); tell != nil {
		(*tell)()
	}
	return err
}

// A dialer makes connections.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// telling returns a dialer whose connections tell when they are closed.
func telling(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c}, nil
	}
}

// onClose returns a context for a request over a connection that shall tell when
// it is closed. One that is not the client's own does not.
func onClose(ctx context.Context, tell func()) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		got := info.Conn
		if secure, ok := got.(*tls.Conn); ok {
			if secure.ConnectionState().NegotiatedProtocol == "h2" {
				return // others use it too, and it closes the bodies itself
			}
			got = secure.NetConn()
		}
		if own, ok := got.(*conn); ok {
			own.tell.Store(&tell)
		}
	}})
}
