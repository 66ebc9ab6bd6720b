// Package chaos_test proves what is promised of several servers that share a
// log, in PostgreSQL or in NATS, while something bad happens to them, to what has
// the log or to the wire between. Servers, database, publishers and subscribers are real. What
// publishers were told and subscribers saw is recorded and judged afterwards:
// see judge_test.go.
package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings/internal/natstest"
)

// root is where the module is.
const root = "../.."

var seed = flag.Uint64("seed", 0, "of what is random; 0 chooses one")

// workspace is where the binary goes.
var workspace string

func TestMain(m *testing.M) {
	natstest.Main()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if workspace, err = os.MkdirTemp("", "tidings-chaos"); err != nil {
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

// chosen returns the seed, and tells how to use it again.
func chosen(t *testing.T) uint64 {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: repeat with -run '^%s$' -seed %d", s, t.Name(), s)
	return s
}

// binary builds tidings, once, and returns its path. It finds data races if
// this test does.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workspace, "tidings")
	args := []string{"build", "-o", path}
	if raceEnabled() {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/tidings")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tidings: %w\n%s", err, out)
	}
	return path, nil
})

// raceEnabled reports whether this test was built to find data races.
func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// skipShort leaves a test out of the short ones.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
}

// within returns a context that ends after d, and before the test binary is
// killed, which would leave processes behind. It outlasts what is cleaned up
// after the test, if it was made before.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	end := time.Now().Add(d)
	if last, ok := t.Deadline(); ok && last.Add(-5*time.Second).Before(end) {
		end = last.Add(-5 * time.Second)
	}
	ctx, cancel := context.WithDeadline(context.Background(), end)
	t.Cleanup(cancel)
	return ctx
}
