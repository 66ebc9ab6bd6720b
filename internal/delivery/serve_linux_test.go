package delivery_test

import (
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

func TestAConnectionIsSmall(t *testing.T) {
	if delivery.ConnSize > 64 {
		t.Errorf("a connection has %d bytes, want at most 64", delivery.ConnSize)
	}
}

func TestOnlySocketsAreTakenOver(t *testing.T) {
	s := newServer(t, nil)
	a, b := net.Pipe()
	datagrams, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "d"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	tcp, _ := connect(t, listen(t, "tcp"))
	for _, c := range []net.Conn{a, b, datagrams, tls.Client(tcp, &tls.Config{ServerName: "x"}), nil} {
		err := s.Serve(c, func(*delivery.Conn) delivery.Stream {
			t.Errorf("%T: start was called", c)
			return &script{}
		})
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%T: got %v, want ErrUnsupported", c, err)
		}
	}
	go func() { _, _ = a.Write([]byte("alive")) }()
	if got := read(t, b, 5); got != "alive" {
		t.Errorf("the pipe is not what it was: %q", got)
	}
	_ = datagrams.Close()
}

func TestWhatCannotBeServedIsUntouched(t *testing.T) { both(t, testWhatCannotBeServedIsUntouched) }

func testWhatCannotBeServedIsUntouched(t *testing.T, newServer maker) {
	closed := newServer(t, nil)
	closed.Close()
	open := newServer(t, nil)
	panics := func(*delivery.Conn) delivery.Stream { panic("start") }
	tests := map[string]struct {
		s     server
		start func(*delivery.Conn) delivery.Stream
		want  error
	}{
		"closed":    {closed, func(*delivery.Conn) delivery.Stream { t.Error("start was called"); return nil }, delivery.ErrClosed},
		"no stream": {open, func(c *delivery.Conn) delivery.Stream { c.Wake(); return nil }, delivery.ErrNoStream},
		"panic":     {open, panics, errPanic},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, c := connect(t, listen(t, "tcp"))
			before := descriptors(t)
			if err := catch(func() error { return test.s.Serve(c, test.start) }); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if n := descriptors(t); n != before {
				t.Errorf("%d descriptors, want %d", n, before)
			}
			if n := test.s.Connections(); n != 0 {
				t.Errorf("%d connections, want none", n)
			}
			if _, err := c.Write([]byte("alive")); err != nil || read(t, client, 5) != "alive" {
				t.Errorf("it was touched: %v", err)
			}
			_ = c.Close()
		})
	}
}

var errPanic = errors.New("panic")

// catch returns what f returns, or errPanic.
func catch(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return f()
}

// After Serve the caller's end is closed, and there is one descriptor less
// than while both were open.
func TestServeTakesOver(t *testing.T) {
	s, l := newServer(t, nil), listen(t, "tcp")
	client, c := connect(t, l)
	before := descriptors(t)
	stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
		b.B = append(b.B, '.')
		return false, nil
	}})
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, want %d", n, before)
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the caller still has it: %v", err)
	}
	stream.conn.Wake()
	_ = client.Close()
	_ = stream.why(t)
	stream.conn.Wake() // after the end
}

// What woke the stream before Serve returned is not forgotten.
func TestWakeWorksBeforeServeHasReturned(t *testing.T) { both(t, testWakeWorksBeforeServeHasReturned) }

func testWakeWorksBeforeServeHasReturned(t *testing.T, newServer maker) {
	s, l := newServer(t, nil), listen(t, "tcp")
	client, c := connect(t, l)
	f := newFeed()
	r := &follower{chunk: 10, feed: f}
	r.fill, r.ended, r.t = r.next, make(chan struct{}), t
	err := s.Serve(c, func(conn *delivery.Conn) delivery.Stream {
		conn.Wake()
		r.conn, f.readers[r] = conn, struct{}{}
		f.publish([]byte("early"))
		return r
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, client, 5); got != "early" {
		t.Errorf("got %q", got)
	}
	f.publish([]byte("later"))
	if got := read(t, client, 5); got != "later" {
		t.Errorf("got %q", got)
	}
}

func TestOptionsThatAreNotPositiveHaveDefaults(t *testing.T) {
	both(t, testOptionsThatAreNotPositiveHaveDefaults)
}

func testOptionsThatAreNotPositiveHaveDefaults(t *testing.T, newServer maker) {
	s := newServer(t, &delivery.Options{Writers: -1, WriteTimeout: -1, Tick: -1, Loads: -1})
	client, c := connect(t, listen(t, "tcp"))
	serve(t, s, c, &script{
		blocks: func() bool { return true },
		fill: func(b *delivery.Buffer) (bool, error) {
			b.B = append(b.B, '.')
			return false, errOver
		},
	})
	if got := readAll(t, client); string(got) != "." {
		t.Errorf("got %q", got)
	}
}

// Somebody may have made the socket a blocking one, as os.File.Fd does.
func TestASocketThatBlocksDoesSoNoMore(t *testing.T) {
	s, l := newServer(t, nil), listen(t, "tcp")
	_, c := connect(t, l)
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(int(f.Fd()), false); err != nil {
		t.Fatal(err)
	}
	stream := serve(t, s, c, &script{})
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(stream.conn.FD()), syscall.F_GETFL, 0)
	if errno != 0 || flags&syscall.O_NONBLOCK == 0 {
		t.Errorf("got the flags %#x, error %v", flags, errno)
	}
	_ = f.Close()
}

// However connections come and go.
func TestWritersHaveAboutAsManyConnections(t *testing.T) {
	const writers, connections = 3, 30
	s, l := newServer(t, &delivery.Options{Writers: writers}), listen(t, "unix")
	var clients []net.Conn
	var streams []*script
	add := func() {
		client, c := connect(t, l)
		clients, streams = append(clients, client), append(streams, serve(t, s, c, &script{}))
	}
	for range connections {
		add()
	}
	for i := 0; i < connections; i += writers { // all of one writer
		_ = clients[i].Close()
		_ = streams[i].why(t)
	}
	for s.Connections() != connections-connections/writers {
		runtime.Gosched() // Close comes just before
	}
	for range connections / writers {
		add()
	}
	got, want := s.PerWriter(), []int{10, 10, 10}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What an idle connection holds does not depend on what it sent.
func TestAnIdleConnectionHoldsNoBuffer(t *testing.T) { both(t, testAnIdleConnectionHoldsNoBuffer) }

func testAnIdleConnectionHoldsNoBuffer(t *testing.T, newServer maker) {
	const connections, sent = 200, 16 << 10
	s, l := newServer(t, &delivery.Options{Tick: time.Hour}), listen(t, "tcp")
	var clients, conns []net.Conn
	for range connections {
		client, c := connect(t, l)
		clients, conns = append(clients, client), append(conns, c)
	}
	p := make([]byte, sent)
	before := heap()
	for i, c := range conns {
		first := true
		serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
			if first {
				b.B = append(b.B, p...)
			}
			first = false
			return false, nil
		}})
		_ = read(t, clients[i], sent)
		conns[i] = nil
	}
	if grown := heap() - before; grown > connections*1024+2*delivery.MaxFill {
		t.Errorf("%d connections that sent %d bytes hold %d bytes", connections, sent, grown)
	}
}

// heap returns how many bytes are in use.
func heap() int {
	runtime.GC()
	runtime.GC() // what a sync.Pool had is gone after the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A wake-up during a Fill may be about what that did not see any more.
func TestAWakeDuringAFillIsFollowedByAnother(t *testing.T) {
	both(t, testAWakeDuringAFillIsFollowedByAnother)
}

func testAWakeDuringAFillIsFollowedByAnother(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Tick: time.Hour}), listen(t, "tcp")
	client, c := connect(t, l)
	var stream *script
	fills, filled := 0, make(chan struct{})
	stream = &script{fill: func(b *delivery.Buffer) (bool, error) {
		if fills++; fills == 1 {
			stream.conn.Wake()
			return false, nil
		}
		b.B = append(b.B, '.')
		close(filled)
		return false, nil
	}}
	serve(t, s, c, stream)
	await(t, filled)
	if got := read(t, client, 1); got != "." {
		t.Errorf("got %q", got)
	}
}

// Whether or not start returns a stream after all.
func TestCloseWaitsForAStreamThatIsBeingMade(t *testing.T) {
	both(t, testCloseWaitsForAStreamThatIsBeingMade)
}

func testCloseWaitsForAStreamThatIsBeingMade(t *testing.T, newServer maker) {
	l := listen(t, "tcp")
	for _, fails := range []bool{false, true} {
		s := newServer(t, &delivery.Options{Tick: time.Hour})
		_, c := connect(t, l)
		stream := &script{ended: make(chan struct{}), t: t}
		starting, goOn, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
		served := make(chan error, 1)
		go func() {
			served <- s.Serve(c, func(*delivery.Conn) delivery.Stream {
				close(starting)
				<-goOn
				if fails {
					return nil
				}
				return stream
			})
		}()
		await(t, starting)
		go func() {
			s.Close()
			close(closed)
		}()
		for s.Serve(c, func(*delivery.Conn) delivery.Stream { return nil }) != delivery.ErrClosed {
			runtime.Gosched() // until Close has begun
		}
		close(goOn)
		await(t, closed)
		if err := <-served; (err != nil) != fails {
			t.Errorf("Serve: %v", err)
		}
		if !fails && !errors.Is(stream.why(t), delivery.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", stream.err)
		}
		_ = c.Close()
	}
}

func TestWithoutDescriptorsNothingIsTakenOver(t *testing.T) {
	s, l := newServer(t, nil), listen(t, "tcp")
	client, c := connect(t, l)
	withoutDescriptors(t, func() {
		err := s.Serve(c, func(*delivery.Conn) delivery.Stream {
			t.Error("start was called")
			return &script{}
		})
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("Serve: got %v, want %v", err, syscall.EMFILE)
		}
		if _, err := delivery.New(nil); !errors.Is(err, syscall.EMFILE) {
			t.Errorf("New: got %v, want %v", err, syscall.EMFILE)
		}
	})
	serve(t, s, c, hello())
	if got := read(t, client, 5); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// withoutDescriptors calls f while the process may not open any.
func withoutDescriptors(t *testing.T, f func()) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 1, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	f()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}
