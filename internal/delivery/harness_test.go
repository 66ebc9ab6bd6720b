package delivery_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

var networks = []string{"tcp", "unix"}

// A server is what a Server and a Portable have in common.
type server interface {
	Serve(c net.Conn, start func(*delivery.Conn) delivery.Stream) error
	Connections() int
	Ask()
	Close()
}

// A maker makes a server that is closed at the end of the test.
type maker func(t testing.TB, o *delivery.Options) server

func newPortable(t testing.TB, o *delivery.Options) server {
	s := delivery.NewPortable(o)
	t.Cleanup(func() {
		s.Close()
		if n := s.Connections(); n != 0 {
			t.Errorf("%d connections are left of a closed server", n)
		}
	})
	return s
}

// both runs a test on each kind of server that this system has.
func both(t *testing.T, test func(t *testing.T, newServer maker)) {
	for name, newServer := range makers {
		t.Run(name, func(t *testing.T) { test(t, newServer) })
	}
}

// listen returns a listener of a network.
func listen(t testing.TB, network string) net.Listener {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// connect returns both ends of a new connection.
func connect(t testing.TB, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// A script is a Stream that does what a test says. What it says nothing about
// does nothing.
type script struct {
	fill   func(b *delivery.Buffer) (bool, error)
	tick   func(now time.Time) (bool, error)
	next   func(now time.Time) (time.Time, error) // in place of tick
	blocks func() bool
	end    func(err error)

	conn   *delivery.Conn
	ended  chan struct{} // is closed when the stream was
	err    error         // after that
	busy   atomic.Int32  // how many methods run
	t      testing.TB
	filled atomic.Int64
}

var _ delivery.Stream = (*script)(nil)

// enter sees to it that methods come one after the other.
func (s *script) enter(method string) func() {
	if s.busy.Add(1) != 1 {
		s.t.Errorf("%s was called while another method ran", method)
	}
	select {
	case <-s.ended:
		s.t.Errorf("%s was called after Close", method)
	default:
	}
	return func() { s.busy.Add(-1) }
}

func (s *script) Fill(b *delivery.Buffer) (bool, error) {
	defer s.enter("Fill")()
	if b.Len() != 0 {
		s.t.Errorf("Fill got a Buffer with %d bytes", b.Len())
	}
	if s.fill == nil {
		return false, nil
	}
	more, err := s.fill(b)
	s.filled.Add(int64(b.Len()))
	return more, err
}

// Tick asks to be called again at once, if there is something to call.
func (s *script) Tick(now time.Time) (time.Time, error) {
	defer s.enter("Tick")()
	if s.next != nil {
		return s.next(now)
	}
	if s.tick == nil {
		return now.Add(time.Hour), nil
	}
	ready, err := s.tick(now)
	if ready || err != nil {
		return now, err
	}
	return now.Add(1), nil
}

func (s *script) Blocks() bool {
	defer s.enter("Blocks")()
	return s.blocks != nil && s.blocks()
}

func (s *script) Close(err error) {
	leave := s.enter("Close")
	if s.end != nil {
		s.end(err)
	}
	s.err = err
	leave()
	close(s.ended) // panics if it was closed before
}

// why waits for the end of the stream and returns its reason.
func (s *script) why(t testing.TB) error {
	t.Helper()
	await(t, s.ended)
	return s.err
}

// serve has a server send s on c.
func serve(t testing.TB, server server, c net.Conn, s *script) *script {
	t.Helper()
	s.ended, s.t = make(chan struct{}), t
	err := server.Serve(c, func(conn *delivery.Conn) delivery.Stream {
		s.conn = conn
		return s
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// await waits for c.
func await(t testing.TB, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal("waited in vain")
	}
}

// A feed is bytes that many streams send, each from its own position.
type feed struct {
	mu      sync.Mutex
	data    []byte
	over    bool
	readers map[*follower]struct{}
}

// A follower is the stream of one connection that sends a feed.
type follower struct {
	script
	feed   *feed
	at     int
	chunk  int // how much one Fill adds
	refers bool
}

func newFeed() *feed { return &feed{readers: map[*follower]struct{}{}} }

var errOver = errors.New("the feed is over")

// publish appends p and wakes everyone.
func (f *feed) publish(p []byte) {
	f.mu.Lock()
	f.data = append(f.data, p...)
	conns := f.conns()
	f.mu.Unlock()
	wake(conns)
}

// finish ends all streams when they have everything.
func (f *feed) finish() {
	f.mu.Lock()
	f.over = true
	conns := f.conns()
	f.mu.Unlock()
	wake(conns)
}

func wake(conns []*delivery.Conn) {
	for _, c := range conns {
		c.Wake()
	}
}

func (f *feed) conns() []*delivery.Conn {
	conns := make([]*delivery.Conn, 0, len(f.readers))
	for r := range f.readers {
		conns = append(conns, r.conn)
	}
	return conns
}

// follow sends the feed on c.
func (f *feed) follow(t testing.TB, server server, c net.Conn, r *follower) *follower {
	t.Helper()
	r.feed, r.fill = f, r.next
	r.script.end = func(error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.readers, r)
	}
	r.ended, r.t = make(chan struct{}), t
	err := server.Serve(c, func(conn *delivery.Conn) delivery.Stream {
		r.conn = conn
		f.mu.Lock()
		defer f.mu.Unlock()
		f.readers[r] = struct{}{}
		return r
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// next fills what comes next.
func (r *follower) next(b *delivery.Buffer) (bool, error) {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	p := r.feed.data[r.at:]
	p = p[:min(len(p), r.chunk)]
	r.at += len(p)
	for i := 0; len(p) > 0; i++ {
		n := min(len(p), 1+i*7)
		if r.refers && i%2 == 0 {
			b.Refer(p[:n:n])
		} else {
			b.B = append(b.B, p[:n]...)
		}
		p = p[n:]
	}
	more := r.at < len(r.feed.data)
	if !more && r.feed.over {
		return false, errOver
	}
	return more, nil
}

// bytes returns n bytes that do not repeat soon.
func pattern(n int) []byte {
	p := make([]byte, n)
	x := uint32(1)
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}

// readAll returns all that comes until the end.
func readAll(t testing.TB, c net.Conn) []byte {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	p, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(p), err)
	}
	return p
}

// read returns the next n bytes.
func read(t testing.TB, c net.Conn, n int) string {
	t.Helper()
	p := make([]byte, n)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if m, err := io.ReadFull(c, p); err != nil {
		t.Fatalf("after %q: %v", p[:m], err)
	}
	return string(p)
}

// endless is a stream that always has more.
func endless() *script {
	p := make([]byte, delivery.MaxFill)
	return &script{fill: func(b *delivery.Buffer) (bool, error) {
		b.Refer(p)
		return true, nil
	}}
}

// small makes the buffers of a socket as small as they get.
func small(t testing.TB, c net.Conn) {
	t.Helper()
	b := c.(interface {
		SetWriteBuffer(int) error
		SetReadBuffer(int) error
	})
	if err := errors.Join(b.SetWriteBuffer(1), b.SetReadBuffer(1)); err != nil {
		t.Fatal(err)
	}
}

// settle returns when all that the only writer had to do is done.
func settle(t testing.TB, server server, l net.Listener) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	before := server.Connections()
	client, c := connect(t, l)
	filled := make(chan struct{}, 1)
	s := serve(t, server, c, &script{fill: func(*delivery.Buffer) (bool, error) {
		select {
		case filled <- struct{}{}:
		default:
		}
		return false, nil
	}})
	select {
	case <-filled:
	case <-ctx.Done():
		t.Fatal("the writer is stuck")
	}
	_ = client.Close()
	if err := s.why(t); !errors.Is(err, delivery.ErrHungUp) {
		t.Fatal(err)
	}
	for server.Connections() > before {
		runtime.Gosched() // the descriptor is closed just after the stream
	}
}
