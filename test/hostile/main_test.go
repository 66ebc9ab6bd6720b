//go:build linux

// Package hostile_test proves what is promised of clients that mean no good, or are
// broken: whatever they do, others are served, what they take is bounded, and
// nothing of it is left when they have gone. The server is the real one, in a
// process of its own, and so are the attackers; all is over sockets of this machine.
//
// All tests together take less than a minute. BenchmarkUnderAttack measures how much
// later others get their events meanwhile.
package hostile_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// root is where the module is.
const root = "../.."

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// workspace is where the binary goes.
var workspace string

// TestMain lets the test's own binary be an attacker.
func TestMain(m *testing.M) {
	if how := os.Getenv("TIDINGS_TEST_ATTACK"); how != "" {
		attack(how, os.Args[1])
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if workspace, err = os.MkdirTemp("", "tidings-hostile"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(workspace)
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// binary builds tidings, once, and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workspace, "tidings")
	args := []string{"build", "-o", path}
	if racing() {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/tidings")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tidings: %w\n%s", err, out)
	}
	return path, nil
})

// racing reports whether this test was built to find data races.
func racing() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// crowd is how many attack, where n are meant: the race detector makes each of them
// cost several times as much.
func crowd(n int) int {
	if racing() {
		return n / 10
	}
	return n
}

// A process is one that runs beside the test, and ends with it.
type process struct {
	*exec.Cmd
	lines *bufio.Reader // of its standard output, or of its errors for the server
	stdin io.Closer
}

// start starts a process, of which lines is what it writes.
func start(t testing.TB, cmd *exec.Cmd, lines func() (io.ReadCloser, error)) *process {
	t.Helper()
	out, err := lines()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, bufio.NewReader(out), in}
	t.Cleanup(p.end)
	return p
}

// end ends a process.
func (p *process) end() {
	_ = p.stdin.Close()
	_ = p.Process.Kill()
	_ = p.Wait()
}

// await returns the first line that has a text.
func (p *process) await(t testing.TB, text string) string {
	t.Helper()
	var read []string
	for {
		line, err := p.lines.ReadString('\n')
		if strings.Contains(line, text) {
			return line
		}
		if read = append(read, line); err != nil {
			t.Fatalf("it ended before %q: %q", text, read)
		}
	}
}

// attackers starts a process that attacks, and returns when it does.
func (s *server) attackers(t testing.TB, how string, n int) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], s.addr)
	cmd.Env = append(os.Environ(), "TIDINGS_TEST_ATTACK="+fmt.Sprint(how, " ", n))
	cmd.Stderr = os.Stderr
	p := start(t, cmd, cmd.StdoutPipe)
	began := time.Now()
	p.await(t, "begun")
	t.Logf("%s: %d connected in %v", how, n, time.Since(began))
	return p
}
