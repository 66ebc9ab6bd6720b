package delivery_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// frame is as large as a usual event.
var frame = bytes.Repeat([]byte{'.'}, 190)

// A broadcast is frames that all streams send.
type broadcast struct{ published atomic.Int64 }

// A receiver is the stream of one connection that sends a broadcast.
type receiver struct {
	from *broadcast
	at   int64
}

func (r *receiver) Fill(b *delivery.Buffer) (bool, error) {
	for to := r.from.published.Load(); r.at < to; r.at++ {
		b.B = append(b.B, frame...)
	}
	return false, nil
}

func (r *receiver) Blocks() bool                          { return false }
func (r *receiver) Tick(now time.Time) (time.Time, error) { return now.Add(time.Hour), nil }
func (r *receiver) Close(error)                           {}

// BenchmarkFanOut sends an event to 1,000 connections over loopback and waits
// until all have it; then the same by a bare loop of writes over the same
// sockets. Both include what the clients need, which are in this process. The
// ratio is what the engine adds.
func BenchmarkFanOut(b *testing.B) {
	const connections = 1000
	l, from := listen(b, "tcp"), new(broadcast)
	s := newServer(b, &delivery.Options{Writers: 1})
	var clients []net.Conn
	var conns []*delivery.Conn
	for range connections {
		client, c := connect(b, l)
		clients = append(clients, client)
		err := s.Serve(c, func(conn *delivery.Conn) delivery.Stream {
			conns = append(conns, conn)
			return &receiver{from: from}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	received := drain(b, clients)
	engine := func() {
		from.published.Add(1)
		wake(conns)
	}
	bare := func() {
		for _, c := range conns {
			if err := writeFrame(c.FD()); err != 0 {
				b.Fatal(err)
			}
		}
	}
	var took [2]time.Duration
	rounds := 0
	for b.Loop() {
		for i := range 2 {
			i = (i + rounds) % 2 // each is the first as often
			begun := time.Now()
			[]func(){engine, bare}[i]()
			received(connections * len(frame))
			took[i] += time.Since(begun)
		}
		rounds++
	}
	each := float64(rounds * connections)
	b.ReportMetric(float64(took[0])/each, "engine-ns/delivery")
	b.ReportMetric(float64(took[1])/each, "bare-ns/delivery")
	b.ReportMetric(float64(took[0])/float64(took[1]), "ratio")
}

// writeFrame writes a frame, and nothing else.
func writeFrame(fd int) syscall.Errno {
	var v syscall.Iovec
	v.Base = &frame[0]
	v.SetLen(len(frame))
	_, err := delivery.Send(fd, []syscall.Iovec{v})
	return err
}

// drain reads all that comes to clients by one thread, and returns a function
// that waits until that was n bytes more.
func drain(b *testing.B, clients []net.Conn) (received func(n int)) {
	b.Helper()
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range clients {
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			b.Fatal(err)
		}
		err = raw.Control(func(fd uintptr) {
			e := &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}
			if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, int(fd), e); err != nil {
				b.Fatal(err)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var reading sync.WaitGroup
	var stop atomic.Bool
	arrived := make(chan int, 1000)
	reading.Go(func() { readReady(b, epoll, arrived, &stop) })
	b.Cleanup(func() {
		stop.Store(true)
		reading.Wait()
		_ = syscall.Close(epoll)
	})
	return func(n int) {
		for n > 0 {
			n -= <-arrived
		}
	}
}

// readReady reads what comes to the descriptors of an epoll, and says how much
// that was.
func readReady(b *testing.B, epoll int, arrived chan<- int, stop *atomic.Bool) {
	var events [256]syscall.EpollEvent
	p := make([]byte, 64<<10)
	for !stop.Load() {
		n, err := syscall.EpollWait(epoll, events[:], 100)
		if err != nil && err != syscall.EINTR {
			b.Error(os.NewSyscallError("epoll_wait", err))
			return
		}
		sum := 0
		for _, e := range events[:max(n, 0)] {
			if n, err := syscall.Read(int(e.Fd), p); err == nil {
				sum += n
			}
		}
		if sum > 0 {
			arrived <- sum
		}
	}
}

// BenchmarkWake is what a publisher pays to wake each of many streams.
func BenchmarkWake(b *testing.B) {
	const streams = 1000
	l := listen(b, "unix")
	s := newServer(b, nil)
	var conns []*delivery.Conn
	for range streams {
		_, c := connect(b, l)
		err := s.Serve(c, func(conn *delivery.Conn) delivery.Stream {
			conns = append(conns, conn)
			return &receiver{from: new(broadcast)}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		wake(conns)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N*streams), "ns/wake")
}

// BenchmarkPass is one connection that comes, gets a frame and goes; with
// -benchtime 200000x a test of what is left of many.
func BenchmarkPass(b *testing.B) {
	l, from := listen(b, "unix"), new(broadcast)
	from.published.Store(1)
	s := newServer(b, nil)
	p := make([]byte, len(frame))
	for b.Loop() {
		client, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		stream := &passing{receiver{from: from}, make(chan error, 1)}
		if err := s.Serve(c, func(*delivery.Conn) delivery.Stream { return stream }); err != nil {
			b.Fatal(err)
		}
		if n, err := client.Read(p); n != len(frame) {
			b.Fatal(n, err)
		}
		_ = client.Close()
		if err := <-stream.ended; !errors.Is(err, delivery.ErrHungUp) {
			b.Fatal(err)
		}
	}
}

// passing is a receiver that says how it ended.
type passing struct {
	receiver
	ended chan error
}

func (p *passing) Close(err error) { p.ended <- err }
