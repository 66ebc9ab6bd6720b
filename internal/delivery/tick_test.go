package delivery_test

import (
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// clockwork is a Stream that is to be asked at certain times, and says when it was.
func clockwork(next func(now time.Time) time.Time) (s *script, asked chan time.Time) {
	asked = make(chan time.Time, 1000)
	return &script{next: func(now time.Time) (time.Time, error) {
		asked <- now
		return next(now), nil
	}}, asked
}

// within waits for a stream to be asked.
func within(t *testing.T, asked chan time.Time) time.Time {
	t.Helper()
	select {
	case now := <-asked:
		return now
	case <-time.After(patience):
		t.Fatal("it was not asked")
		return time.Time{}
	}
}

func TestAStreamIsAskedWhenItIsTime(t *testing.T) { both(t, testAStreamIsAskedWhenItIsTime) }

func testAStreamIsAskedWhenItIsTime(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond}), listen(t, "tcp")
	_, c := connect(t, l)
	stream, asked := clockwork(func(now time.Time) time.Time { return now.Add(20 * time.Millisecond) })
	serve(t, s, c, stream)
	before := within(t, asked)
	for range 5 {
		now := within(t, asked)
		if now.Sub(before) < 20*time.Millisecond {
			t.Errorf("it was asked after %v", now.Sub(before))
		}
		before = now
	}
}

// One that is not to be asked for an hour is asked once, and once more whenever
// the server is told to, while another is asked a hundred times.
func TestAskAsksAllStreams(t *testing.T) { both(t, testAskAsksAllStreams) }

func testAskAsksAllStreams(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond}), listen(t, "tcp")
	_, c := connect(t, l)
	rare, asked := clockwork(func(now time.Time) time.Time { return now.Add(time.Hour) })
	serve(t, s, c, rare)
	_, d := connect(t, l)
	often, each := clockwork(func(now time.Time) time.Time { return now.Add(1) })
	serve(t, s, d, often)
	for range 3 {
		within(t, asked)
		for range 100 {
			within(t, each)
		}
		if len(asked) > 0 {
			t.Fatal("it was asked without need")
		}
		s.Ask()
	}
}

// Time that a stream does not wait for passes for its client all the same.
func TestADeadlineIsMetThoughAStreamIsNotToBeAsked(t *testing.T) {
	both(t, testADeadlineIsMetThoughAStreamIsNotToBeAsked)
}

func testADeadlineIsMetThoughAStreamIsNotToBeAsked(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond, WriteTimeout: 50 * time.Millisecond}), listen(t, "tcp")
	_, c := connect(t, l)
	stream, more := endless(), make(chan struct{})
	fill := stream.fill
	stream.fill = func(b *delivery.Buffer) (bool, error) {
		select {
		case <-more:
			return fill(b)
		default:
			return false, nil
		}
	}
	stream.next = func(now time.Time) (time.Time, error) {
		select {
		case <-more:
		default:
			close(more)
			stream.conn.Wake()
		}
		return now.Add(time.Hour), nil
	}
	serve(t, s, c, stream)
	if err := stream.why(t); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}

// It is asked for the last time when its client has stopped to read.
func TestADeadlineIsMetThoughAStreamWasAskedMeanwhile(t *testing.T) {
	both(t, testADeadlineIsMetThoughAStreamWasAskedMeanwhile)
}

func testADeadlineIsMetThoughAStreamWasAskedMeanwhile(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond, WriteTimeout: 50 * time.Millisecond}), listen(t, "tcp")
	_, c := connect(t, l)
	stream, filled := endless(), int64(0)
	stream.next = func(now time.Time) (time.Time, error) {
		before := filled
		if filled = stream.filled.Load(); filled > before {
			return now.Add(1), nil
		}
		return now.Add(time.Hour), nil
	}
	serve(t, s, c, stream)
	if err := stream.why(t); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}

// Its client does not close its half.
func TestADeadlineIsMetAfterTheEndOfAStreamThatWasAsked(t *testing.T) {
	both(t, testADeadlineIsMetAfterTheEndOfAStreamThatWasAsked)
}

func testADeadlineIsMetAfterTheEndOfAStreamThatWasAsked(t *testing.T, newServer maker) {
	s, l := newServer(t, &delivery.Options{Tick: time.Millisecond, WriteTimeout: 50 * time.Millisecond}), listen(t, "tcp")
	_, c := connect(t, l)
	stream, asked := clockwork(func(now time.Time) time.Time { return now.Add(time.Hour) })
	over := make(chan struct{})
	stream.fill = func(*delivery.Buffer) (bool, error) {
		select {
		case <-over:
			return false, io.EOF
		default:
			return false, nil
		}
	}
	serve(t, s, c, stream)
	within(t, asked)
	close(over)
	stream.conn.Wake()
	for end := time.Now().Add(patience); s.Connections() > 0; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("the connection was not closed")
		}
	}
}
