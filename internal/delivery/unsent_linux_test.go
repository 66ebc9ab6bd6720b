package delivery_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

func TestTheSystemKeepsLittleOfWhatAClientDoesNotRead(t *testing.T) {
	for name, newServer := range makers {
		t.Run(name, func(t *testing.T) {
			_, c := connect(t, listen(t, "tcp"))
			testTheSystemKeepsLittle(t, newServer, c)
		})
	}
	t.Run("TLS", func(t *testing.T) {
		_, c := kinds["TLS"](t)
		testTheSystemKeepsLittle(t, newPortable, c)
	})
}

// testTheSystemKeepsLittle has a client whose own buffer, of 128 KiB, is all that
// is to be filled.
func testTheSystemKeepsLittle(t *testing.T, newServer maker, c net.Conn) {
	s := newServer(t, &delivery.Options{WriteTimeout: 100 * time.Millisecond, Tick: 5 * time.Millisecond})
	stream := serve(t, s, c, endless())
	if err := stream.why(t); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
	if n := stream.filled.Load(); n > 512<<10 {
		t.Errorf("%d bytes were taken of a client that reads none", n)
	}
}
