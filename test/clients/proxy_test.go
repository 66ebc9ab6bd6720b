package clients_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// An ending is how a connection ends.
type ending int

const (
	reset  ending = iota // RST: what is under way is lost
	closed               // FIN in the middle of a body
	ended                // the body's proper end
)

func (e ending) String() string { return [...]string{"reset", "closed", "ended"}[e] }

// A cut says where a proxy ends a connection.
type cut struct {
	events int  // after so many events; negative: never
	any    bool // frames without data count, too
	inside int  // after so many more bytes, but before the end of the next frame
	how    ending
}

// never is no cut.
var never = cut{events: -1}

// A visit is one connection through a proxy.
type visit struct {
	lastEventID string
	status      int
	text        []byte // what of the body the proxy has passed on
	events      int    // whole ones among it
	cut         bool   // by the proxy
	how         ending
	inside      bool
}

// A proxy passes streams on and cuts their connections. The visits of an owner
// follow one another.
type proxy struct {
	url    string
	target string // host:port
	plan   func(owner string, visit int) cut
	before func(owner string, visit int) // the server is asked; nil does nothing
	listen net.Listener
	work   sync.WaitGroup
	watch  // guards what follows
	visits map[string][]*visit
	open   map[net.Conn]bool
	over   bool
}

// newProxy returns a proxy that runs until the test ends. plan says where to
// cut the owner's connection number visit, counted from 0; before, if not nil,
// is called ahead of it.
func newProxy(t *testing.T, target string, plan func(owner string, visit int) cut, before func(owner string, visit int)) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		url: "http://" + l.Addr().String(), target: target, plan: plan, before: before, listen: l,
		visits: make(map[string][]*visit), open: make(map[net.Conn]bool),
	}
	p.work.Go(p.accept) // ends with the listener
	t.Cleanup(p.close)
	return p
}

// close cuts everything and waits.
func (p *proxy) close() {
	p.listen.Close()
	p.update(func() {
		p.over = true
		for c := range p.open {
			c.Close()
		}
	})
	p.work.Wait()
}

func (p *proxy) accept() {
	for {
		down, err := p.listen.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.pass(down) }) // ends with either connection
	}
}

// hold keeps a connection for close, and reports whether it may go on.
func (p *proxy) hold(c net.Conn) (ok bool) {
	p.update(func() {
		if ok = !p.over; ok {
			p.open[c] = true
		}
	})
	return ok
}

// release closes a connection.
func (p *proxy) release(c net.Conn) {
	c.Close()
	p.update(func() { delete(p.open, c) })
}

// pass serves one connection.
func (p *proxy) pass(down net.Conn) {
	defer p.release(down)
	if !p.hold(down) {
		return
	}
	reader := bufio.NewReader(down)
	req, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	p.knock(req)
	up, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.release(up)
	if !p.hold(up) || req.Write(up) != nil {
		return
	}
	resp, err := http.ReadResponse(bufio.NewReader(up), req)
	if err != nil {
		return
	}
	p.work.Go(func() { // ends with down
		io.Copy(io.Discard, reader)
		up.Close()
	})
	v, where := p.begin(req, resp)
	if resp.StatusCode != http.StatusOK {
		resp.Write(down)
		return
	}
	if p.stream(down, resp, v, where) {
		if where.how == reset {
			up.(*net.TCPConn).SetLinger(0)
			down.(*net.TCPConn).SetLinger(0)
		}
	}
}

// knock calls before.
func (p *proxy) knock(req *http.Request) {
	if p.before == nil {
		return
	}
	owner := req.URL.Query().Get("user")
	p.mu.Lock()
	visit := len(p.visits[owner])
	p.mu.Unlock()
	p.before(owner, visit)
}

// begin notes a visit.
func (p *proxy) begin(req *http.Request, resp *http.Response) (v *visit, where cut) {
	owner := req.URL.Query().Get("user")
	p.update(func() {
		where = p.plan(owner, len(p.visits[owner]))
		v = &visit{lastEventID: req.Header.Get("Last-Event-ID"), status: resp.StatusCode, how: where.how, inside: where.inside > 0}
		p.visits[owner] = append(p.visits[owner], v)
	})
	return v, where
}

// stream passes a body on, in chunks, and reports whether it was cut.
func (p *proxy) stream(down net.Conn, resp *http.Response, v *visit, where cut) bool {
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %s\r\nTransfer-Encoding: chunked\r\n", resp.Status)
	resp.Header.Write(&head)
	head.WriteString("\r\n")
	if _, err := down.Write(head.Bytes()); err != nil {
		return false
	}
	buffer, k := make([]byte, 16<<10), knife{cut: where}
	for {
		n, err := resp.Body.Read(buffer)
		keep, whole := k.next(buffer[:n])
		// Noted before it is written, so that it is known before what the
		// client says of it.
		p.update(func() {
			v.text, v.events, v.cut = append(v.text, buffer[:keep]...), k.events, !whole
		})
		if _, failed := down.Write(chunk(buffer[:keep], whole, where.how)); failed != nil || !whole {
			return !whole
		}
		if err == io.EOF {
			io.WriteString(down, lastChunk)
		}
		if err != nil {
			return false
		}
	}
}

// lastChunk ends a body.
const lastChunk = "0\r\n\r\n"

// chunk encodes b (RFC 9112 7.1). If it is not whole, it is cut as well, or the
// last one of a body that ends properly.
func chunk(b []byte, whole bool, how ending) []byte {
	var c []byte
	size := len(b)
	if !whole && how != ended {
		size += 100
	}
	if len(b) > 0 {
		c = append(fmt.Appendf(nil, "%x\r\n", size), b...)
	}
	if len(b) > 0 && size == len(b) {
		c = append(c, "\r\n"...)
	}
	if !whole && how == ended {
		c = append(c, lastChunk...)
	}
	return c
}

// A knife finds the place of a cut.
type knife struct {
	cut
	events int    // whole ones so far
	line   []byte // so far; of it only the beginning counts
	data   bool   // the frame has data
	deep   int    // bytes into the frame after the last event
}

// next returns how many of the next bytes to pass on, and whether that is all
// of them because the place is not there.
func (k *knife) next(b []byte) (keep int, whole bool) {
	for i, c := range b {
		if k.cut.inside > 0 && k.due() && (k.deep == k.inside || c == '\n' && len(k.line) == 0 && k.deep > 0) {
			return i, false
		}
		k.step(c)
		if k.cut.inside == 0 && k.due() && c == '\n' && len(k.line) == 0 && k.deep == 0 {
			return i + 1, false
		}
	}
	return len(b), true
}

// due reports whether there were enough events.
func (k *knife) due() bool { return k.cut.events >= 0 && k.events >= k.cut.events }

// step takes a byte.
func (k *knife) step(c byte) {
	k.deep++
	if c != '\n' {
		if len(k.line) < 8 {
			k.line = append(k.line, c)
		}
		return
	}
	if len(k.line) == 0 { // the frame ends
		if k.data || k.any {
			k.events++
		}
		k.data, k.deep = false, 0
	}
	k.data = k.data || bytes.HasPrefix(k.line, []byte("data:"))
	k.line = k.line[:0]
}
