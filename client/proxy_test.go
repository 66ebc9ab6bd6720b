package client_test

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// A cutter is a TCP proxy that cuts each connection after a random number of
// bytes of what the server says, or of what the client says.
type cutter struct {
	listener net.Listener
	backend  string
	few, lot int64 // between which the cut comes, in bytes of what the server says
	both     bool  // sometimes the client is cut, at any byte
	work     sync.WaitGroup
	mu       sync.Mutex // guards rand, open and cuts
	rand     *rand.Rand
	open     map[net.Conn]bool
	cuts     int
}

// newCutter returns a running proxy, which ends with the test.
func newCutter(t *testing.T, backend string, few, lot int64, both bool) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{
		listener: listener, backend: backend, few: few, lot: lot, both: both,
		rand: rand.New(rand.NewPCG(1, 2)), open: make(map[net.Conn]bool),
	}
	c.work.Go(c.accept)
	t.Cleanup(c.close)
	return c
}

func (c *cutter) url() string { return "http://" + c.listener.Addr().String() }

// accept takes connections until the listener is closed.
func (c *cutter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.work.Go(func() { c.serve(client) })
	}
}

// serve copies both ways until one of them has said enough.
func (c *cutter) serve(client net.Conn) {
	server, err := net.Dial("tcp", c.backend)
	if err != nil {
		client.Close()
		return
	}
	up, down := c.limits()
	c.hold(client, server)
	var both sync.WaitGroup
	for _, way := range []struct {
		to, from net.Conn
		limit    int64
	}{{server, client, up}, {client, server, down}} {
		both.Go(func() {
			n, _ := io.CopyN(way.to, way.from, way.limit)
			c.cut(n == way.limit, client, server)
		})
	}
	both.Wait()
}

// limits returns how much either side may say: one of them not for long.
func (c *cutter) limits() (up, down int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	up, down = 1<<40, c.few+c.rand.Int64N(c.lot-c.few)
	if c.both && c.rand.IntN(2) == 0 {
		up, down = c.rand.Int64N(c.lot), 1<<40
	}
	return up, down
}

// hold remembers connections, to close them with the proxy.
func (c *cutter) hold(conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		c.open[conn] = true
	}
}

// cut closes connections, some of them with a reset.
func (c *cutter) cut(counts bool, conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		if tcp, ok := conn.(*net.TCPConn); ok && counts && c.rand.IntN(2) == 0 {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
		delete(c.open, conn)
	}
	if counts {
		c.cuts++
	}
}

// count returns how many connections were cut.
func (c *cutter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts
}

// close ends the proxy and waits for it.
func (c *cutter) close() {
	c.listener.Close()
	c.mu.Lock()
	for conn := range c.open {
		conn.Close()
	}
	c.mu.Unlock()
	c.work.Wait()
}
