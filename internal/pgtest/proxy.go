package pgtest

import (
	"context"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// A Proxy passes connections on to a server, and breaks them when it is told
// to. It may be used by several goroutines. Encrypted connections are refused.
type Proxy struct {
	url      url.URL
	server   string // host and port
	listener *net.TCPListener
	running  sync.WaitGroup // accept and the links; close ends and awaits them

	mu       sync.Mutex
	links    map[*link]bool
	accepted int
	severed  bool
	thawed   chan struct{} // nil unless frozen
	answers  int           // how many are to be cut
	commits  int           // how many are to be cut
}

// NewProxy listens on a port of its own, and passes connections on to the
// server of a URL. It ends with the test, and all connections with it.
func NewProxy(t testing.TB, url string) *Proxy {
	t.Helper()
	u, err := parse(url)
	if err != nil {
		t.Fatalf("pgtest: proxy: %v", err)
	}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("pgtest: proxy: %v", err)
	}
	p := &Proxy{url: *through(u, l.Addr()), server: address(u), listener: l, links: make(map[*link]bool)}
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// through returns the URL by which the server of a URL is reached at another
// address.
func through(u *url.URL, a net.Addr) *url.URL {
	changed := *u
	changed.Host = a.String()
	query := u.Query()
	query.Set("sslmode", "disable")
	changed.RawQuery = query.Encode()
	return &changed
}

// address returns host and port of a URL.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// URL returns the URL that the proxy was made for, as it is reached through
// the proxy.
func (p *Proxy) URL() string { return p.url.String() }

// accept runs until the listener is closed.
func (p *Proxy) accept() {
	for {
		c, err := p.listener.AcceptTCP()
		if err != nil {
			return
		}
		if l := p.admit(c); l != nil {
			p.running.Go(l.serve)
		} else {
			reset(c)
		}
	}
}

// admit returns the link of a new connection, or nil if there is to be none.
func (p *Proxy) admit(c *net.TCPConn) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted++
	if p.severed {
		return nil
	}
	l := &link{proxy: p, client: c}
	l.ended, l.end = context.WithCancel(context.Background())
	p.links[l] = true
	return l
}

func (p *Proxy) forget(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

func (p *Proxy) close() {
	p.listener.Close()
	p.Cut()
	p.running.Wait()
}

// Cut resets all connections, and all that come until [Proxy.Restore].
// What was held back is lost.
func (p *Proxy) Cut() {
	p.mu.Lock()
	p.severed = true
	links := p.links
	p.links = make(map[*link]bool)
	p.mu.Unlock()
	for l := range links {
		l.cut()
	}
}

// Restore accepts connections again, at the same address.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.severed = false
}

// Freeze holds back all that is sent from now on, in both directions, also on
// connections that come. They stay open: nobody is told of anything, not of an
// end either.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.thawed == nil {
		p.thawed = make(chan struct{})
	}
}

// Thaw passes on what [Proxy.Freeze] held back, and what comes.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.thawed != nil {
		close(p.thawed)
		p.thawed = nil
	}
}

// FreezeExisting freezes the connections that there are now, for ever, as a
// firewall does that forgot them. New ones work. What closes a frozen one
// politely waits for an answer that does not come; [Proxy.Cut] ends it.
func (p *Proxy) FreezeExisting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.frozen = true
	}
}

// gate returns what a link has to wait for before it passes something on, and
// whether there is anything. A nil channel is for ever.
func (p *Proxy) gate(l *link) (thawed <-chan struct{}, wait bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.frozen {
		return nil, true
	}
	return p.thawed, p.thawed != nil
}

// CutAnswers has the answers to the next n statements cut: the server has
// answered, and the client's connection is reset instead, so the client cannot
// know what became of what it sent. A statement is what is sent after this
// returned, after its connection's start-up; what only prepares a statement, or
// has none, such as a ping, is passed. Zero ends what was to come.
func (p *Proxy) CutAnswers(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = n
}

// CutCommits is as [Proxy.CutAnswers], for those statements only that
// committed something: a COMMIT, or an INSERT, UPDATE, DELETE, MERGE or COPY
// outside of a transaction block. A function that is called by SELECT is not
// seen to.
func (p *Proxy) CutCommits(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commits = n
}

// Pending returns how many answers are still to be cut.
func (p *Proxy) Pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers + p.commits
}

// asked notes that a client asks for an answer. In its start-up it does not.
func (p *Proxy) asked(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.asked = append(l.asked, p.answers+p.commits > 0)
}

// suspect reports whether the answer that a link's server is giving may have
// to be cut.
func (p *Proxy) suspect(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(l.asked) > 0 && l.asked[0]
}

// answered takes note of a link's whole answer, and reports whether it is to be
// cut.
func (p *Proxy) answered(l *link, a answer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(l.asked) == 0 {
		return false // the end of the start-up
	}
	suspect := l.asked[0]
	l.asked = slices.Delete(l.asked, 0, 1)
	return suspect && (take(&p.answers, a.executed) || take(&p.commits, a.committed))
}

// take takes one of n, if there is one and it is wanted.
func take(n *int, wanted bool) bool {
	if !wanted || *n <= 0 {
		return false
	}
	*n--
	return true
}

// Connections returns how many connections there are.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Accepted returns how many connections there were in all, with those that
// were refused.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}
