package embedded_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	engine "github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// BenchmarkStart is the start over 1,000,000 events of 100,000 owners: "hub" until
// Open and New have returned, which is when the window is full, and "serve" from
// starting the program until it is ready. The files are in the system's memory.
func BenchmarkStart(b *testing.B) {
	const events, owners = 1_000_000, 100_000
	dir := b.TempDir()
	appendNumbered(b, dir, events, func(n int) (string, int) { return fmt.Sprint("user", n%owners), n / owners })
	b.Run("hub", func(b *testing.B) { benchOpen(b, dir) })
	b.Run("memory", func(b *testing.B) { benchMemory(b, dir, owners) })
	b.Run("serve", func(b *testing.B) {
		for b.Loop() {
			s := startServer(b, dir, "auto")
			awaitReady(b, s.addr)
			b.StopTimer()
			_ = s.Process.Kill()
			_ = s.Wait()
			b.StartTimer()
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/start")
	})
}

// benchOpen opens a log and a hub over it.
func benchOpen(b *testing.B, dir string) {
	for b.Loop() {
		l, err := embedded.Open(b.Context(), dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		hub, err := tidings.New(b.Context(), l, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		hub.Close()
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/start")
}

// benchMemory is what a log and a hub with an empty window have in memory for each
// owner beyond the engine: the server of NATS, which has the same files open and has
// read what they read.
func benchMemory(b *testing.B, dir string, owners int) {
	s, err := engine.NewServer(&engine.Options{
		DontListen: true, NoSigs: true, JetStream: true, StoreDir: filepath.Join(dir, "nats"), MaxPayload: 8 << 20,
	})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	for b.Loop() {
		with, without := heapWithAndWithout(b, s)
		b.ReportMetric((with-without)/float64(owners), "B/owner")
	}
}

// heapWithAndWithout returns how much memory is in use with a hub over the log of a
// server, and after it was closed.
func heapWithAndWithout(b *testing.B, s *engine.Server) (with, without float64) {
	l, err := nats.Open(b.Context(), "", nil, client.InProcessServer(s))
	if err != nil {
		b.Fatal(err)
	}
	hub, err := tidings.New(b.Context(), l, &tidings.Options{WindowBytes: 1})
	if err != nil {
		b.Fatal(err)
	}
	with = heap()
	hub.Close()
	l.Close()
	return with, heap()
}

// heap returns how much memory is in use, in bytes.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// awaitReady waits until a server says that it is.
func awaitReady(b *testing.B, addr string) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		resp, err := http.Get("http://" + addr + "/health/ready")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			b.Fatalf("not ready: %v", err)
		}
	}
}
