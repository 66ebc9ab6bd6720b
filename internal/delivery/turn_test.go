package delivery_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// Who sent something, such as an event to publish, does not wait until hundreds of
// streams are filled, though there is one processor for all.
func TestWhoSendsSomethingDoesNotWaitForAllStreams(t *testing.T) {
	both(t, testWhoSendsSomethingDoesNotWaitForAllStreams)
}

func testWhoSendsSomethingDoesNotWaitForAllStreams(t *testing.T, newServer maker) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s, l := newServer(t, &delivery.Options{Tick: time.Hour}), listen(t, "tcp")
	var filled, before atomic.Int32
	busy := atomic.Bool{}
	var streams []*script
	for range 600 {
		_, c := connect(t, l)
		streams = append(streams, serve(t, s, c, &script{fill: func(*delivery.Buffer) (bool, error) {
			for began := time.Now(); busy.Load() && time.Since(began) < 100*time.Microsecond; {
			}
			filled.Add(1)
			return false, nil
		}}))
	}
	waitFor(t, "first round", func() bool { return filled.Load() == 600 })
	sender, receiver := connect(t, l)
	heard := make(chan error)
	go func() {
		_, err := receiver.Read(make([]byte, 1))
		before.Store(filled.Load())
		heard <- err
	}()
	runtime.Gosched() // it waits for the network now
	filled.Store(0)
	busy.Store(true)
	for _, stream := range streams {
		stream.conn.Wake()
	}
	if _, err := sender.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := <-heard; err != nil {
		t.Fatal(err)
	}
	if n := before.Load(); n > 50 {
		t.Errorf("%d of 600 streams were filled before", n)
	}
}
