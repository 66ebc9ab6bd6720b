// Package page_test drives the page at / in a real browser, against the real
// handlers. What it needs and does not bring: Node.js 20, chromium, and the
// packages of package-lock.json (npm ci --prefix test/page).
package page_test

import (
	"context"
	"flag"
	"image/png"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/page"
	"go.uber.org/goleak"
)

var screenshot = flag.String("screenshot", "", "write the picture of the page to this file, named from the root of the repository")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a hub with its page until the test ends, and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	hub, err := tidings.New(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: httpapi.New(hub, &httpapi.Options{
		Page:  page.Handler(),
		Retry: 200 * time.Millisecond,
	})}
	done := make(chan struct{})
	go func() { // ended by the cleanup below, which waits for it
		defer close(done)
		server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
		hub.Close()
	})
	return "http://" + listener.Addr().String()
}

// chromium returns the browser's path.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("TIDINGS_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no chromium: install it (apt-get install chromium), or set TIDINGS_TEST_CHROMIUM to its path; -short leaves this test out")
	return ""
}

// node runs Node.js with the addresses of two servers that know nothing of
// each other, at the same time as other tests: they mostly wait.
func node(t *testing.T, args ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	t.Parallel()
	runNode(t, []string{"TIDINGS_URL=" + serve(t), "TIDINGS_OTHER_URL=" + serve(t)}, args...)
}

// runNode runs Node.js with more in its environment.
func runNode(t *testing.T, env []string, args ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("no node: install Node.js 20 or later; -short leaves this test out")
	}
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		t.Fatal("no playwright-core: run npm ci --prefix test/page; -short leaves this test out")
	}
	watchScripts(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(append(os.Environ(), "TIDINGS_TEST_CHROMIUM="+chromium(t)), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// watchScripts reads what Node.js will run, so that go test does not take the
// result of other scripts for that of these.
func watchScripts(t *testing.T) {
	t.Helper()
	scripts, _ := filepath.Glob("*.js*") // never a bad pattern
	for _, name := range scripts {
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPageInABrowser(t *testing.T) {
	node(t, "--test", "--test-reporter=spec", "page.test.js")
}

func TestStreamsInABrowser(t *testing.T) {
	node(t, "--test", "--test-reporter=spec", "streams.test.js")
}

func TestRecordedRunsBecomeItems(t *testing.T) {
	node(t, "--test", "--test-reporter=spec", "session.test.js")
}

// TestScreenshot takes the picture of the page that the documentation shows;
// with -screenshot it replaces that one.
func TestScreenshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.png")
	if *screenshot != "" {
		path = filepath.Join("..", "..", *screenshot)
	}
	node(t, "screenshot.js", path)
	picture, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	if size, err := png.DecodeConfig(picture); err != nil || size.Width != 1200 {
		t.Errorf("the picture is %d wide, error %v", size.Width, err)
	}
}
