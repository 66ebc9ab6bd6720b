//go:build linux

package hostile_test

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestSlowHeadersAndBodies has thousands send a byte a second, of a header or a body
// in each way, for longer than the server waits; who was cut comes again. 15 s.
func TestSlowHeadersAndBodies(t *testing.T) {
	s := serve(t)
	o := s.others(t)
	var attackers []*process
	n := crowd(2000)
	for _, how := range []string{"slow-header", "slow-body", "slow-chunk", "slow-line", "silent"} {
		attackers = append(attackers, s.attackers(t, how, n))
	}
	cut := make(chan time.Duration, 1)
	go func() { cut <- s.silence() }() // ends with the server
	o.expectProgress(6 * time.Second)
	// Of HTTP: two buffers, of 4 KiB each, and one goroutine for a header, more for a
	// body.
	s.expectMemory(t, 5*n, 48<<10)
	o.expectProgress(5 * time.Second)
	if took := <-cut; took < 9*time.Second || took > patience {
		t.Errorf("who says nothing is cut after %v, want 10s", took)
	}
	for _, a := range attackers {
		a.end()
	}
	o.expectProgress(time.Second)
	o.leave()
	s.expectNothingLeft(t)
}

// silence returns how long the server bears a connection over which half a header came.
func (s *server) silence() time.Duration {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return 0
	}
	defer c.Close()
	began := time.Now()
	_, _ = io.WriteString(c, "GET /v1/stats HTTP/1.1\r\nHost:")
	_ = c.SetReadDeadline(began.Add(patience))
	_, _ = io.Copy(io.Discard, c)
	return time.Since(began)
}

// TestThousandsThatNeverRead has 15,000 ask for a history that they do not read, until
// the server cuts them, and hundreds who do not read their answers. 15 s.
func TestThousandsThatNeverRead(t *testing.T) {
	s := serve(t)
	o := s.others(t)
	o.publishMuch("crowd")
	n := crowd(15_000)
	attackers := s.attackers(t, "never-read", n)
	s.awaitStreams(t, func(streams int) bool { return streams >= several+n*9/10 }) // the first may be cut already
	o.expectProgress(2 * time.Second)
	s.expectMemory(t, n, 16<<10) // the events are those of the log: a stream has but what names them
	more := s.attackers(t, "no-answers", crowd(300))
	o.expectProgress(2 * time.Second)
	s.awaitStreams(t, func(streams int) bool { return streams <= several })
	attackers.end()
	more.end()
	o.leave()
	s.expectNothingLeft(t)
}

// TestWhatIsTooLarge has hundreds send headers, bodies and chunks that are larger than
// they may be, again and again. 8 s.
func TestWhatIsTooLarge(t *testing.T) {
	s := serve(t)
	o := s.others(t)
	var attackers []*process
	for how, n := range map[string]int{"huge-header": 300, "huge-body": 50, "huge-extension": 300} {
		attackers = append(attackers, s.attackers(t, how, crowd(n)))
	}
	o.expectProgress(4 * time.Second)
	// A body may have 10 MiB, and grows by copying.
	s.expectMemory(t, crowd(50), 32<<20)
	for _, a := range attackers {
		a.end()
	}
	o.leave()
	s.expectNothingLeft(t)
}

// TestStreamsThatBeginAndEndWithoutEnd has a thousand connect anew every second: those
// who stay are served. 8 s.
func TestStreamsThatBeginAndEndWithoutEnd(t *testing.T) {
	s := serve(t)
	o := s.others(t)
	attackers := s.attackers(t, "churn", crowd(1000))
	o.expectProgress(6 * time.Second)
	attackers.end()
	o.leave()
	s.expectNothingLeft(t)
}
