package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// TestMain lets the test's own binary be the command, so that tests run real
// processes.
func TestMain(m *testing.M) {
	if os.Getenv("TIDINGS_TEST_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// command returns a process that has not begun. It is killed with the test.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "TIDINGS_TEST_COMMAND=1", "GORACE=atexit_sleep_ms=0")
	cmd.WaitDelay = time.Second
	return cmd
}

// A result is what a command left.
type result struct {
	code     int
	out, err string
}

// finished runs a command to its end.
func finished(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// A process is a command that runs.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   *bufio.Reader
	errs  *bufio.Reader
	ended func() int
}

// start starts a command whose output the test reads.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return begin(t, command(t, args...))
}

// startWithInput starts a command that the test also writes to.
func startWithInput(t *testing.T, args ...string) (*process, io.WriteCloser) {
	t.Helper()
	cmd := command(t, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return begin(t, cmd), in
}

// begin starts a process.
func begin(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, out: bufio.NewReader(out), errs: bufio.NewReader(errs)}
	p.ended = sync.OnceValue(func() int {
		_ = cmd.Wait() // the code says it
		return cmd.ProcessState.ExitCode()
	})
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		p.ended()
	})
	return p
}

// signal sends Ctrl-C.
func (p *process) signal() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// line returns the next line that has want in it.
func (p *process) line(r *bufio.Reader, want string) string {
	p.t.Helper()
	var seen strings.Builder
	for {
		line, err := r.ReadString('\n')
		seen.WriteString(line)
		if err != nil {
			p.t.Fatalf("no line with %q: %v after\n%s", want, err, seen.String())
		}
		if strings.Contains(line, want) {
			return strings.TrimSpace(line)
		}
	}
}

// end reads all that is left, waits, and returns the exit code.
func (p *process) end() (code int, out, errs string) {
	p.t.Helper()
	var rest []byte
	var reading sync.WaitGroup
	reading.Go(func() { rest, _ = io.ReadAll(p.errs) })
	left, _ := io.ReadAll(p.out)
	reading.Wait()
	return p.ended(), string(left), string(rest)
}

// serving starts a server that keeps events in memory, and returns its address.
func serving(t *testing.T, args ...string) (*process, string) {
	t.Helper()
	return servingLog(t, append([]string{"--log", "memory"}, args...)...)
}

// servingLog starts a server whose arguments say where events are kept, and
// returns its address.
func servingLog(t *testing.T, args ...string) (*process, string) {
	t.Helper()
	p := start(t, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	_, rest, _ := strings.Cut(p.line(p.errs, "listens on"), "listens on ")
	url, _, _ := strings.Cut(rest, ",")
	return p, url
}

func TestHelp(t *testing.T) {
	for _, name := range []string{
		"", "demo", "serve", "publish", "tail", "replay", "token", "bench", "config", "version", "postgres", "postgres-migrate", "postgres-grant",
		"postgres-outbox", "postgres-outbox-list", "postgres-outbox-requeue", "postgres-purge",
	} {
		args := strings.Fields(strings.ReplaceAll(name, "-", " ") + " --help")
		got := finished(t, "", args...)
		if got.code != 0 || got.err != "" {
			t.Errorf("%v: exit %d, %s", args, got.code, got.err)
		}
		golden(t, "help-"+cmp.Or(name, "tidings")+".txt", got.out)
	}
	if bare := finished(t, ""); bare.code != 0 || !strings.Contains(bare.out, "Usage:") {
		t.Errorf("without arguments: %+v", bare)
	}
}

// golden compares text with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", path, diff)
	}
}

func TestExitCodes(t *testing.T) {
	run := "../../testdata/runs/agui/ag2.simple.jsonl"
	broken := filepath.Join(t.TempDir(), "broken.jsonl")
	if err := os.WriteFile(broken, []byte("{\"type\":\"RUN_STARTED\"}\n\n{\"type\":\"X\",\"_offset_ms\":\"1\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const nowhere = "http://127.0.0.1:1"
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"version", 0, ""},
		{"serv", 2, `did you mean "serve"`},
		{"serve --adr x", 2, "--addr"},
		{"serve --addr 0.0.0.0:0", 2, "without authentication"},
		{"serve --addr :0", 2, "without authentication"},
		{"serve --addr example.com:80", 2, "without authentication"},
		{"serve --addr 8080", 2, "HOST:PORT"},
		{"serve --addr unix:", 2, "path of a socket"},
		{"serve --addr unix:@tidings", 2, "path of a socket"},
		{"serve --socket-mode 0999", 2, "0660"},
		{"serve --addr 0.0.0.0:0", 2, "--anyone-may-read-and-publish"},
		{"serve --admin-addr :0", 2, "--anyone-may-profile"},
		{"serve --admin-addr 0.0.0.0:0 --anyone-may-read-and-publish", 2, "--anyone-may-profile"},
		{"serve --admin-addr x", 2, "--admin-addr"},
		{"serve --anyone-may-profile", 2, "--admin-addr"},
		{"serve --tls-cert x", 2, "--tls-key"},
		{"serve --addr 127.0.0.1:99999", 2, "port"},
		{"serve --addr 127.0.0.1:", 2, "port"},
		{"serve --log paper", 2, "memory"},
		{"serve --drain 0s", 2, "--drain"},
		{"serve --origin *", 2, "each origin is listed by itself"},
		{"serve --origin https://app.example --origin app.example", 2, "--origin"},
		{"serve --origin https://app.example/,https://b.example", 2, "such as https://app.example"},
		{"serve --cookie __Host-x", 2, "--cookie"},
		{"serve --stream nothing", 2, "NAME=CHANNEL"},
		{"serve --stream feed=a", 2, "every owner"},
		{"serve --stream Big=a", 2, `"Big"`},
		{"demo --addr 0.0.0.0:0", 2, "without authentication"},
		{"demo --users 0", 2, "--users"},
		{"demo --speed fast", 2, "10x"},
		{"publish --data {", 2, "not JSON"},
		{"publish --data 1 --ndjson", 2, "--data"},
		{"publish --key k --ndjson", 2, "--key"},
		{"publish --data=", 2, "--data"},
		{"publish --url ftp://x --data 1", 2, "--url"},
		{"publish --url= --data 1", 2, "--url"},
		{"publish --url http://x,y --data 1", 2, `"y"`},
		{"publish --data 1 --patience 90ms --url " + nowhere + " --url http://127.0.0.1:2", 1, "cannot connect to http://127.0.0.1:"},
		{"tail --url " + nowhere + " --url http://127.0.0.1:2", 1, "cannot connect to http://127.0.0.1:2"},
		{"publish --data 1 --patience 300ms --url " + nowhere, 1, "Is `tidings serve` running there?"},
		{"publish --channel agui --data {} --url " + nowhere, 1, "no type"},
		{"tail --after 7", 2, "--after"},
		{"tail --count=-1", 2, "--count"},
		{"tail --after 1-1 --from-start", 2, "two beginnings"},
		{"tail --url " + nowhere, 1, "Is `tidings serve` running there?"},
		{"replay", 2, "<file>"},
		{"replay nosuch.jsonl", 2, "nosuch.jsonl"},
		{"replay --speed fast " + run, 2, "10x"},
		{"replay --rate -1 " + run, 2, "--rate"},
		{"replay --parallel 0 " + run, 2, "--parallel"},
		{"replay --users -1 " + run, 2, "--users"},
		{"replay --users 2 --user a " + run, 2, "exclude"},
		{"replay --patience 300ms --url " + nowhere + " " + run, 1, "Is `tidings serve` running there?"},
		{"replay " + broken, 1, "broken.jsonl: line 3"},
		{"serve --max-connections 0", 2, "--max-connections"},
		{"bench storm", 2, "broadcast"},
		{"bench --json --go-bench", 2, "--go-bench"},
		{"bench --window 1 --rate 1", 2, "one of them says"},
		{"bench --size 10", 2, "10 bytes"},
		{"bench --url " + nowhere, 1, "connection refused"},
	} {
		got := finished(t, "", strings.Fields(tt.args)...)
		if strings.Contains(got.out, "dial tcp") {
			t.Errorf("%s: the summary is not for people: %s", tt.args, got.out)
		}
		if got.code != tt.code || !strings.Contains(got.err, tt.says) || strings.Count(got.err, "\n") > 2 {
			t.Errorf("%s: exit %d, %q, want %d and %q", tt.args, got.code, got.err, tt.code, tt.says)
		}
	}
}
