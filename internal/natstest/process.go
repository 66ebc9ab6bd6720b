package natstest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Where a process finds that it is a server.
const (
	storeVariable = "TIDINGS_TEST_NATS_STORE"
	portVariable  = "TIDINGS_TEST_NATS_PORT"
)

// Main is a server, if the process was started to be one, and does not return
// then. A TestMain calls it before anything else where tests use [NewProcess].
func Main() {
	dir := os.Getenv(storeVariable)
	if dir == "" {
		return
	}
	port, err := strconv.Atoi(os.Getenv(portVariable))
	if err == nil {
		err = serve(dir, port)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve is a server until its standard input ends, which is when who started it
// does.
func serve(dir string, port int) error {
	s, err := newServer(dir, port)
	if err != nil {
		return err
	}
	fmt.Println(s.ClientURL())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// A Process is a server in a process of its own, at one address however often it
// ends and begins again. One goroutine at a time uses it.
type Process struct {
	dir   string
	port  int
	cmd   *exec.Cmd
	input io.Closer
}

// NewProcess starts a server that keeps its streams in dir. It ends with the test.
func NewProcess(t testing.TB, dir string) *Process {
	t.Helper()
	p := &Process{dir: dir, port: freePort(t)}
	p.Start(t)
	t.Cleanup(p.Kill)
	return p
}

// URL returns where clients reach the server.
func (p *Process) URL() string { return "nats://127.0.0.1:" + strconv.Itoa(p.port) }

// Start starts the server again, and returns when it takes connections and has its
// streams.
func (p *Process) Start(t testing.TB) {
	t.Helper()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), storeVariable+"="+p.dir, portVariable+"="+strconv.Itoa(p.port))
	p.cmd.Stderr = os.Stderr
	input, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.input = input
	if line, err := bufio.NewReader(output).ReadString('\n'); strings.TrimSpace(line) != p.URL() {
		t.Fatalf("the server said %q, %v", line, err)
	}
}

// Kill ends the server without a word, if it runs.
func (p *Process) Kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
	_ = p.input.Close()
	p.cmd = nil
}

// Dir returns where the server keeps its streams.
func (p *Process) Dir() string { return p.dir }

// given are the ports of all processes.
var given sync.Map

// freePort returns a port below those that systems give to outgoing connections, so
// that none takes it while the server does not run. It is given once.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10000 + rand.IntN(20000)
		if _, again := given.LoadOrStore(port, true); again {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// startTimeout is how long a server may take until it takes connections.
const startTimeout = 20 * time.Second
