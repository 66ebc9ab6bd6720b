package natstest

import (
	"bytes"
	"net"
	"net/url"
	"regexp"
	"sync"
	"testing"
)

// A Proxy passes on what clients and a server say, until it is told not to. All
// methods may be called concurrently.
type Proxy struct {
	listener net.Listener
	server   string
	work     sync.WaitGroup

	mu    sync.Mutex // guards what follows
	links map[net.Conn]bool
	cut   bool
	deaf  bool   // what the server says is dropped
	until string // what a client says before which do is called, once
	do    func()
	claim []byte // what a server says of its version instead
	left  int    // bytes that clients may say before all connections end; 0 is no bound
}

// NewProxy returns a proxy before the server that url names, which ends with the
// test.
func NewProxy(t testing.TB, of string) *Proxy {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, server: u.Host, links: make(map[net.Conn]bool)}
	p.work.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL returns where clients reach the server through the proxy.
func (p *Proxy) URL() string { return "nats://" + p.listener.Addr().String() }

// Cut ends all connections, and those that come, until Restore.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.links {
		_ = c.Close()
	}
}

// Deafen drops what the server says from now on, until all connections were cut.
func (p *Proxy) Deafen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = true
}

// CutAfter ends all connections after clients said so many bytes more, once.
func (p *Proxy) CutAfter(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = bytes
}

// Restore passes on again what comes.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.deaf = false, false
}

// Before has something done when a client says what has a text in it, before that
// is passed on, once.
func (p *Proxy) Before(text string, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until, p.do = text, do
}

// interrupt does what is to be done before that is passed on.
func (p *Proxy) interrupt(said []byte) {
	p.mu.Lock()
	do := p.do
	if do == nil || !bytes.Contains(said, []byte(p.until)) {
		p.mu.Unlock()
		return
	}
	p.do = nil
	p.mu.Unlock()
	do()
}

// Claim has a server say that it is of another version, on connections that come.
func (p *Proxy) Claim(version string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claim = []byte(`"version":"` + version + `"`)
}

// version is what a server says of its version.
var version = regexp.MustCompile(`"version":"[^"]*"`)

// claimed returns what a server said, with the version that it is to say. It says
// that when a connection begins, and may say it again.
func (p *Proxy) claimed(said []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claim == nil {
		return said
	}
	return version.ReplaceAll(said, p.claim)
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.Cut()
	p.work.Wait()
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		if s := p.dial(c); s != nil {
			p.work.Go(func() { p.pass(s, c, false) })
			p.work.Go(func() { p.pass(c, s, true) })
		} else {
			_ = c.Close()
		}
	}
}

// dial connects a client with the server, unless that is cut.
func (p *Proxy) dial(c net.Conn) net.Conn {
	s, err := net.Dial("tcp", p.server)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		_ = s.Close()
		return nil
	}
	p.links[c], p.links[s] = true, true
	return s
}

// pass passes on what comes from one to the other.
func (p *Proxy) pass(to, from net.Conn, fromServer bool) {
	defer p.forget(to, from)
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		said := b[:p.admit(n, fromServer)]
		if fromServer {
			said = p.claimed(said)
		} else {
			p.interrupt(said)
		}
		if _, err := to.Write(said); err != nil {
			return
		}
	}
}

// admit returns how many of the bytes that came are passed on.
func (p *Proxy) admit(n int, fromServer bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case fromServer && p.deaf:
		return 0
	case fromServer || p.left == 0:
		return n
	case n < p.left:
		p.left -= n
		return n
	}
	n, p.left = p.left, 0
	for c := range p.links {
		_ = c.(*net.TCPConn).CloseRead() // who passes on writes what there is, and ends
	}
	return n
}

func (p *Proxy) forget(both ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range both {
		_ = c.Close()
		delete(p.links, c)
	}
}
