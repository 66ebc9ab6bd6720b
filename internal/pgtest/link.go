package pgtest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// A link is a client's connection, and the one to the server that is for it.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	ended  context.Context // of the link's own lifetime
	end    context.CancelFunc

	mu     sync.Mutex
	server *net.TCPConn // nil until it is there

	// The proxy's mutex guards these.
	frozen bool
	asked  []bool // for each answer that is awaited, whether it may have to be cut
}

// serve passes on what comes, until both ends are closed or the link is cut.
func (l *link) serve() {
	defer l.proxy.forget(l)
	defer l.end()
	server, err := l.dial()
	if err != nil {
		reset(l.client)
		return
	}
	var passing sync.WaitGroup
	passing.Go(func() { l.finish(server, l.requests(server)) })
	passing.Go(func() { l.finish(l.client, l.answers(server)) })
	passing.Wait()
	l.client.Close()
	server.Close()
}

// dial connects to the server, unless the link was cut.
func (l *link) dial() (*net.TCPConn, error) {
	c, err := new(net.Dialer).DialContext(l.ended, "tcp", l.proxy.server)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = c.(*net.TCPConn)
	if l.ended.Err() != nil {
		reset(l.server)
	}
	return l.server, context.Cause(l.ended)
}

// cut resets both connections.
func (l *link) cut() {
	l.end()
	reset(l.client)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		reset(l.server)
	}
}

// reset closes a connection in a way that its other end takes for an error.
func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}

// finish tells one end why nothing more comes from the other.
func (l *link) finish(to *net.TCPConn, err error) {
	switch {
	case l.wait() != nil:
	case err == io.EOF:
		to.CloseWrite()
	default:
		l.cut()
	}
}

// wait returns as soon as something may be passed on.
func (l *link) wait() error {
	for {
		thawed, wait := l.proxy.gate(l)
		if !wait {
			return context.Cause(l.ended)
		}
		select {
		case <-thawed:
		case <-l.ended.Done():
		}
		if err := context.Cause(l.ended); err != nil {
			return err
		}
	}
}

// pass passes something on when it may be.
func (l *link) pass(to *net.TCPConn, b []byte) error {
	if err := l.wait(); err != nil {
		return err
	}
	_, err := to.Write(b)
	return err
}

// requests passes on what the client sends.
func (l *link) requests(server *net.TCPConn) error {
	in := bufio.NewReader(l.client)
	if err := l.startUp(in, server); err != nil {
		return err
	}
	for {
		m, err := read(in, nil)
		if err != nil {
			return err
		}
		switch m[0] {
		case 'Q', 'S', 'F': // Query, Sync and FunctionCall ask for a ReadyForQuery each
			l.proxy.asked(l)
		}
		if err := l.pass(server, m); err != nil {
			return err
		}
	}
}

// startUp passes on the client's first message. A wish for encryption is
// refused, then another first message comes.
func (l *link) startUp(in *bufio.Reader, server *net.TCPConn) error {
	for {
		m, err := readBody(in, nil)
		if err != nil {
			return err
		}
		if !encrypts(m) {
			return l.pass(server, m)
		}
		if err := l.pass(l.client, []byte{'N'}); err != nil {
			return err
		}
	}
}

// answers passes on what the server sends. An answer that may have to be cut is
// held back until it is whole.
func (l *link) answers(server *net.TCPConn) error {
	in := bufio.NewReader(server)
	var held []byte
	var a answer
	for {
		from := len(held)
		m, err := read(in, held)
		if err != nil {
			return l.last(held, err)
		}
		held = m
		a.add(held[from:])
		if a.done && l.proxy.answered(l, a) {
			l.cut()
			return net.ErrClosed
		}
		if !a.done && !a.waits && (in.Buffered() > 0 && len(held) < 1<<16 || l.proxy.suspect(l)) {
			continue // more comes, to be passed with it
		}
		if err := l.pass(l.client, held); err != nil {
			return err
		}
		held = held[:0]
		if a.done {
			a = answer{}
		}
		a.waits = false
	}
}

// last passes on what is left when the server has ended.
func (l *link) last(held []byte, err error) error {
	if len(held) == 0 {
		return err
	}
	return errors.Join(l.pass(l.client, held), err)
}
