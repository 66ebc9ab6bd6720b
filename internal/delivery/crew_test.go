package delivery_test

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// Clients that hold up those who deliver are no reason for others to wait, again
// and again, and none for more goroutines when they are gone.
func TestWhoIsHeldUpIsReplacedForAsLongAsThatLasts(t *testing.T) {
	s, l := newPortable(t, &delivery.Options{WriteTimeout: time.Hour, Tick: time.Hour}), listen(t, "tcp")
	for range 2 {
		f := newFeed()
		client, c := connect(t, l)
		f.follow(t, s, c, &follower{chunk: 100})
		var stuck []net.Conn
		for range 10 {
			client, c := connect(t, l)
			small(t, c)
			serve(t, s, c, endless())
			stuck = append(stuck, client)
		}
		for range 10 {
			f.publish([]byte("x"))
			_ = read(t, client, 1)
		}
		for _, c := range append(stuck, client) {
			_ = c.Close()
		}
		waitFor(t, "a crew that is small again", func() bool {
			return s.Connections() == 0 && goroutines("(*crew).work(") <= runtime.GOMAXPROCS(0)
		})
		waitFor(t, "nobody who watches it without need", func() bool { return goroutines("(*crew).watch(") == 0 })
	}
}

// waitFor waits until something is so.
func waitFor(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}
