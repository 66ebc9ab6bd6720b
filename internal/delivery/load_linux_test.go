package delivery_test

import (
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// A waiting is a stream whose Fill waits until it is let go.
type waiting struct {
	script
	filling chan struct{} // has one for each Fill that began
	let     chan struct{}
	told    chan struct{} // is closed by Interrupt
}

var _ delivery.Interrupter = (*waiting)(nil)

// Interrupt implements [delivery.Interrupter].
func (w *waiting) Interrupt() {
	if w.busy.Load() != 1 {
		w.t.Error("Interrupt came though no Fill was running")
	}
	close(w.told)
}

// serveWaiting serves a stream that says something after each wait.
func serveWaiting(t *testing.T, s server, c net.Conn, say string) *waiting {
	t.Helper()
	w := &waiting{filling: make(chan struct{}, 100), let: make(chan struct{}), told: make(chan struct{})}
	w.ended, w.t = make(chan struct{}), t
	w.blocks = func() bool { return true }
	w.fill = func(b *delivery.Buffer) (bool, error) {
		w.filling <- struct{}{}
		<-w.let
		b.B = append(b.B, say...)
		return false, nil
	}
	err := s.Serve(c, func(conn *delivery.Conn) delivery.Stream {
		w.conn = conn
		return w
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAFillThatBlocksDelaysNobody(t *testing.T) { both(t, testAFillThatBlocksDelaysNobody) }

func testAFillThatBlocksDelaysNobody(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Writers: 1, Tick: time.Millisecond}), listen(t, "tcp")
	client, c := connect(t, l)
	slow := serveWaiting(t, s, c, "slow")
	await(t, slow.filling)
	settle(t, s, l)
	slow.let <- struct{}{}
	if got := read(t, client, 4); got != "slow" {
		t.Errorf("got %q", got)
	}
}

// A wake-up during a Fill may be about what that did not see any more.
func TestAWakeDuringAFillThatBlocksIsFollowedByAnother(t *testing.T) {
	both(t, testAWakeDuringAFillThatBlocksIsFollowedByAnother)
}

func testAWakeDuringAFillThatBlocksIsFollowedByAnother(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Writers: 1, Tick: time.Hour}), listen(t, "tcp")
	for _, settles := range []bool{false, true} {
		client, c := connect(t, l)
		w := serveWaiting(t, s, c, ".")
		await(t, w.filling)
		w.conn.Wake()
		w.conn.Wake()
		if settles { // or the writer finds both at once
			settle(t, s, l)
		}
		w.let <- struct{}{}
		await(t, w.filling)
		w.let <- struct{}{}
		if got := read(t, client, 2); got != ".." {
			t.Errorf("got %q", got)
		}
		settle(t, s, l)
		if n := len(w.filling); n != 0 {
			t.Errorf("%d Fills too many", n)
		}
		_ = client.Close()
		_ = w.why(t)
	}
}

func TestOnlySoManyFillsBlockAtOnce(t *testing.T) {
	const limit, streams = 3, 20
	s, l := newServer(t, &delivery.Options{Loads: limit}), listen(t, "tcp")
	var running, most atomic.Int32
	release := make(chan struct{})
	var clients []net.Conn
	for range streams {
		client, c := connect(t, l)
		clients = append(clients, client)
		serve(t, s, c, &script{
			blocks: func() bool { return true },
			fill: func(b *delivery.Buffer) (bool, error) {
				for n := running.Add(1); ; {
					if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
						break
					}
				}
				<-release
				running.Add(-1)
				b.B = append(b.B, "done"...)
				return false, errOver
			},
		})
	}
	for range streams {
		release <- struct{}{}
	}
	for _, client := range clients {
		if got := readAll(t, client); string(got) != "done" {
			t.Errorf("got %q", got)
		}
	}
	if most.Load() != limit {
		t.Errorf("%d Fills ran at once, want %d", most.Load(), limit)
	}
}

// Thousands may wait at once.
func TestAFillThatWaitsHoldsNoMemoryForWhatItWillSay(t *testing.T) {
	both(t, testAFillThatWaitsHoldsNoMemoryForWhatItWillSay)
}

func testAFillThatWaitsHoldsNoMemoryForWhatItWillSay(t *testing.T, newServer maker) {
	s, l := newServer(t, nil), listen(t, "tcp")
	client, c := connect(t, l)
	said, most := make([]byte, delivery.MaxFill), 0
	n := 0
	stream := serve(t, s, c, &script{
		blocks: func() bool { return true },
		fill: func(b *delivery.Buffer) (bool, error) {
			most = max(most, cap(b.B))
			b.B = append(b.B, said...)
			if n++; n == 20 {
				return false, errOver
			}
			return true, nil
		},
	})
	got := readAll(t, client)
	_ = stream.why(t)
	if len(got) != n*len(said) || most > 0 {
		t.Errorf("got %d bytes of %d Fills, one of which began with room for %d", len(got), n, most)
	}
}

func TestAStreamIsInterruptedWhenItsClientGoes(t *testing.T) {
	both(t, testAStreamIsInterruptedWhenItsClientGoes)
}

func testAStreamIsInterruptedWhenItsClientGoes(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Writers: 1}), listen(t, "tcp")
	before := descriptors(t)
	client, c := connect(t, l)
	w := serveWaiting(t, s, c, "too late")
	await(t, w.filling)
	_ = client.Close()
	await(t, w.told)
	untilDescriptors(t, s, l, before) // though the Fill runs
	for s.Connections() != 1 {        // that counts
		runtime.Gosched()
	}
	select {
	case <-w.ended:
		t.Error("it was closed before Fill returned")
	default:
	}
	w.let <- struct{}{}
	if err := w.why(t); !errors.Is(err, delivery.ErrHungUp) {
		t.Errorf("got %v, want ErrHungUp", err)
	}
}

func TestAStreamThatWaitsForItsTurnToBlockEndsAtOnce(t *testing.T) {
	s, l := newServer(t, &delivery.Options{Loads: 1, Writers: 1}), listen(t, "tcp")
	client, c := connect(t, l)
	first := serveWaiting(t, s, c, "first")
	await(t, first.filling)
	second, c := connect(t, l)
	queued := serveWaiting(t, s, c, "second")
	third, c := connect(t, l)
	last := serveWaiting(t, s, c, "third")
	_ = second.Close()
	if err := queued.why(t); !errors.Is(err, delivery.ErrHungUp) {
		t.Errorf("got %v, want ErrHungUp", err)
	}
	first.let <- struct{}{}
	last.let <- struct{}{}
	if a, b := read(t, client, 5), read(t, third, 5); a != "first" || b != "third" {
		t.Errorf("got %q and %q", a, b)
	}
	if len(queued.filling) > 0 {
		t.Error("what had ended was filled")
	}
}

func TestCloseInterruptsFills(t *testing.T) { both(t, testCloseInterruptsFills) }

func testCloseInterruptsFills(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Loads: 1}), listen(t, "tcp")
	_, c := connect(t, l)
	running := serveWaiting(t, s, c, "")
	await(t, running.filling)
	closed := make(chan struct{})
	go func() {
		s.Close()
		close(closed)
	}()
	await(t, running.told)
	select {
	case <-closed:
		t.Error("Close did not wait for a Fill")
	default:
	}
	close(running.let)
	await(t, closed)
	if err := running.why(t); !errors.Is(err, delivery.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

// A stream that waits for its turn to block is not waited for.
func TestCloseEndsWhatWaitsForItsTurnToBlock(t *testing.T) {
	s, l := newServer(t, &delivery.Options{Loads: 1, Writers: 1}), listen(t, "tcp")
	_, c := connect(t, l)
	running := serveWaiting(t, s, c, "")
	await(t, running.filling)
	_, c = connect(t, l)
	queued := serveWaiting(t, s, c, "")
	go s.Close()
	if err := queued.why(t); !errors.Is(err, delivery.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	close(running.let)
}

// A stream may block at one time and not at another, and what it filled while
// it blocked comes before what it fills later.
func TestBlockingAndNotBlockingMayChange(t *testing.T) { both(t, testBlockingAndNotBlockingMayChange) }

func testBlockingAndNotBlockingMayChange(t *testing.T, newServer maker) {
	s, l := newServer(t, nil), listen(t, "tcp")
	client, c := connect(t, l)
	n := 0
	stream := serve(t, s, c, &script{
		blocks: func() bool { return n%3 == 1 },
		fill: func(b *delivery.Buffer) (bool, error) {
			if n == 100 {
				return false, errOver
			}
			b.B = append(b.B, byte(n))
			n++
			return true, nil
		},
	})
	for i, got := range readAll(t, client) {
		if int(got) != i {
			t.Fatalf("got %d, want %d", got, i)
		}
	}
	if err := stream.why(t); n != 100 || !errors.Is(err, errOver) {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestFillsThatWaitForTheirTurnKeepTheirOrder(t *testing.T) {
	s, l := newServer(t, &delivery.Options{Loads: 1, Writers: 1}), listen(t, "tcp")
	var all []*waiting
	var clients []net.Conn
	for range 5 {
		client, c := connect(t, l)
		clients, all = append(clients, client), append(all, serveWaiting(t, s, c, "."))
	}
	settle(t, s, l) // so that all wait, in the order in which they came
	for i, w := range all {
		await(t, w.filling)
		for _, later := range all[i+1:] {
			if len(later.filling) > 0 {
				t.Error("a later one came first")
			}
		}
		w.let <- struct{}{}
		_ = read(t, clients[i], 1)
	}
}
