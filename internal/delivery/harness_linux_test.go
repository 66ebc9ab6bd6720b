package delivery_test

import (
	"os"
	"testing"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// makers are those of this system.
var makers = map[string]maker{
	"raw":      func(t testing.TB, o *delivery.Options) server { return newServer(t, o) },
	"portable": newPortable,
}

// newServer returns a server that is closed at the end of the test, and found
// to have nothing left.
func newServer(t testing.TB, o *delivery.Options) *delivery.Server {
	t.Helper()
	s, err := delivery.New(o)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, s)
	return s
}

func closeAtEnd(t testing.TB, s *delivery.Server) {
	t.Cleanup(func() {
		s.Close()
		if n, m := s.Connections(), s.SlotsInUse(); n != 0 || m != 0 {
			t.Errorf("%d connections and %d slots are left of a closed server", n, m)
		}
	})
}

// descriptors returns how many descriptors the process has.
func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
