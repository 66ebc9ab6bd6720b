package delivery_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

func TestAClientThatHangsUpIsNoticed(t *testing.T) { both(t, testAClientThatHangsUpIsNoticed) }

func testAClientThatHangsUpIsNoticed(t *testing.T, newServer maker) {
	tests := map[string]func(t *testing.T, client net.Conn){
		"closes": func(t *testing.T, client net.Conn) { _ = client.Close() },
		"closes its half": func(t *testing.T, client net.Conn) {
			if err := client.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				t.Error(err)
			}
		},
		"resets": func(t *testing.T, client net.Conn) {
			if c, ok := client.(*net.TCPConn); ok {
				_ = c.SetLinger(0)
			}
			_ = client.Close()
		},
		"sends and closes": func(t *testing.T, client net.Conn) {
			_, _ = client.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			_ = client.Close()
		},
	}
	for _, network := range networks {
		for name, hangUp := range tests {
			t.Run(network+" "+name, func(t *testing.T) {
				s, l := newServer(t, &delivery.Options{Tick: time.Hour}), listen(t, network)
				client, c := connect(t, l)
				stream := serve(t, s, c, &script{})
				hangUp(t, client)
				if err := stream.why(t); !errors.Is(err, delivery.ErrHungUp) {
					t.Errorf("got %v, want ErrHungUp", err)
				}
			})
		}
	}
}

func TestAClientThatIsGoneBeforeItIsServedIsNoticed(t *testing.T) {
	both(t, testAClientThatIsGoneBeforeItIsServedIsNoticed)
}

func testAClientThatIsGoneBeforeItIsServedIsNoticed(t *testing.T, newServer maker) {
	for _, network := range networks {
		s, l := newServer(t, &delivery.Options{Tick: time.Hour}), listen(t, network)
		client, c := connect(t, l)
		_ = client.Close()
		if err := serve(t, s, c, &script{}).why(t); !errors.Is(err, delivery.ErrHungUp) {
			t.Errorf("%s: got %v, want ErrHungUp", network, err)
		}
	}
}

// What a client sends neither wakes its stream nor ends it.
func TestWhatAClientSendsIsIgnored(t *testing.T) { both(t, testWhatAClientSendsIsIgnored) }

func testWhatAClientSendsIsIgnored(t *testing.T, newServer maker) {
	for _, network := range networks {
		s, l := newServer(t, &delivery.Options{Writers: 1, Tick: time.Hour}), listen(t, network)
		client, c := connect(t, l)
		fills := 0
		stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
			fills++
			b.B = fmt.Append(b.B, fills)
			return false, nil
		}})
		if got := read(t, client, 1); got != "1" {
			t.Fatalf("got %q", got)
		}
		for range 100 {
			if _, err := client.Write(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		settle(t, s, l)
		stream.conn.Wake()
		if got := read(t, client, 1); got != "2" {
			t.Fatalf("%s: got %q after one wake-up", network, got)
		}
	}
}

// Bytes that nobody read must not turn the end into a reset, which would take
// with it what is under way.
func TestTheEndArrivesThoughTheClientSentSomething(t *testing.T) {
	both(t, testTheEndArrivesThoughTheClientSentSomething)
}

func testTheEndArrivesThoughTheClientSentSomething(t *testing.T, newServer maker) {
	want := string(pattern(2_000_000))
	for _, network := range networks {
		s, l := newServer(t, nil), listen(t, network)
		for range 5 {
			client, c := connect(t, l)
			if _, err := client.Write(make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
			stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
				b.Refer([]byte(want))
				return false, errOver
			}})
			for got := ""; len(got) < len(want); {
				got += read(t, client, min(500_000, len(want)-len(got)))
				if _, err := client.Write([]byte("and more")); err != nil {
					t.Fatal(err)
				}
			}
			if rest := readAll(t, client); len(rest) > 0 {
				t.Errorf("%s: %d bytes too many", network, len(rest))
			}
			if err := stream.why(t); !errors.Is(err, errOver) {
				t.Errorf("got %v, want what Fill said", err)
			}
			_ = client.Close()
		}
	}
}

// Whoever is told that its stream is over may come back at once, and must not
// find what the stream held.
func TestAStreamIsClosedBeforeItsClientKnows(t *testing.T) {
	both(t, testAStreamIsClosedBeforeItsClientKnows)
}

func testAStreamIsClosedBeforeItsClientKnows(t *testing.T, newServer maker) {
	s, l := newServer(t, nil), listen(t, "tcp")
	for range 20 {
		client, c := connect(t, l)
		stream := serve(t, s, c, &script{fill: func(*delivery.Buffer) (bool, error) { return false, errOver }})
		_ = readAll(t, client)
		select {
		case <-stream.ended:
		default:
			t.Fatal("the client knew first")
		}
		_ = client.Close()
	}
}

func TestAClientThatDoesNotCloseItsHalfIsLeft(t *testing.T) {
	both(t, testAClientThatDoesNotCloseItsHalfIsLeft)
}

func testAClientThatDoesNotCloseItsHalfIsLeft(t *testing.T, newServer maker) {
	for _, network := range networks {
		s, l := newServer(t, &delivery.Options{Writers: 1, WriteTimeout: 50 * time.Millisecond, Tick: 10 * time.Millisecond}), listen(t, network)
		before := descriptors(t)
		client, c := connect(t, l)
		if _, err := client.Write([]byte("unread")); err != nil {
			t.Fatal(err)
		}
		serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
			b.B = append(b.B, "bye"...)
			return false, errOver
		}})
		if got := readAll(t, client); string(got) != "bye" {
			t.Errorf("got %q", got)
		}
		untilDescriptors(t, s, l, before+1)
	}
}

// untilDescriptors waits until the process has n descriptors, by letting the
// only writer of s do one thing after the other.
func untilDescriptors(t *testing.T, s server, l net.Listener, n int) {
	t.Helper()
	for end := time.Now().Add(patience); descriptors(t) != n; {
		if settle(t, s, l); time.Now().After(end) {
			t.Fatalf("the process has %d descriptors, want %d", descriptors(t), n)
		}
	}
}

func TestTickEndsAStream(t *testing.T) { both(t, testTickEndsAStream) }

func testTickEndsAStream(t *testing.T, newServer maker) {
	expired := errors.New("expired")
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond}), listen(t, "tcp")
	client, c := connect(t, l)
	stream := serve(t, s, c, &script{tick: func(time.Time) (bool, error) { return false, expired }})
	if err := stream.why(t); !errors.Is(err, expired) {
		t.Errorf("got %v, want %v", err, expired)
	}
	if got := readAll(t, client); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

func TestTickEndsAStreamWhoseClientDoesNotRead(t *testing.T) {
	both(t, testTickEndsAStreamWhoseClientDoesNotRead)
}

func testTickEndsAStreamWhoseClientDoesNotRead(t *testing.T, newServer maker) {
	expired := errors.New("expired")
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond, WriteTimeout: time.Hour}), listen(t, "tcp")
	_, c := connect(t, l)
	small(t, c)
	filled := 0
	stream := serve(t, s, c, &script{
		fill: func(b *delivery.Buffer) (bool, error) {
			filled++
			b.B = append(b.B, make([]byte, delivery.MaxFill)...)
			return true, nil
		},
		tick: func() func(time.Time) (bool, error) {
			seen := 0
			return func(time.Time) (bool, error) {
				if filled > seen {
					seen = filled
					return true, nil // it is being sent anyway
				}
				return true, expired
			}
		}(),
	})
	if err := stream.why(t); !errors.Is(err, expired) {
		t.Errorf("got %v, want %v", err, expired)
	}
}

func TestTickAsksForAFill(t *testing.T) { both(t, testTickAsksForAFill) }

func testTickAsksForAFill(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond}), listen(t, "tcp")
	client, c := connect(t, l)
	due := false
	serve(t, s, c, &script{
		fill: func(b *delivery.Buffer) (bool, error) {
			if due {
				b.B = append(b.B, '.')
			}
			due = false
			return false, nil
		},
		tick: func(now time.Time) (bool, error) {
			if now.IsZero() {
				t.Error("Tick does not say when it is")
			}
			due = true
			return true, nil
		},
	})
	if got := read(t, client, 3); got != "..." {
		t.Errorf("got %q", got)
	}
}

func TestAnErrorOfTheSystemEndsAStream(t *testing.T) {
	s, err := delivery.NewSending(nil, func(int, []syscall.Iovec) (int, syscall.Errno) { return -1, syscall.EIO })
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, s)
	_, c := connect(t, listen(t, "tcp"))
	stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
		b.B = append(b.B, "lost"...)
		return false, io.EOF
	}})
	if err := stream.why(t); !errors.Is(err, syscall.EIO) || errors.Is(err, delivery.ErrHungUp) {
		t.Errorf("got %v, want %v", err, syscall.EIO)
	}
}

func TestAWriteToAClientThatIsGoneIsAHangUp(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPIPE, syscall.ECONNRESET} {
		s, err := delivery.NewSending(nil, func(int, []syscall.Iovec) (int, syscall.Errno) { return -1, errno })
		if err != nil {
			t.Fatal(err)
		}
		closeAtEnd(t, s)
		_, c := connect(t, listen(t, "tcp"))
		stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
			b.Refer([]byte("lost"))
			return true, nil
		}})
		if err := stream.why(t); !errors.Is(err, delivery.ErrHungUp) || !errors.Is(err, errno) {
			t.Errorf("got %v, want ErrHungUp and %v", err, errno)
		}
	}
}

func TestAClientThatNeverReadsIsCut(t *testing.T) { both(t, testAClientThatNeverReadsIsCut) }

func testAClientThatNeverReadsIsCut(t *testing.T, newServer maker) {
	for _, network := range networks {
		s, l := newServer(t, &delivery.Options{WriteTimeout: 50 * time.Millisecond, Tick: 5 * time.Millisecond}), listen(t, network)
		client, c := connect(t, l)
		begun := time.Now()
		stream := serve(t, s, c, endless())
		if err := stream.why(t); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: got %v, want a deadline", network, err)
		}
		if took := time.Since(begun); took < 50*time.Millisecond {
			t.Errorf("%s: it had %v only", network, took)
		}
		if n := stream.filled.Load(); n > 32<<20 {
			t.Errorf("%s: %d bytes were filled for it", network, n)
		}
		_, err := io.Copy(io.Discard, client)
		if network == "tcp" && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the kernel goes on sending what nobody reads: %v", err)
		}
		_ = client.Close()
	}
}

// A byte now and then is not what a client has to accept in time.
func TestAClientThatReadsAByteNowAndThenIsCut(t *testing.T) {
	both(t, testAClientThatReadsAByteNowAndThenIsCut)
}

func testAClientThatReadsAByteNowAndThenIsCut(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{WriteTimeout: 100 * time.Millisecond, Tick: 5 * time.Millisecond}), listen(t, "tcp")
	client, c := connect(t, l)
	small(t, c)
	small(t, client)
	stream := serve(t, s, c, endless())
	p := make([]byte, 1)
	for end := time.After(patience); ; {
		select {
		case <-stream.ended:
			if !errors.Is(stream.err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v, want a deadline", stream.err)
			}
			return
		case <-end:
			t.Fatal("it was not cut")
		case <-time.After(time.Millisecond):
			_, _ = client.Read(p)
		}
	}
}

// Nor is it enough if each of them made room for more.
func TestAClientThatAcceptsAByteAtATimeIsCut(t *testing.T) {
	s := newReluctant(t, 1, delivery.Options{WriteTimeout: 50 * time.Millisecond, Tick: 5 * time.Millisecond})
	_, c := connect(t, listen(t, "tcp"))
	stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
		b.B = append(b.B, make([]byte, 4*delivery.MaxFill)...)
		return false, errOver
	}})
	if err := stream.why(t); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}

// Who reads, though slowly, has a new deadline after each MaxFill.
func TestAClientThatReadsEnoughIsNotCut(t *testing.T) { both(t, testAClientThatReadsEnoughIsNotCut) }

func testAClientThatReadsEnoughIsNotCut(t *testing.T, newServer maker) {
	const timeout = time.Second
	s, l := newServer(t, &delivery.Options{WriteTimeout: timeout, Tick: 5 * time.Millisecond}), listen(t, "tcp")
	client, c := connect(t, l)
	small(t, c)
	if err := client.(*net.TCPConn).SetReadBuffer(delivery.MaxFill); err != nil {
		t.Fatal(err) // or the kernel would accept all of it
	}
	p := make([]byte, 8<<20) // one thing, which is not accepted in one timeout
	stream := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
		b.Refer(p)
		return false, errOver
	}})
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for begun := time.Now(); time.Since(begun) < timeout*5/4; <-pace.C {
		_ = read(t, client, 50_000)
	}
	select {
	case <-stream.ended:
		t.Errorf("it ended before the client had read much: %v", stream.err)
	default:
	}
	_ = readAll(t, client)
	if err := stream.why(t); !errors.Is(err, errOver) {
		t.Errorf("got %v, want what Fill said", err)
	}
}
