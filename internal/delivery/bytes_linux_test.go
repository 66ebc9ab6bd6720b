package delivery_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// Every write takes k bytes at most, for each k, and every other none.
func TestWritesThatStopAtAnyByteTearNothing(t *testing.T) {
	want := pattern(97)
	for _, network := range networks {
		l := listen(t, network)
		for k := 1; k <= 33; k++ {
			for _, refers := range []bool{false, true} {
				client, c := connect(t, l)
				s := newReluctant(t, k, delivery.Options{})
				f := newFeed()
				f.publish(want[:50])
				r := f.follow(t, s, c, &follower{chunk: 32, refers: refers})
				f.publish(want[50:])
				f.finish()
				if got := readAll(t, client); !bytes.Equal(got, want) {
					t.Fatalf("%d bytes at a time, got\n%x, want\n%x", k, got, want)
				}
				if err := r.why(t); !errors.Is(err, errOver) {
					t.Fatal(err)
				}
				_ = client.Close()
				s.Close()
			}
		}
	}
}

// newReluctant returns a server whose writes take k bytes at most, and none
// every other time.
func newReluctant(t *testing.T, k int, o delivery.Options) *delivery.Server {
	var s *delivery.Server
	o.Writers = 1
	calls := 0
	s, err := delivery.NewSending(&o, func(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
		if calls++; calls%2 == 0 {
			return 0, rearmed(s, fd, syscall.EAGAIN)
		}
		var p []byte
		for _, v := range iov {
			p = append(p, delivery.Bytes(v)...)
		}
		n, err := syscall.Write(fd, p[:min(k, len(p))])
		if err != nil {
			t.Errorf("write: %v", err)
		}
		return n, rearmed(s, fd, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, s)
	return s
}

// rearmed returns result, or why the poller could not be told.
func rearmed(s *delivery.Server, fd int, result syscall.Errno) syscall.Errno {
	if err := s.Rearm(fd); err != nil {
		return syscall.EINVAL
	}
	return result
}

// Sockets with the smallest buffers there are, read in odd pieces by clients
// that are slower than what comes.
func TestFullSocketsLoseAndRepeatNothing(t *testing.T) { both(t, testFullSocketsLoseAndRepeatNothing) }

func testFullSocketsLoseAndRepeatNothing(t *testing.T, newServer maker) {
	want := pattern(300_000)
	for _, network := range networks {
		for _, chunk := range []int{1, 1000, delivery.MaxFill, 300_000} {
			t.Run(network, func(t *testing.T) {
				n := len(want)
				if chunk == 1 {
					n = 5_000
				}
				s, l, f := newServer(t, &delivery.Options{Writers: 2}), listen(t, network), newFeed()
				var clients []net.Conn
				for i := range 6 {
					client, c := connect(t, l)
					small(t, c)
					clients = append(clients, client)
					f.follow(t, s, c, &follower{chunk: chunk, refers: i%2 == 0})
				}
				var reading sync.WaitGroup
				for i, client := range clients {
					reading.Go(func() {
						if got := readSlowly(client, 100+i*977); !bytes.Equal(got, want[:n]) {
							t.Errorf("a client got %d bytes that are not what was sent", len(got))
						}
						_ = client.Close()
					})
				}
				for at := 0; at < n; {
					next := min(at+1+at/3, n)
					f.publish(want[at:next])
					at = next
				}
				f.finish()
				reading.Wait()
			})
		}
	}
}

// readSlowly reads until the end, n bytes at a time.
func readSlowly(c net.Conn, n int) []byte {
	var all []byte
	p := make([]byte, n)
	for {
		m, err := c.Read(p)
		all = append(all, p[:m]...)
		if err != nil {
			return all
		}
	}
}

// A write that was interrupted is not an end.
func TestInterruptedWritesAreRepeated(t *testing.T) {
	l := listen(t, "tcp")
	client, c := connect(t, l)
	calls := 0
	s, err := delivery.NewSending(&delivery.Options{Writers: 1}, func(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
		if calls++; calls < 4 {
			return -1, syscall.EINTR
		}
		return delivery.Send(fd, iov)
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, s)
	f := newFeed()
	f.publish([]byte("hello"))
	f.follow(t, s, c, &follower{chunk: 100})
	if got := read(t, client, 5); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// offered returns how many bytes a vector has.
func offered(iov []syscall.Iovec) int {
	n := 0
	for _, v := range iov {
		n += len(delivery.Bytes(v))
	}
	return n
}

// A part that is larger than what one turn allows, and more parts than one
// write takes.
func TestLargePartsAndManyPartsArriveWhole(t *testing.T) {
	large := pattern(20 * delivery.MaxFill)
	want := bytes.Clone(large)
	for i := range 1000 {
		want = append(want, byte(i), '.', byte(i>>8))
	}
	for _, network := range networks {
		s, err := delivery.NewSending(nil, func(fd int, iov []syscall.Iovec) (int, syscall.Errno) {
			if n := offered(iov); n > 2*delivery.MaxFill {
				t.Errorf("%d bytes were offered in one turn", n)
			}
			return delivery.Send(fd, iov)
		})
		if err != nil {
			t.Fatal(err)
		}
		closeAtEnd(t, s)
		client, c := connect(t, listen(t, network))
		serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
			b.Refer(large)
			for i := range 1000 {
				b.B = append(b.B, byte(i))
				b.Refer([]byte{'.'})
				b.B = append(b.B, byte(i>>8))
			}
			return false, io.EOF
		}})
		if got := readAll(t, client); !bytes.Equal(got, want) {
			t.Errorf("%s: got %d bytes, want %d, or others", network, len(got), len(want))
		}
		_ = client.Close()
	}
}
