package embedded_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// A crowd is clients that come back at once, each of whom is owed events that are
// in no window any more.
type crowd struct {
	clients int
	owed    int // to each, at least
	user    func(client int) string
	after   func(client int) tidings.ID // where each was
}

// BenchmarkHerd is how long 10,000 clients take to be up to date, each of whom has
// 100 events of his own among a million.
func BenchmarkHerd(b *testing.B) {
	const clients, owed = 10_000, 100
	dir := b.TempDir()
	h := crowd{clients: clients, owed: owed, user: func(c int) string { return fmt.Sprint("user", c) }}
	positions := appendNumbered(b, dir, clients*(owed+1), func(n int) (string, int) { return h.user(n % clients), n / clients })
	h.after = func(c int) tidings.ID { return positions[c] }
	for _, way := range []string{"raw", "portable"} {
		b.Run(way, func(b *testing.B) { h.bench(b, dir, way) })
	}
}

// BenchmarkHerdOfOneOwner is 10,000 clients of one owner with 100,000 events among
// 100,000 of others, until each has 200 of them: what is measured is memory.
func BenchmarkHerdOfOneOwner(b *testing.B) {
	dir := b.TempDir()
	h := crowd{clients: 10_000, owed: 200, user: func(int) string { return "one" }}
	positions := appendNumbered(b, dir, 200_000, func(n int) (string, int) {
		return []string{"one", fmt.Sprint("other", n%1000)}[n%2], n / 2
	})
	h.after = func(int) tidings.ID { return positions[0] }
	for _, way := range []string{"raw", "portable"} {
		b.Run(way, func(b *testing.B) { h.bench(b, dir, way) })
	}
}

// appendNumbered makes a log of events of about 200 bytes, each of an owner and with
// a number among his, and returns the positions of the first ones.
func appendNumbered(b *testing.B, dir string, n int, of func(int) (user string, number int)) []tidings.ID {
	b.Helper()
	l, err := embedded.Open(b.Context(), dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	var positions []tidings.ID
	filler := strings.Repeat("x", 170)
	for at := 0; at < n; at += 1000 {
		events := make([]tidings.Event, min(1000, n-at))
		for i := range events {
			user, number := of(at + i)
			data := fmt.Appendf(nil, `{"number":%d,"filler":%q}`, number, filler)
			events[i] = tidings.Event{User: user, Channel: tidings.AGUI, Session: "session", Type: "TEXT_MESSAGE_CONTENT", Data: data}
		}
		receipts, err := l.Append(b.Context(), events)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range receipts {
			if len(positions) < 10_000 {
				positions = append(positions, r.ID)
			}
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	return positions
}

// bench has the herd come, once for each iteration, to a server that has just been
// started.
func (h *crowd) bench(b *testing.B, dir, way string) {
	var memory, cpu float64
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		s := startServer(b, dir, way)
		b.StartTimer()
		err := h.come(s.addr)
		b.StopTimer()
		memory = max(memory, s.peak(b))
		_ = s.Process.Kill()
		_ = s.Wait()
		cpu += (s.ProcessState.UserTime() + s.ProcessState.SystemTime()).Seconds()
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(memory, "peak-MB")
	b.ReportMetric(cpu/float64(b.N), "CPU-s/op")
}

// peak returns how much memory a process had at most, in MB.
func (s *server) peak(b *testing.B) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	kB, err := strconv.Atoi(string(bytes.Fields(after)[0]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kB) / 1000
}

// come has all clients connect, and returns when each has what it is owed. Nobody
// leaves before.
func (h *crowd) come(addr string) error {
	var all, caughtUp sync.WaitGroup
	connecting, leave := make(chan struct{}, 1000), make(chan struct{})
	errs := make([]error, h.clients)
	for c := range h.clients {
		caughtUp.Add(1)
		all.Go(func() {
			connecting <- struct{}{}
			conn, err := net.Dial("tcp", addr)
			<-connecting
			if err == nil {
				defer conn.Close()
				err = h.follow(conn, c)
			}
			errs[c] = err
			caughtUp.Done()
			<-leave
		})
	}
	caughtUp.Wait()
	defer all.Wait()
	defer close(leave)
	return errors.Join(errs[:min(10, len(errs))]...)
}

// follow reads a stream until a client has what it is owed, and judges it.
func (h *crowd) follow(conn net.Conn, client int) error {
	if err := conn.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(conn, "GET /v1/stream/agui?user=%s HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n", h.user(client), h.after(client))
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 2048)
	for next := 1; next <= h.owed; {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("client %d, of whom %d is next: %w", client, next, err)
		}
		data, is := bytes.CutPrefix(line, []byte(`data: {"number":`))
		if !is {
			if bytes.HasPrefix(line, []byte("event: tidings")) {
				return fmt.Errorf("client %d was told %s", client, line)
			}
			continue
		}
		number, _, _ := bytes.Cut(data, []byte(","))
		if n, err := strconv.Atoi(string(number)); err != nil || n != next {
			return fmt.Errorf("client %d got %s, want %d", client, number, next)
		}
		next++
	}
	return nil
}
