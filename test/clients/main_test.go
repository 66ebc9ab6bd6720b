// Package clients_test proves that the clients people use follow a real server
// through connections that are cut: "tidings tail", the npm package
// eventsource, and fetch-event-source of Microsoft; that AG-UI's own schemas
// accept what package agui makes; and that nginx may stand in between. It needs
// Node, nginx, and what "npm ci" installs here.
package clients_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// root is where the module is.
const root = "../.."

var seed = flag.Uint64("seed", 0, "of what is random; 0 chooses one")

// workspace is where binaries go.
var workspace string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if workspace, err = os.MkdirTemp("", "tidings-clients"); err != nil {
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
	t.Logf("seed %d: repeat with -run %s -seed %d", s, t.Name(), s)
	return s
}

// binary builds tidings, once, and returns its path. raced says whether it
// finds data races, if this test does.
var binary = func() func(t *testing.T, raced bool) string {
	build := func(args ...string) func() (string, error) {
		return sync.OnceValues(func() (string, error) {
			path := filepath.Join(workspace, fmt.Sprintf("tidings%d", len(args)))
			cmd := exec.Command("go", append([]string{"build", "-o", path}, append(args, "./cmd/tidings")...)...)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				return "", fmt.Errorf("build tidings: %w\n%s", err, out)
			}
			return path, nil
		})
	}
	plain, race := build(), build("-race")
	return func(t *testing.T, raced bool) string {
		t.Helper()
		choice := plain
		if raced && raceEnabled() {
			choice = race
		}
		path, err := choice()
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
}()

// raceEnabled reports whether this test was built to find data races.
func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// needNode fails the test if there is no Node, or not what the scripts import.
func needNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatalf("%v: this test needs Node 20 or later; -short leaves it out", err)
	}
	for _, name := range []string{"eventsource", "eventsource5", "@microsoft/fetch-event-source", "@ag-ui/core", "zod"} {
		if _, err := os.Stat(filepath.Join("node_modules", name, "package.json")); errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("node_modules/%s is missing: run `npm ci` in test/clients, or `make test`, which does; -short leaves this test out", name)
		}
	}
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
