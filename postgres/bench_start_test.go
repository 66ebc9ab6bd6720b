package postgres_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// BenchmarkStart is the start of a replica over 1,000,000 retained events, of
// 5,000 owners: "hub" until Open and New have returned, which is when the window
// is full, in a database whose pages are in the server's memory; "serve" from
// starting the program until it is ready.
func BenchmarkStart(b *testing.B) {
	const events, owners = 1_000_000, 5_000
	url := durable(b)
	load(b, url, events, owners, events, time.Hour)
	b.Run("hub", func(b *testing.B) {
		for b.Loop() {
			held := startHub(b, url)
			b.ReportMetric(float64(held), "events")
			b.ReportMetric(float64(sizeOf(b, url))/events, "disk-B/event")
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/start")
	})
	program := filepath.Join(b.TempDir(), "tidings")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/tidings-dev/tidings/cmd/tidings").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	b.Run("serve", func(b *testing.B) {
		for b.Loop() {
			startProgram(b, program, url)
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/start")
	})
}

// sizeOf returns how many bytes the events take on disk, with their indexes.
func sizeOf(b *testing.B, url string) int64 {
	return query[int64](b, url, `SELECT sum(pg_total_relation_size(inhrelid))::bigint FROM pg_inherits WHERE inhparent = 'tidings.event'::regclass`)
}

// startHub starts a replica, and returns how many events it holds.
func startHub(b *testing.B, url string) int {
	log, err := postgres.Open(b.Context(), url, nil)
	if err != nil {
		b.Fatal(err)
	}
	hub, err := tidings.New(b.Context(), log, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	defer b.StartTimer()
	defer log.Close()
	defer hub.Close()
	return hub.Stats().Events
}

// startProgram starts a server, and waits until it is ready.
func startProgram(b *testing.B, program, url string) {
	address := freeAddress(b)
	cmd := exec.CommandContext(b.Context(), program, "serve", "--addr", address, "--log", "postgres", "--postgres-url", url)
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !ready(address); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("not ready: %s", out.String())
		}
	}
	b.StopTimer()
	defer b.StartTimer()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// ready asks a server whether it is.
func ready(address string) bool {
	response, err := http.Get("http://" + address + "/health/ready")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
