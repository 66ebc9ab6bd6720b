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

// startChild returns a process whose shared server is the one named, if any,
// and what ends it in order.
func startChild(t *testing.T, named string) (cmd *osexec.Cmd, url string, end io.Closer) {
	t.Helper()
	cmd = osexec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), child+"=yes", pgtest.Variable+"="+named)
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
	return cmd, strings.TrimSpace(line), in
}

func TestSharedIsTheServerThatTheEnvironmentNames(t *testing.T) {
	want := pgtest.New(t, nil).URL("postgres")
	if _, got, _ := startChild(t, want); got != want {
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
			cmd, url, in := startChild(t, "")
			c := connect(t, url)
			data := value[string](t, c, "select current_setting('data_directory')")
			if err := end(cmd, in); err != nil {
				t.Fatal(err)
			}
			if _, err := c.WaitForNotification(t.Context()); err == nil || t.Context().Err() != nil {
				t.Fatalf("got %v, want the server to close the connection", err)
			}
			awaitNone(t, data)
			address := net.JoinHostPort(c.Config().Host, fmt.Sprint(c.Config().Port))
			if c, err := net.Dial("tcp", address); err == nil {
				c.Close()
				t.Error("the server still accepts connections")
			}
		})
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
