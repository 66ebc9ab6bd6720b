package delivery_test

import (
	"net"
	"runtime"
	"sync/atomic"
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

// Who is busy is not replaced, however long that takes: others would only wait for
// the same processor.
func TestACrewThatIsBusyDoesNotGrow(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s, l := newPortable(t, nil), listen(t, "tcp")
	var filled atomic.Int32
	most := 0
	for range 10 {
		_, c := connect(t, l)
		serve(t, s, c, &script{fill: func(*delivery.Buffer) (bool, error) {
			for began := time.Now(); time.Since(began) < 70*time.Millisecond; {
			}
			filled.Add(1)
			return false, nil
		}})
	}
	waitFor(t, "end", func() bool {
		most = max(most, goroutines("(*crew).work("))
		return filled.Load() == 10
	})
	if most > 1 {
		t.Errorf("%d did what one can do", most)
	}
}

// Clients that hold up those who deliver are replaced by as many as can work: who
// else wants the processor would wait behind more.
func TestWhoWaitsIsReplacedByWhoCanWork(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s, l := newPortable(t, &delivery.Options{WriteTimeout: time.Hour}), listen(t, "tcp")
	const stuck = 40
	for range stuck {
		_, c := connect(t, l)
		small(t, c)
		serve(t, s, c, endless())
	}
	waitFor(t, "clients that hold up others", func() bool { return goroutines("(*peer).offer(") == stuck })
	var filled atomic.Int32
	for range 20 {
		_, c := connect(t, l)
		serve(t, s, c, &script{fill: func(*delivery.Buffer) (bool, error) {
			for began := time.Now(); time.Since(began) < 3*time.Millisecond; {
			}
			return filled.Add(1) < 100, nil
		}})
	}
	most := 0
	waitFor(t, "end", func() bool {
		most = max(most, goroutines("(*crew).work(")-stuck)
		return filled.Load() >= 100
	})
	if most > 1 {
		t.Errorf("%d did what one can do", most)
	}
}

// A program that holds up who delivers is no reason for others to wait for ever.
func TestWhoIsHeldUpByAProgramIsReplaced(t *testing.T) {
	s, l := newPortable(t, nil), listen(t, "tcp")
	release := make(chan struct{})
	for range 10 {
		_, c := connect(t, l)
		serve(t, s, c, &script{fill: func(*delivery.Buffer) (bool, error) {
			<-release
			return false, nil
		}})
	}
	client, c := connect(t, l)
	serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
		b.B = append(b.B, '.')
		return false, errOver
	}})
	_ = read(t, client, 1)
	close(release)
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
