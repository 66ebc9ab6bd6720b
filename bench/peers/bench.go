package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tidings-dev/tidings/internal/load"
)

// A bench measures.
type bench struct {
	*settings
	dir      string // for programs and configurations
	errs     io.Writer
	peers    []peer
	database *database // nil unless a scenario needs it
	results  results
	dropped  []string // measurements during which others took too much
	failures []string
	warnings []string
}

// A key is of one measurement.
type key struct {
	scenario, peer string
	round          int
}

// results are the measurements that count.
type results map[key]*load.Report

// program returns the path of a program that was built.
func (b *bench) program(name string) string { return filepath.Join(b.dir, name) }

// prepare builds the programs and looks for the peers.
func (b *bench) prepare(ctx context.Context, chosen []scenario) error {
	for _, command := range [][]string{
		{"go", "build", "-o", b.program("tidings"), "github.com/tidings-dev/tidings/cmd/tidings"},
		{"go", "build", "-o", b.program("naive"), "github.com/tidings-dev/tidings/bench/naive"},
	} {
		if err := b.do(ctx, command...); err != nil {
			return err
		}
	}
	help, err := exec.CommandContext(ctx, b.program("tidings"), "serve", "--help").Output()
	if err != nil {
		return err
	}
	for _, p := range allPeers(string(help)) {
		if len(b.settings.peers) == 0 || slices.Contains(b.settings.peers, p.name) {
			b.peers = append(b.peers, p)
		}
	}
	if slices.ContainsFunc(b.peers, func(p peer) bool { return p.name == "limit" }) {
		if err := b.compile(ctx); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(chosen, func(s scenario) bool { return s.log == "postgres" }) {
		b.database, err = startDatabase(ctx, b.dir)
	}
	return err
}

// compile builds the program in C.
func (b *bench) compile(ctx context.Context) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tidings-dev/tidings").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "bench", "limit", "limit.c")
	return b.do(ctx, cmp.Or(os.Getenv("CC"), "cc"), "-O2", "-Wall", "-o", b.program("limit"), source)
}

// do runs a command that has to succeed.
func (b *bench) do(ctx context.Context, command ...string) error {
	if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
	}
	return nil
}

// measure measures everything, round after round. Each begins with another
// peer.
func (b *bench) measure(ctx context.Context, chosen []scenario) error {
	for round := range b.rounds {
		for _, s := range chosen {
			for i := range b.peers {
				p := &b.peers[(i+round)%len(b.peers)]
				if s.hubs && !p.hub || s.batches && !p.hub && p.lines == "" {
					continue
				}
				if err := context.Cause(ctx); err != nil {
					return err
				}
				b.one(ctx, &s, p, round)
			}
		}
	}
	return nil
}

// one makes one measurement.
func (b *bench) one(ctx context.Context, s *scenario, p *peer, round int) {
	what := fmt.Sprintf("%s: %s, round %d", s.name, p.name, round+1)
	report, err := b.run(ctx, s, p)
	switch {
	case err != nil && ctx.Err() != nil: // interrupted, which measure says
		return
	case err != nil:
		b.failures = append(b.failures, what+": "+err.Error())
		fmt.Fprintf(b.errs, "%s: %v\n", what, err)
		return
	case 100*report.Server.OthersCPU > b.others:
		b.dropped = append(b.dropped, fmt.Sprintf("%s: other processes took %.0f %%", what, 100*report.Server.OthersCPU))
	default:
		b.results[key{s.name, p.name, round}] = report
	}
	for _, text := range report.Warnings {
		b.warnings = append(b.warnings, what+": "+text)
	}
	for _, m := range s.measures {
		fmt.Fprintf(b.errs, "%s: %s: %.*f\n", what, m.name, m.digits, m.of(report))
	}
}

// run starts a peer, puts it under load, and stops it.
func (b *bench) run(ctx context.Context, s *scenario, p *peer) (*load.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	server, err := b.start(ctx, s, p)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	pid, err := server.worker(ctx, p)
	if err != nil {
		return nil, err
	}
	args := append([]string{b.program("tidings"), "bench", "--json", "--url", "http://" + address(server.port), "--pid", strconv.Itoa(pid)}, s.args...)
	args = append(args, p.urls...)
	if s.batches && p.lines != "" {
		args = append(args, "--publish-url", p.lines)
	}
	args = pinned(b.loadCPU, args)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	report := new(load.Report)
	return report, json.Unmarshal(out, report)
}

// pinned returns a command that runs on one CPU.
func pinned(cpu int, args []string) []string {
	if cpu < 0 {
		return args
	}
	return append([]string{"taskset", "-c", strconv.Itoa(cpu)}, args...)
}

// A server is a peer that runs.
type server struct {
	cmd  *exec.Cmd
	port int
	dir  string
	errs bytes.Buffer
}

// start starts a peer and waits until it listens.
func (b *bench) start(ctx context.Context, s *scenario, p *peer) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, p.name+"-")
	if err != nil {
		return nil, err
	}
	args, err := p.args(b, dir, port)
	if err != nil {
		return nil, err
	}
	args = pinned(b.serverCPU, args)
	server := &server{cmd: exec.CommandContext(ctx, args[0], args[1:]...), port: port, dir: dir}
	server.cmd.Stderr = &server.errs
	if p.hub {
		if err := b.keep(ctx, server, s.log); err != nil {
			return nil, err
		}
	}
	if err := server.cmd.Start(); err != nil {
		return nil, err
	}
	if err := listens(ctx, port); err != nil {
		server.stop()
		return nil, fmt.Errorf("%s: %w: %s", p.name, err, server.errs.Bytes())
	}
	return server, nil
}

// keep has a server of ours keep events in a log.
func (b *bench) keep(ctx context.Context, server *server, log string) error {
	server.cmd.Args = append(server.cmd.Args, "--log", cmp.Or(log, "memory"))
	switch log {
	case "nats":
		server.cmd.Args = append(server.cmd.Args, "--data-dir", filepath.Join(server.dir, "data"))
	case "postgres":
		url, err := b.database.fresh(ctx)
		server.cmd.Env = append(os.Environ(), "TIDINGS_POSTGRES_URL="+url)
		return err
	}
	return nil
}

// freePort returns a port on which nobody listens.
func freePort() (int, error) {
	l, err := net.Listen("tcp", address(0))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// listens waits until somebody listens on a port.
func listens(ctx context.Context, port int) error {
	return eventually(ctx, func() error {
		conn, err := net.Dial("tcp", address(port))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// eventually tries something until it works, or has not for long.
func eventually(ctx context.Context, try func() error) error {
	const patience, pause = 20 * time.Second, 20 * time.Millisecond
	for end := time.Now().Add(patience); ; {
		err := try()
		if err == nil || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// worker returns the process that does the work. It may begin after somebody
// listens.
func (s *server) worker(ctx context.Context, p *peer) (pid int, err error) {
	parent := s.cmd.Process.Pid
	if !p.worker {
		return parent, nil
	}
	err = eventually(ctx, func() error {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
		if err != nil {
			return err
		}
		children := strings.Fields(string(text))
		if len(children) != 1 {
			return fmt.Errorf("%s has %d workers, want one", p.name, len(children))
		}
		pid, err = strconv.Atoi(children[0])
		return err
	})
	return pid, err
}

// stop ends a server. Those that take their time are killed.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	killer := time.AfterFunc(3*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer killer.Stop()
	_ = s.cmd.Wait() // how it ended says nothing
	_ = os.RemoveAll(s.dir)
}
