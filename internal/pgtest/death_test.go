package pgtest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

const child = "PGTEST_CHILD"

// TestChild is the process that other tests start: it tells its shared server's
// URL, and waits to be ended.
func TestChild(t *testing.T) {
	if os.Getenv(child) == "" {
		return
	}
	fmt.Println(pgtest.Shared(t).URL("postgres"))
	io.Copy(io.Discard, os.Stdin)
}

// childCommand returns the process whose shared server is the one named, if
// any. Its folder for temporary files is one that only its user reaches.
func childCommand(t *testing.T, named string) *osexec.Cmd {
	t.Helper()
	cmd := osexec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), child+"=yes", pgtest.Variable+"="+named, "TMPDIR="+t.TempDir())
	return cmd
}

// run starts a child, and returns its shared server's URL and what ends it in
// order.
func run(t *testing.T, cmd *osexec.Cmd) (url string, end io.Closer) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), in
}

func TestSharedIsTheServerThatTheEnvironmentNames(t *testing.T) {
	want := pgtest.New(t, nil).URL("postgres")
	if got, _ := run(t, childCommand(t, want)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestServersEndWithTheirProcess(t *testing.T) {
	ends := map[string]func(*osexec.Cmd, io.Closer) error{
		"killed":   func(cmd *osexec.Cmd, _ io.Closer) error { return cmd.Process.Kill() },
		"in order": func(_ *osexec.Cmd, end io.Closer) error { return end.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			cmd := childCommand(t, "")
			serverEnds(t, cmd, func(in io.Closer) error { return end(cmd, in) })
		})
	}
}

// serverEnds starts a child and ends it, and sees that its server and all that
// this had are gone then.
func serverEnds(t *testing.T, cmd *osexec.Cmd, end func(io.Closer) error) {
	t.Helper()
	url, in := run(t, cmd)
	c := connect(t, url)
	data := value[string](t, c, "select current_setting('data_directory')")
	if err := end(in); err != nil {
		t.Fatal(err)
	}
	if _, err := c.WaitForNotification(t.Context()); err == nil || t.Context().Err() != nil {
		t.Fatalf("got %v, want the server to close the connection", err)
	}
	awaitNone(t, filepath.Dir(data))
	address := net.JoinHostPort(c.Config().Host, fmt.Sprint(c.Config().Port))
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("the server still accepts connections")
	}
}

// awaitNone waits until a folder is gone. It has to look again and again: the
// one who removes it has no tie to this process.
func awaitNone(t *testing.T, folder string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there", folder)
		}
	}
}
