package delivery_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// A countdown is a stream that begins when it is woken.
type countdown struct {
	mu sync.Mutex
	n  int
}

var errDone = errors.New("done")

// set says from where to count.
func (c *countdown) set(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = n
}

func (c *countdown) Fill(b *delivery.Buffer) (more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 {
		return false, nil // until Wake
	}
	b.B = fmt.Appendln(b.B, c.n)
	if c.n--; c.n == 0 {
		b.Refer([]byte("lift-off\n"))
		return false, errDone
	}
	return true, nil
}

func (c *countdown) Blocks() bool                          { return false }
func (c *countdown) Tick(now time.Time) (time.Time, error) { return now.Add(time.Hour), nil }
func (c *countdown) Close(err error)                       { fmt.Println("closed:", err) }

func Example() {
	server, err := delivery.New(nil)
	if err != nil {
		panic(err) // not on Linux: serve each stream from a goroutine
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	stream := new(countdown)
	var conn *delivery.Conn
	err = server.Serve(accepted, func(c *delivery.Conn) delivery.Stream {
		conn = c
		return stream
	})
	if err != nil {
		panic(err) // accepted is as it was
	}
	stream.set(3)
	conn.Wake()
	all, err := io.ReadAll(client)
	fmt.Print(string(all))
	_, _, _ = err, client.Close(), listener.Close()
	server.Close()
	// Output:
	// closed: done
	// 3
	// 2
	// 1
	// lift-off
}
