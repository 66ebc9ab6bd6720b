//go:build unix

package nats_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// BenchmarkFollow is what a replica takes of a processor to follow a server on which
// others publish, with no subscriber. The server and who publishes are processes of
// their own.
func BenchmarkFollow(b *testing.B) {
	p := natstest.NewProcess(b, b.TempDir())
	l, err := nats.Open(b.Context(), p.URL(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	hub, err := tidings.New(b.Context(), l, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer hub.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), publishVariable+"="+p.URL()), os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	followed := func() uint64 { return hub.Stats().Head.Seq() }
	for followed() < 20_000 { // the window is not full before
		time.Sleep(10 * time.Millisecond)
	}
	events, used, begun := followed(), processorTime(b), time.Now()
	b.ResetTimer()
	for n := uint64(b.N); followed() < events+n; {
		time.Sleep(10 * time.Millisecond)
	}
	elapsed := time.Since(begun)
	b.ReportMetric(100*(processorTime(b)-used).Seconds()/elapsed.Seconds(), "%CPU")
	b.ReportMetric(float64(followed()-events)/elapsed.Seconds(), "events/s")
}

// processorTime returns what the process took so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
