package delivery_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// A wrapped is a connection of which one knows no more than that.
type wrapped struct{ net.Conn }

// overTLS returns both ends of a connection with TLS on top of it, after the
// handshake.
func overTLS(t *testing.T, client, server net.Conn) (net.Conn, net.Conn) {
	t.Helper()
	signer := httptest.NewUnstartedServer(nil)
	signer.StartTLS()
	defer signer.Close()
	// A ticket would have to be read before the handshake is over.
	s := tls.Server(server, &tls.Config{Certificates: signer.TLS.Certificates, SessionTicketsDisabled: true})
	shaken := make(chan error, 1)
	go func() { shaken <- s.HandshakeContext(t.Context()) }()
	roots := x509.NewCertPool()
	roots.AddCert(signer.Certificate())
	c := tls.Client(client, &tls.Config{RootCAs: roots, ServerName: "example.com"})
	if err := errors.Join(c.HandshakeContext(t.Context()), <-shaken); err != nil {
		t.Fatal(err)
	}
	return c, s
}

// kinds are connections that only a Portable serves.
var kinds = map[string]func(t *testing.T) (client, server net.Conn){
	"pipe": func(*testing.T) (client, server net.Conn) { return net.Pipe() },
	"wrapped": func(t *testing.T) (client, server net.Conn) {
		client, server = connect(t, listen(t, "tcp"))
		return client, wrapped{server}
	},
	"TLS": func(t *testing.T) (client, server net.Conn) {
		client, server = connect(t, listen(t, "tcp"))
		return overTLS(t, client, server)
	},
	"TLS over a pipe": func(t *testing.T) (client, server net.Conn) { // takes no byte that is not read
		client, server = net.Pipe()
		return overTLS(t, client, server)
	},
}

func TestAPortableServesConnectionsOfAnyKind(t *testing.T) {
	want := pattern(400_000)
	for name, dial := range kinds {
		for _, refers := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s, f := newPortable(t, nil), newFeed()
				client, c := dial(t)
				r := f.follow(t, s, c, &follower{chunk: 1000, refers: refers})
				go func() {
					for p := range slices.Chunk(want, 20_011) {
						f.publish(p)
					}
					f.finish()
				}()
				if got := readAll(t, client); !bytes.Equal(got, want) {
					t.Errorf("got %d bytes, want %d, or others", len(got), len(want))
				}
				if err := r.why(t); !errors.Is(err, errOver) {
					t.Errorf("got %v, want what Fill said", err)
				}
				_ = client.Close()
			})
		}
	}
}

func TestAPortableNoticesThatAClientOfAnyKindHangsUp(t *testing.T) {
	for name, dial := range kinds {
		t.Run(name, func(t *testing.T) {
			s := newPortable(t, &delivery.Options{Tick: time.Hour})
			client, c := dial(t)
			stream := serve(t, s, c, &script{})
			_, _ = client.Write([]byte("ignored"))
			_ = client.Close()
			if err := stream.why(t); !errors.Is(err, delivery.ErrHungUp) {
				t.Errorf("got %v, want ErrHungUp", err)
			}
		})
	}
}

// No good-bye of TLS is waited for.
func TestAPortableCutsAClientOfAnyKindThatDoesNotRead(t *testing.T) {
	for name, dial := range kinds {
		t.Run(name, func(t *testing.T) {
			s := newPortable(t, &delivery.Options{WriteTimeout: 50 * time.Millisecond})
			_, c := dial(t)
			stream, begun := serve(t, s, c, endless()), time.Now()
			if err := stream.why(t); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v, want a deadline", err)
			}
			s.Close()
			if took := time.Since(begun); took > 4*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// What ends a stream does not wait for a write.
func TestAPortableThatClosesWaitsForNoWrite(t *testing.T) {
	for name, dial := range kinds {
		t.Run(name, func(t *testing.T) {
			s := newPortable(t, &delivery.Options{WriteTimeout: time.Hour})
			_, c := dial(t)
			stream, n := serve(t, s, c, endless()), int64(-1)
			for n != stream.filled.Load() { // until it is stuck, or nearly so
				n = stream.filled.Load()
				runtime.Gosched()
			}
			s.Close()
			if err := stream.why(t); !errors.Is(err, delivery.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		})
	}
}

// A count is a connection that counts what is written to it.
type count struct {
	net.Conn
	writes []int
}

func (c *count) Write(p []byte) (int, error) {
	c.writes = append(c.writes, len(p))
	return c.Conn.Write(p)
}

func TestAPortableJoinsWhatIsSmall(t *testing.T) {
	client, c := connect(t, listen(t, "tcp"))
	counted := &count{Conn: c}
	large := pattern(delivery.MaxFill + 1)
	stream := serve(t, newPortable(t, nil), counted, &script{fill: func(b *delivery.Buffer) (bool, error) {
		for range 10 {
			b.B = append(b.B, "small"...)
			b.Refer([]byte("part"))
		}
		b.Refer(large)
		b.B = append(b.B, "end"...)
		return false, errOver
	}})
	if got, want := readAll(t, client), strings.Repeat("smallpart", 10)+string(large)+"end"; string(got) != want {
		t.Errorf("got %d bytes, want %d, or others", len(got), len(want))
	}
	_ = stream.why(t)
	if want := []int{90, delivery.MaxFill, 1, 3}; !slices.Equal(counted.writes, want) {
		t.Errorf("got writes of %v bytes, want %v", counted.writes, want)
	}
}

// An idle connection has one goroutine, also after it had something to send.
// Those who sent it are few.
func TestAnIdleConnectionOfAPortableHasOneGoroutine(t *testing.T) {
	const connections = 50
	s, l, f := newPortable(t, &delivery.Options{Tick: time.Hour}), listen(t, "tcp"), newFeed()
	var clients []net.Conn
	for range connections {
		client, c := connect(t, l)
		clients = append(clients, client)
		f.follow(t, s, c, &follower{chunk: 100})
	}
	f.publish([]byte("hello"))
	for _, client := range clients {
		_ = read(t, client, 5)
	}
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		reading, working := goroutines("(*peer).read("), goroutines("(*crew).work(")
		if reading == connections && working <= runtime.GOMAXPROCS(0)+1 && working > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines read and %d deliver, want %d and a few", reading, working, connections)
		}
	}
}

// goroutines returns how many goroutines are in a function.
func goroutines(function string) int {
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte(function))
}

// A drowsy is a connection that wakes its stream when something was written,
// before that rests.
type drowsy struct {
	net.Conn
	wake func()
}

func (d *drowsy) Write(p []byte) (int, error) {
	defer d.wake()
	return d.Conn.Write(p)
}

// A wake-up is not lost where a delivery ends at the same moment.
func TestAWakeAtTheEndOfADeliveryIsFollowedByAnother(t *testing.T) {
	client, c := connect(t, listen(t, "tcp"))
	stream, n := new(script), byte('0')
	stream.fill = func(b *delivery.Buffer) (bool, error) {
		n++
		b.B = append(b.B, n)
		return false, nil
	}
	d := &drowsy{Conn: c, wake: func() {
		if n < '5' {
			stream.conn.Wake()
		}
	}}
	serve(t, newPortable(t, &delivery.Options{Tick: time.Hour}), d, stream)
	if got := read(t, client, 5); got != "12345" {
		t.Errorf("got %q", got)
	}
}
