package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/internal/pgtest"
)

// TestReadmeOnPostgreSQLWorksAsWritten uses another PostgreSQL than the one that
// the commands install.
func TestReadmeOnPostgreSQLWorksAsWritten(t *testing.T) {
	server := pgtest.New(t, nil)
	first, second := freeAddress(t), freeAddress(t)
	all := typed(t, "## On PostgreSQL", strings.NewReplacer(
		"sudo apt-get install", "true",
		"sudo -u postgres psql", `psql "`+server.URL("postgres")+`"`,
		"tidings@127.0.0.1/tidings", "tidings@"+strings.Split(strings.Split(server.URL(""), "@")[1], "/")[0]+"/tidings",
		"127.0.0.1:8081", first, "127.0.0.1:8082", second,
	), [][]string{
		{"CREATE ROLE", "CREATE DATABASE"},
		{"listens on http://" + first, "listens on http://" + second},
		{`{"text":"from one to the other"}`},
		{`{"text":"the first is gone"}`},
		{"listens on http://" + first, `{"text":"the second is gone"}`},
		{"CREATE TABLE", "ROLLBACK", `"invoice":7}}`},
		{"nowhere"},
		nil,
	})
	told(t, all, `{"text":"from one to the other"}`, `{"text":"the first is gone"}`, `{"text":"the second is gone"}`, `{"type":"INVOICE_PAID","invoice":7}`)
}

func TestReadmeWithTokensWorksAsWritten(t *testing.T) {
	addr := freeAddress(t)
	all := typed(t, "## With tokens", strings.NewReplacer("127.0.0.1:8081", addr), [][]string{
		{"listens on http://" + addr, "token --subject alice"},
		{`"delta":"for two"}}`},
		{"server answered 403", "server answered 401"},
	})
	told(t, all, `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"for two"}`)
}

func TestReadmeInADirectoryWorksAsWritten(t *testing.T) {
	addr := freeAddress(t)
	all := typed(t, "## In a directory", strings.NewReplacer("127.0.0.1:8081", addr), [][]string{
		{"listens on http://" + addr},
		{"listens on http://" + addr},
		{`{"text":"after"}}`},
	})
	told(t, all, `{"text":"before"}`, `{"text":"after"}`)
}

// TestReadmeOnNATSWorksAsWritten uses a server in this process for the one that
// the commands install and start.
func TestReadmeOnNATSWorksAsWritten(t *testing.T) {
	server := natstest.Start(t, t.TempDir())
	first, second := freeAddress(t), freeAddress(t)
	all := typed(t, "## On NATS", strings.NewReplacer(
		"go install", "true",
		`"$(go env GOPATH)/bin/nats-server"`, "bash -c 'sleep 1000'",
		"127.0.0.1:4222", server.Addr().String(), "127.0.0.1:8081", first, "127.0.0.1:8082", second,
	), [][]string{
		nil,
		{"listens on http://" + first, "listens on http://" + second},
		{`{"text":"from one to the other"}}`},
		{`{"text":"the first is gone"}}`},
		nil,
	})
	told(t, all, `{"text":"from one to the other"}`, `{"text":"the first is gone"}`)
}

// typed types the commands of a section of the README, a block at a time, into a
// shell, as its reader does, and waits for what the section says is to be seen
// after each. here has the ports and servers of the test instead of those of the
// section. It returns all that the shell and its commands said.
func typed(t *testing.T, heading string, here *strings.Replacer, seen [][]string) string {
	t.Helper()
	blocks := blocksOf(t, "../../README.md", heading)
	if len(blocks) != len(seen) {
		t.Fatalf("the section has %d blocks, want %d", len(blocks), len(seen))
	}
	shell, in := bash(t)
	var all strings.Builder
	for i, block := range blocks {
		if _, err := io.WriteString(in, here.Replace(block)); err != nil {
			t.Fatal(err)
		}
		all.WriteString(shell.lines(seen[i]))
	}
	in.Close()
	code, out, errs := shell.end()
	all.WriteString(out)
	if code != 0 || errs != "" {
		t.Errorf("exit %d, %s\n%s", code, errs, all.String())
	}
	return all.String()
}

// told checks which events a tail showed.
func told(t *testing.T, all string, want ...string) {
	t.Helper()
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^\{.*"data":(.*)\}$`).FindAllStringSubmatch(all, -1) {
		got = append(got, m[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("the tail shows %q, want %q", got, want)
	}
}

// blocksOf returns the blocks of commands in a section of a file.
func blocksOf(t *testing.T, file, heading string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("no section %s", heading)
	}
	level, _, _ := strings.Cut(heading, " ")
	section, _, _ = strings.Cut(section, "\n"+level+" ")
	for _, m := range regexp.MustCompile("(?s)\n```\n(.*?\n)```\n").FindAllStringSubmatch(section, -1) {
		all = append(all, m[1])
	}
	return all
}

// bash starts a shell in a folder with bin/tidings. Its output and that of all
// it starts is one. What it started ends with it.
func bash(t *testing.T) (*process, io.WriteCloser) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "bin", "tidings")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "bash")
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = append(os.Environ(), "TIDINGS_TEST_COMMAND=1", "GORACE=atexit_sleep_ms=0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := begin(t, cmd)
	t.Cleanup(func() {
		in.Close()
		p.ended()
	})
	if _, err := io.WriteString(in, "exec 2>&1; set -m; trap 'kill -9 $(jobs -p) 2>/dev/null; true' EXIT\n"); err != nil {
		t.Fatal(err)
	}
	return p, in
}

// lines reads until all of wanted were seen, in any order, and returns what it
// read.
func (p *process) lines(wanted []string) string {
	p.t.Helper()
	var read strings.Builder
	for {
		missing := false
		for _, w := range wanted {
			missing = missing || !strings.Contains(read.String(), w)
		}
		if !missing {
			return read.String()
		}
		line, err := p.out.ReadString('\n')
		read.WriteString(line)
		if err != nil {
			p.t.Fatalf("not all of %q: %v after\n%s", wanted, err, read.String())
		}
	}
}
