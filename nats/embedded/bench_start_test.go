package embedded_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	engine "github.com/nats-io/nats-server/v2/server"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// BenchmarkStart is the start over 1,000,000 events of 100,000 owners: "hub" until
// Open and New have returned, which is when the window is full, and "serve" from
// starting the program until it is ready. The files are in the system's memory.
func BenchmarkStart(b *testing.B) {
	const events, owners = 1_000_000, 100_000
	dir := b.TempDir()
	appendNumbered(b, dir, events, func(n int) (string, int) { return fmt.Sprint("user", n%owners), n / owners })
	b.Run("hub", func(b *testing.B) { benchOpen(b, dir, owners) })
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

// benchOpen opens a log and a hub over it. What they take beyond the engine, the
// server of NATS alone, is reported for each owner, with a window as small as can be.
func benchOpen(b *testing.B, dir string, owners int) {
	alone := engineHeap(b, dir)
	for b.Loop() {
		l, err := embedded.Open(b.Context(), dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		hub, err := tidings.New(b.Context(), l, &tidings.Options{WindowBytes: 1})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric((heap()-alone)/float64(owners), "B/owner")
		hub.Close()
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/start")
}

// engineHeap returns how much memory the server of NATS takes by itself.
func engineHeap(b *testing.B, dir string) float64 {
	s, err := engine.NewServer(&engine.Options{DontListen: true, NoSigs: true, JetStream: true, StoreDir: filepath.Join(dir, "nats")})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(time.Minute) {
		b.Fatal("the server does not start")
	}
	return heap()
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
