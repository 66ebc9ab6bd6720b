package delivery_test

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// A bench is a server with one writer, which can be held, and what it writes
// with, which can be watched.
type bench struct {
	*delivery.Server
	t       *testing.T
	l       net.Listener
	plug    *script
	held    chan struct{}
	release chan struct{}
	before  func() // of the next write of more than a byte; the writer's
	full    chan struct{}
}

func newBench(t *testing.T, network string, o delivery.Options) *bench {
	b := &bench{t: t, l: listen(t, network), held: make(chan struct{}), release: make(chan struct{}), full: make(chan struct{}, 1)}
	o.Writers = 1
	s, err := delivery.NewSending(&o, b.send)
	if err != nil {
		t.Fatal(err)
	}
	b.Server = s
	closeAtEnd(t, s)
	_, c := connect(t, b.l)
	first := true
	b.plug = serve(t, s, c, &script{fill: func(*delivery.Buffer) (bool, error) {
		if !first {
			b.held <- struct{}{}
			<-b.release
		}
		first = false
		return false, nil
	}})
	settle(t, s, b.l)
	return b
}

// send writes, and tells of sockets that are full.
func (b *bench) send(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
	if before := b.before; before != nil && len(delivery.Bytes(iov[0])) > 1 {
		b.before = nil
		before()
	}
	all := offered(iov)
	n, err := delivery.Send(fd, iov)
	if n < all {
		select {
		case b.full <- struct{}{}:
		default:
		}
	}
	return n, err
}

// hold keeps the writer from doing anything while f runs.
func (b *bench) hold(f func()) {
	b.t.Helper()
	b.plug.conn.Wake()
	await(b.t, b.held)
	f()
	b.release <- struct{}{}
}

// park serves c until its socket is full.
func (b *bench) park(c net.Conn) *script {
	b.t.Helper()
	small(b.t, c)
	select {
	case <-b.full: // of a connection before this one
	default:
	}
	s := serve(b.t, b.Server, c, endless())
	await(b.t, b.full)
	return s
}

// hello is a stream that greets.
func hello() *script {
	return &script{fill: func(b *delivery.Buffer) (bool, error) {
		b.B = append(b.B, "hello"...)
		return false, nil
	}}
}

// kill makes a client vanish in one of two ways.
func kill(c net.Conn, reset bool) {
	if c, ok := c.(*net.TCPConn); ok && reset {
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}

// Each kills its client at some moment.
var deaths = map[string]func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script{
	"before it joined": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		var s *script
		b.hold(func() {
			s = serve(t, b.Server, c, hello())
			kill()
		})
		return s
	},
	"queued": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := serve(t, b.Server, c, hello())
		_ = read(t, client, 5)
		b.hold(func() {
			s.conn.Wake()
			kill()
		})
		return s
	},
	"dead, then queued": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := serve(t, b.Server, c, hello())
		_ = read(t, client, 5)
		b.hold(func() {
			kill()
			s.conn.Wake()
		})
		s.conn.Wake()
		return s
	},
	"in Fill": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := hello()
		fill := s.fill
		s.fill = func(p *delivery.Buffer) (bool, error) {
			kill()
			return fill(p)
		}
		return serve(t, b.Server, c, s)
	},
	"in a write": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		b.hold(func() { b.before = kill })
		return serve(t, b.Server, c, hello())
	},
	"in its last write": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		b.hold(func() { b.before = kill })
		return serve(t, b.Server, c, &script{fill: func(p *delivery.Buffer) (bool, error) {
			p.B = append(p.B, "bye"...)
			return false, errOver
		}})
	},
	"between two turns": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		if err := c.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(16 * delivery.MaxFill); err != nil {
			t.Fatal(err) // what one turn sends has to fit
		}
		b.hold(func() { b.before = func() { b.before = kill } })
		p := make([]byte, 10*delivery.MaxFill)
		return serve(t, b.Server, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
			b.Refer(p)
			return false, nil
		}})
	},
	"parked": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := b.park(c)
		s.conn.Wake()
		b.hold(kill)
		return s
	},
	"parked and woken": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := b.park(c)
		b.hold(func() {
			s.conn.Wake()
			kill()
			s.conn.Wake()
		})
		return s
	},
	"in a load": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := hello()
		fill := s.fill
		s.blocks = func() bool { return true }
		s.fill = func(p *delivery.Buffer) (bool, error) {
			kill()
			settle(t, b.Server, b.l)
			return fill(p)
		}
		return serve(t, b.Server, c, s)
	},
	"at the end of a load": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := hello()
		fill := s.fill
		s.blocks = func() bool { return true }
		s.fill = func(p *delivery.Buffer) (bool, error) {
			kill()
			return fill(p)
		}
		return serve(t, b.Server, c, s)
	},
	"in Tick": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := hello()
		s.tick = func(time.Time) (bool, error) {
			kill()
			return true, nil
		}
		return serve(t, b.Server, c, s)
	},
	"in Close": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := hello()
		s.tick = func(time.Time) (bool, error) { return false, errOver }
		s.end = func(error) { kill() }
		return serve(t, b.Server, c, s)
	},
	"after the end": func(t *testing.T, b *bench, client, c net.Conn, kill func()) *script {
		s := hello()
		s.tick = func(time.Time) (bool, error) { return false, errOver }
		serve(t, b.Server, c, s)
		_ = readAll(t, client)
		s.conn.Wake()
		b.hold(kill)
		return s
	},
}

// However a client dies, its stream ends, its descriptor is free at once, and
// who gets that is served.
func TestAClientMayDieAtAnyMoment(t *testing.T) {
	for _, network := range networks {
		for _, reset := range []bool{false, true} {
			for name, die := range deaths {
				t.Run(name, func(t *testing.T) {
					b := newBench(t, network, delivery.Options{Tick: 2 * time.Millisecond})
					before := descriptors(t)
					for range 3 {
						client, c := connect(t, b.l)
						s := die(t, b, client, c, func() { kill(client, reset) })
						if err := s.why(t); err == nil {
							t.Error("the stream ended without a reason")
						}
						next, c := connect(t, b.l)
						serve(t, b.Server, c, hello())
						if got := read(t, next, 5); got != "hello" {
							t.Errorf("the next got %q", got)
						}
						s.conn.Wake()
						_ = next.Close()
					}
					untilDescriptors(t, b.Server, b.l, before)
				})
			}
		}
	}
}

// The poller may know that a connection died before the writer does, and tell
// when the writer has found out by itself and somebody else has the slot.
func TestNewsOfADeadConnectionDoNotReachItsSuccessor(t *testing.T) {
	b := newBench(t, "tcp", delivery.Options{Tick: time.Hour})
	for range 30 {
		client, c := connect(t, b.l)
		dying := serve(t, b.Server, c, hello())
		_ = read(t, client, 5)
		other, d := connect(t, b.l)
		var next *script
		b.hold(func() {
			dying.conn.Wake()
			kill(client, true)
			next = serve(t, b.Server, d, hello())
		})
		if err := dying.why(t); !errors.Is(err, delivery.ErrHungUp) {
			t.Fatal(err)
		}
		if got := read(t, other, 5); got != "hello" {
			t.Fatalf("got %q", got)
		}
		next.conn.Wake()
		if got := read(t, other, 5); got != "hello" {
			t.Fatalf("got %q", got)
		}
		_ = other.Close()
		_ = next.why(t)
	}
}
