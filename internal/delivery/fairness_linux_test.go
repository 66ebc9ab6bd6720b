package delivery_test

import (
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// However much others have to send, who was woken waits for one turn of each.
func TestAReaderFarBehindDelaysTheOthersByOneTurn(t *testing.T) {
	s, l := newServer(t, &delivery.Options{Writers: 1}), listen(t, "tcp")
	var draining sync.WaitGroup
	defer draining.Wait()
	turns := 0
	fill := func(b *delivery.Buffer) (bool, error) {
		turns++
		b.B = append(b.B, make([]byte, delivery.MaxFill)...)
		return true, nil
	}
	const behind = 3
	for range behind {
		client, c := connect(t, l)
		draining.Go(func() { _, _ = io.Copy(io.Discard, client) })
		defer func() { _ = client.Close() }()
		serve(t, s, c, &script{fill: fill})
	}
	client, c := connect(t, l)
	since := make(chan int, 1)
	woken := 0
	live := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
		if woken > 0 {
			since <- turns - woken
			b.B = append(b.B, '.')
		}
		woken = 0
		return false, nil
	}})
	other, d := connect(t, l)
	defer func() { _ = other.Close() }()
	plug := serve(t, s, d, &script{fill: func(*delivery.Buffer) (bool, error) {
		woken = turns // on the goroutine of the writer, so that it is exact
		live.conn.Wake()
		return false, nil
	}})
	for range 20 {
		plug.conn.Wake()
		select {
		case n := <-since:
			if n > 2*behind {
				t.Errorf("%d others were filled meanwhile, want at most %d", n, 2*behind)
			}
		case <-time.After(patience):
			t.Fatal("it was not filled")
		}
		_ = read(t, client, 1)
	}
}

// However many end at one moment, who was woken waits for some of them.
func TestThoseWhoEndTogetherDelayTheOthersByOneTurn(t *testing.T) {
	s, l := newServer(t, &delivery.Options{Writers: 1, Tick: time.Hour}), listen(t, "unix")
	var over atomic.Bool
	ended, since := 0, make(chan int, 1) // ended is the writer's
	client, c := connect(t, l)
	live := serve(t, s, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
		if ended > 0 {
			since <- ended
			return false, errOver
		}
		b.B = append(b.B, '.')
		return false, nil
	}})
	_ = read(t, client, 1)
	for range 500 {
		_, c := connect(t, l)
		serve(t, s, c, &script{
			tick: func(time.Time) (bool, error) {
				if over.Load() {
					return false, errOver
				}
				return false, nil
			},
			end: func(error) {
				if ended++; ended == 1 {
					live.conn.Wake()
				}
			},
		})
	}
	over.Store(true)
	s.Ask()
	select {
	case n := <-since:
		if n > 100 {
			t.Errorf("%d ended before", n)
		}
	case <-time.After(patience):
		t.Fatal("it was not filled")
	}
}

// Clients that do not read cost their neighbours nothing.
func TestClientsThatDoNotReadDelayNobody(t *testing.T) { both(t, testClientsThatDoNotReadDelayNobody) }

func testClientsThatDoNotReadDelayNobody(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{WriteTimeout: time.Hour}), listen(t, "tcp")
	var stuck []*script
	for range 20 {
		_, c := connect(t, l)
		small(t, c)
		stuck = append(stuck, serve(t, s, c, endless()))
	}
	client, c := connect(t, l)
	f := newFeed()
	f.follow(t, s, c, &follower{chunk: 100})
	var took []time.Duration
	for range 200 {
		begun := time.Now()
		for _, s := range stuck {
			s.conn.Wake()
		}
		f.publish([]byte("x"))
		_ = read(t, client, 1)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > 100*time.Millisecond {
		t.Errorf("the median of deliveries took %v", median)
	}
	for _, s := range stuck {
		if n := s.filled.Load(); n > 16<<20 {
			t.Errorf("%d bytes were filled for a client that does not read", n)
		}
	}
}

// Nobody is filled again before all others were.
func TestThoseWhoHaveMoreTakeTurns(t *testing.T) {
	const streams, turns = 5, 20
	b := newBench(t, "unix", delivery.Options{Tick: time.Hour})
	var order, want []int
	var clients []net.Conn
	b.hold(func() {
		for i := range streams {
			client, c := connect(t, b.l)
			clients = append(clients, client)
			left := turns
			serve(t, b.Server, c, &script{fill: func(b *delivery.Buffer) (bool, error) {
				order = append(order, i)
				b.B = append(b.B, '.')
				if left--; left == 0 {
					return false, errOver
				}
				return true, nil
			}})
		}
	})
	for _, client := range clients {
		if got := readAll(t, client); len(got) != turns {
			t.Errorf("got %d bytes", len(got))
		}
	}
	b.Close()
	for i := range streams * turns {
		want = append(want, i%streams)
	}
	if !slices.Equal(order, want) {
		t.Errorf("got the order %v, want %v", order, want)
	}
}

// Neither who has nothing to get, nor whose socket is full, nor who sent
// something keeps a processor busy.
func TestWaitingCostsNoTime(t *testing.T) {
	b := newBench(t, "tcp", delivery.Options{WriteTimeout: time.Hour})
	for range 10 {
		client, c := connect(t, b.l)
		if _, err := client.Write([]byte("unread")); err != nil {
			t.Fatal(err)
		}
		serve(t, b.Server, c, hello())
		_ = read(t, client, 5)
		_, c = connect(t, b.l)
		b.park(c)
	}
	runtime.GC()
	// As the machine may be busy, what this thread gets is the measure.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all, own := processorTime(t, syscall.RUSAGE_SELF), processorTime(t, rusageThread)
	begun := own
	for own-begun < 100*time.Millisecond {
		own = processorTime(t, rusageThread)
	}
	if others := processorTime(t, syscall.RUSAGE_SELF) - all - (own - begun); others > 50*time.Millisecond {
		t.Errorf("those that wait used %v while this thread used %v", others, own-begun)
	}
}

const rusageThread = 1 // RUSAGE_THREAD, which package syscall does not have

// processorTime returns for how long the process or the thread had a
// processor.
func processorTime(t *testing.T, who int) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
