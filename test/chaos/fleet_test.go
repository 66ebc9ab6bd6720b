package chaos_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A replica is a server, which may end and begin again at the same address.
type replica struct {
	name    string
	address string // host:port
	place          // where its log is
	flags   []string
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the process is gone
	err     error         // of its end

	mu   sync.Mutex // guards said
	said strings.Builder
}

// A place is where a log is: in a database or on a server of NATS, and at which
// URL.
type place struct{ log, url string }

// newReplica returns a replica that does not run yet.
func newReplica(t *testing.T, name string, at place) *replica {
	t.Helper()
	r := &replica{name: name, place: at, address: freeAddress(t)}
	t.Cleanup(func() {
		if r.running() {
			r.end(t)
		}
		r.listen(t)
	})
	r.flags = []string{"--drain", "1s", "--retry", "200ms"}
	return r
}

// given are the addresses of all replicas.
var given sync.Map

// freeAddress returns an address whose port is below those that systems give to
// outgoing connections, so that none takes it while the replica does not run. It is
// given once: the replica that has it may not listen yet.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000))
		if _, again := given.LoadOrStore(address, true); again {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

func (r *replica) url() string { return "http://" + r.address }

// listens is what a server says when it does.
var listens = regexp.MustCompile(`listens on http://\S+,`)

// start runs the replica, and returns when it listens.
func (r *replica) start(ctx context.Context) error {
	path, err := binary()
	if err != nil {
		return err
	}
	r.cmd = exec.CommandContext(ctx, path, append([]string{"serve", "--log", r.place.log, "--addr", r.address}, r.flags...)...)
	r.cmd.Env = append(os.Environ(), "NO_COLOR=1", "GORACE=atexit_sleep_ms=0", "TIDINGS_"+strings.ToUpper(r.place.log)+"_URL="+r.place.url)
	output, err := r.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.ended = make(chan struct{})
	up := make(chan struct{})
	go r.attend(output, up) // ends with the process
	select {
	case <-up:
		return nil
	case <-r.ended:
		return fmt.Errorf("%s ended: %w\n%s", r.name, r.err, r.heard())
	}
}

// attend takes what the process says until it ends, and closes up when it
// listens.
func (r *replica) attend(output io.Reader, up chan struct{}) {
	defer close(r.ended)
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		r.mu.Lock()
		r.said.WriteString(line)
		r.mu.Unlock()
		if up != nil && listens.MatchString(line) {
			close(up)
			up = nil
		}
		if err != nil {
			break
		}
	}
	r.err = r.cmd.Wait()
}

// heard returns what all processes of the replica said.
func (r *replica) heard() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

func (r *replica) running() bool {
	if r.ended == nil {
		return false
	}
	select {
	case <-r.ended:
		return false
	default:
		return true
	}
}

// kill ends the process without a word.
func (r *replica) kill() {
	r.cmd.Process.Kill()
	<-r.ended
}

// end asks the process to end, and returns when it has. A failed test leaves no
// time for that.
func (r *replica) end(t *testing.T) {
	t.Helper()
	if t.Failed() {
		r.kill()
		return
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-r.ended
	if r.err != nil {
		t.Errorf("%s ended: %v", r.name, r.err)
	}
}

// listen looks at what the replica said.
func (r *replica) listen(t *testing.T) {
	t.Helper()
	said := r.heard()
	for _, bad := range []string{"DATA RACE", "panic", "level=ERROR"} {
		if strings.Contains(said, bad) {
			t.Errorf("%s said %q", r.name, bad)
		}
	}
	if t.Failed() {
		const most = 20_000
		t.Logf("%s said:\n%s", r.name, said[max(0, len(said)-most):])
	}
}

// stats returns the replica's figures.
func (r *replica) stats(ctx context.Context, c *http.Client) (figures wire.Stats, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url()+wire.StatsPath, nil)
	if err != nil {
		return figures, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return figures, err
	}
	defer resp.Body.Close()
	return figures, json.NewDecoder(resp.Body).Decode(&figures)
}

// startAll starts replicas at the same time.
func startAll(t *testing.T, ctx context.Context, fleet []*replica) {
	t.Helper()
	var group errgroup.Group
	for _, r := range fleet {
		group.Go(func() error { return r.start(ctx) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// endAll ends replicas at the same time.
func endAll(t *testing.T, fleet []*replica) {
	t.Helper()
	var work sync.WaitGroup
	for _, r := range fleet {
		work.Go(func() { r.end(t) })
	}
	work.Wait()
}
