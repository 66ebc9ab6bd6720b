package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/herd"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// Where a process finds that it is one that serves a log until it is killed, and
// how.
const (
	serverDir = "TIDINGS_TEST_SERVER_DIR"
	serverWay = "TIDINGS_TEST_SERVER_WAY"
)

// serve serves the log in a directory over HTTP, with a window that is small, and
// prints where.
func serve(dir string) error {
	l, err := embedded.Open(context.Background(), dir, nil)
	if err != nil {
		return err
	}
	hub, err := tidings.New(context.Background(), l, &tidings.Options{WindowBytes: 1 << 20, MaxConnections: -1})
	if err != nil {
		return err
	}
	way := httpapi.Raw
	if os.Getenv(serverWay) == "portable" {
		way = httpapi.Portable
	}
	h := httpapi.New(hub, &httpapi.Options{Delivery: way})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	herd.MakeRoom()
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: h, ConnContext: h.ConnContext}
	return server.Serve(herd.InTurns(listener))
}

// A server is a process that serves a log.
type server struct {
	*exec.Cmd
	addr string
}

// startServer starts a process that serves the log in a directory.
func startServer(t testing.TB, dir, way string) *server {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverDir+"="+dir, serverWay+"="+way)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line := bufio.NewScanner(out)
	if !line.Scan() {
		t.Fatal("the server did not start")
	}
	return &server{cmd, line.Text()}
}
