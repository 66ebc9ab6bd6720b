package delivery_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// Many publish and wake everyone while clients come, read some and go. Those
// that stay have everything at the end, by the wake-ups alone.
func TestStormsOfWakesLoseNothing(t *testing.T) { both(t, testStormsOfWakesLoseNothing) }

func testStormsOfWakesLoseNothing(t *testing.T, newServer maker) {
	s, l, f := newServer(t, &delivery.Options{Writers: 3, Tick: time.Hour}), listen(t, "unix"), newFeed()
	const publishers, events, size = 4, many / 4, 50
	all := pattern(publishers * events * size)
	var clients []net.Conn
	for i := range 20 {
		client, c := connect(t, l)
		clients = append(clients, client)
		f.follow(t, s, c, &follower{chunk: 100 + 1000*i, refers: i%2 == 0})
	}
	stop := make(chan struct{})
	var passing, publishing sync.WaitGroup
	var mu sync.Mutex // the listener's
	for i := range 4 {
		passing.Go(func() { comeAndGo(t, s, l, &mu, f, all, uint64(i), stop) })
	}
	var next atomic.Int64
	var order sync.Mutex
	for range publishers {
		publishing.Go(func() {
			for range events {
				order.Lock() // so that the bytes are those of all
				at := int(next.Add(1)-1) * size
				f.append(all[at : at+size])
				order.Unlock()
				f.wakeAll()
			}
		})
	}
	for _, client := range clients {
		if got := read(t, client, len(all)); got != string(all) {
			t.Error("a client got something else than was published")
		}
	}
	publishing.Wait()
	close(stop)
	passing.Wait()
}

// append appends p and wakes nobody.
func (f *feed) append(p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = append(f.data, p...)
}

// wakeAll wakes everyone.
func (f *feed) wakeAll() {
	f.mu.Lock()
	conns := f.conns()
	f.mu.Unlock()
	wake(conns)
}

// comeAndGo connects, reads a part of the feed and goes, again and again.
func comeAndGo(t *testing.T, s server, l net.Listener, mu *sync.Mutex, f *feed, all []byte, seed uint64, stop chan struct{}) {
	random := rand.New(rand.NewPCG(seed, 0))
	for {
		select {
		case <-stop:
			return
		default:
		}
		mu.Lock()
		client, c := connect(t, l)
		mu.Unlock()
		r := f.follow(t, s, c, &follower{chunk: 1 + random.IntN(5000)})
		p := make([]byte, 1+random.IntN(3000))
		_ = client.SetReadDeadline(time.Now().Add(time.Duration(random.IntN(20)) * time.Millisecond))
		n, _ := io.ReadFull(client, p)
		if !bytes.Equal(p[:n], all[:n]) {
			t.Error("a client that came and went got something else")
		}
		_ = client.Close()
		if err := r.why(t); !errors.Is(err, delivery.ErrHungUp) {
			t.Errorf("got %v, want ErrHungUp", err)
		}
	}
}

// After any number of connections nothing of them is left.
func TestWhoCameAndWentLeavesNothing(t *testing.T) { both(t, testWhoCameAndWentLeavesNothing) }

func testWhoCameAndWentLeavesNothing(t *testing.T, newServer maker) {
	f, before := newFeed(), descriptors(t)
	s := newServer(t, &delivery.Options{Writers: 2, Tick: time.Millisecond})
	publish, published := time.NewTicker(100*time.Microsecond), make(chan struct{})
	defer publish.Stop()
	stop := make(chan struct{})
	go func() {
		defer close(published)
		for {
			select {
			case <-publish.C:
				f.publish([]byte("0123456789"))
			case <-stop:
				return
			}
		}
	}()
	var clients sync.WaitGroup
	for i := range 8 {
		l := listen(t, networks[i%2])
		defer func() { _ = l.Close() }()
		clients.Go(func() {
			for n := range many / 8 {
				pass(t, s, l, f, n)
			}
		})
	}
	clients.Wait()
	close(stop)
	<-published
	s.Close()
	if n := s.Connections() + len(f.readers); n != 0 {
		t.Errorf("%d connections or readers are left", n)
	}
	if n := descriptors(t) - 8; n != before {
		t.Errorf("%d descriptors, want the %d of before", n, before)
	}
}

// pass connects and goes, in one way or another, while the feed goes on.
func pass(t *testing.T, s server, l net.Listener, f *feed, n int) {
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Error(err)
		return
	}
	c, err := l.Accept()
	if err != nil {
		t.Error(err)
		return
	}
	r := &follower{chunk: 500, at: f.len()}
	r.blocks = func() bool { return n%7 == 0 }
	f.follow(t, s, c, r)
	switch n % 3 {
	case 0:
		_, _ = io.ReadFull(client, make([]byte, 1))
	case 1:
		r.conn.Wake()
	}
	kill(client, n%2 == 0)
	if n%5 > 0 { // else the next one comes while this one goes
		_ = r.why(t)
	}
}

func (f *feed) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.data)
}

// Close may come at any moment, more than once, and while connections come.
func TestCloseAtAnyMomentLeavesNothing(t *testing.T) { both(t, testCloseAtAnyMomentLeavesNothing) }

func testCloseAtAnyMomentLeavesNothing(t *testing.T, newServer maker) {
	l, before := listen(t, "unix"), descriptors(t)
	for i := range 100 {
		s := newServer(t, &delivery.Options{Writers: 1 + i%3, Loads: 2, Tick: time.Millisecond})
		var all sync.WaitGroup
		var streams []*script
		var clients []net.Conn
		served := make(chan struct{})
		all.Go(func() {
			defer close(served)
			for n := range 30 {
				client, c := connect(t, l)
				clients = append(clients, client)
				stream := endless()
				stream.blocks = func() bool { return n%4 == 0 }
				stream.ended, stream.t = make(chan struct{}), t
				err := s.Serve(c, func(conn *delivery.Conn) delivery.Stream {
					stream.conn = conn
					streams = append(streams, stream)
					return stream
				})
				if err != nil {
					if !errors.Is(err, delivery.ErrClosed) {
						t.Errorf("got %v, want ErrClosed", err)
					}
					_ = c.Close()
					return
				}
			}
		})
		for range 2 {
			all.Go(func() {
				select {
				case <-served:
				case <-time.After(time.Duration(i) * 20 * time.Microsecond):
				}
				s.Close()
			})
		}
		all.Wait()
		for _, stream := range streams {
			select {
			case <-stream.ended:
			default:
				t.Error("Close returned before a stream was closed")
			}
			if !errors.Is(stream.err, delivery.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", stream.err)
			}
			stream.conn.Wake()
		}
		if n := s.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		for _, client := range clients {
			_ = client.Close()
		}
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, want %d", n, before)
	}
}

// An end that the stream itself had begun is not undone by Close: the client
// has all of it.
func TestCloseLeavesWhatWasSent(t *testing.T) { both(t, testCloseLeavesWhatWasSent) }

func testCloseLeavesWhatWasSent(t *testing.T, newServer maker) {
	for _, network := range networks {
		l := listen(t, network)
		for range 10 {
			s := newServer(t, nil)
			client, c := connect(t, l)
			if _, err := client.Write([]byte("unread")); err != nil {
				t.Fatal(err)
			}
			stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
				b.B = append(b.B, "bye"...)
				return false, errOver
			}})
			if err := stream.why(t); !errors.Is(err, errOver) {
				t.Error(err)
			}
			s.Close()
			if got := readAll(t, client); string(got) != "bye" {
				t.Errorf("got %q", got)
			}
			_ = client.Close()
		}
	}
}
