package httpapi

import (
	"net"
	"net/http"
)

// A listener accepts no more than there may be.
type listener struct {
	net.Listener
	h *Handler
}

// Listener returns a listener that accepts what l does for an [http.Server] whose
// ConnState is [Handler.ConnState], as long as no more connections are open than
// Limits.Accepted says. One more is closed at once and without a word, which a
// client takes for a network that fails: it comes back. Close closes l.
//
// It is what is left where clients send nothing, or nothing that is a request.
// Whoever asks for something before that is answered.
func (h *Handler) Listener(l net.Listener) net.Listener { return &listener{l, h} }

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || !exceeds(l.h.accepted()+1, l.h.opts.Limits.Accepted) {
			return c, err
		}
		l.h.overruns.accepted.Add(1)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a connection that is reset takes nothing of the system any more
		}
		_ = c.Close()
	}
}

// ConnState is for the field of that name of an [http.Server]: it counts the
// connections that are open.
func (h *Handler) ConnState(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		h.sockets.Add(1)
	case http.StateHijacked, http.StateClosed:
		h.sockets.Add(-1)
	}
}

// accepted returns how many connections are open, with those that were taken from
// the server of HTTP.
func (h *Handler) accepted() int {
	n := int(h.sockets.Load())
	if h.portable != nil {
		n += h.portable.Connections()
	}
	if h.raw != nil {
		n += h.raw.Connections()
	}
	return n
}
