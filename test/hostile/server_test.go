//go:build linux

package hostile_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A server is a process that serves, and how it was before anything happened.
type server struct {
	*process
	addr       string
	goroutines int
	memory     int // resident, in bytes
}

// serve starts a server with these flags besides.
func serve(t testing.TB, flags ...string) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"serve", "--log", "memory", "--addr", "127.0.0.1:0", "--max-connections", "20000"}, flags...)...)
	s := &server{process: start(t, cmd, cmd.StderrPipe)}
	s.addr = strings.TrimPrefix(regexp.MustCompile(`http://[0-9.:]+`).FindString(s.await(t, "listens on")), "http://")
	go io.Copy(io.Discard, s.lines) // ends with the process
	s.goroutines, s.memory = s.metric(t, "go_goroutines"), s.metric(t, "process_resident_memory_bytes")
	return s
}

// get returns the body of an answer, which is asked for over a connection of its
// own.
func (s *server) get(t testing.TB, path string) string {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport, Timeout: patience}).Get("http://" + s.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", path, resp.Status, err, text)
	}
	return string(text)
}

// metric returns a figure of the process.
func (s *server) metric(t testing.TB, name string) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(s.get(t, "/metrics"))
	if found == nil {
		t.Fatalf("no metric %s", name)
	}
	v, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(v)
}

// used returns how much of a limit is used.
func (s *server) used(t testing.TB, limit string) int {
	t.Helper()
	var stats struct{ Limits map[string]struct{ Used int } }
	if err := json.Unmarshal([]byte(s.get(t, "/v1/stats")), &stats); err != nil {
		t.Fatal(err)
	}
	return stats.Limits[limit].Used
}

// awaitStreams waits until there are enough, or few enough.
func (s *server) awaitStreams(t testing.TB, enough func(streams int) bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for streams := s.used(t, "connections"); !enough(streams); streams = s.used(t, "connections") {
		if time.Now().After(deadline) {
			t.Fatalf("%d streams", streams)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// expectNothingLeft waits until the server is as it was before: no connection but
// those that ask, no stream, and the goroutines that it had.
func (s *server) expectNothingLeft(t testing.TB) {
	t.Helper()
	const few = 10 // which the server's crew and the collector of garbage may have more
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		connections, streams, goroutines := s.used(t, "accepted"), s.used(t, "connections"), s.metric(t, "go_goroutines")
		if connections <= 2 && streams == 0 && goroutines <= s.goroutines+few {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections, %d streams and %d goroutines are left, of which there were %d", connections, streams, goroutines, s.goroutines)
		}
	}
}

// expectMemory fails if each of n took more than so many bytes, at the moment.
func (s *server) expectMemory(t testing.TB, n, most int) {
	t.Helper()
	each := (s.metric(t, "process_resident_memory_bytes") - s.memory) / n
	t.Logf("%d bytes of memory for each of %d", each, n)
	if each > most && !racing() {
		t.Errorf("each of %d takes %d bytes, want at most %d", n, each, most)
	}
}
