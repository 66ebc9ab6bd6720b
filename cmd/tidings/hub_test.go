package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A printed is a line of tail --json.
type printed struct {
	ID      string          `json:"id"`
	User    string          `json:"user"`
	Channel string          `json:"channel"`
	Session string          `json:"session"`
	Type    string          `json:"type"`
	Data    json.RawMessage `json:"data"`
}

// parse reads the lines of tail --json.
func parse(t *testing.T, out string) []printed {
	t.Helper()
	var all []printed
	for line := range strings.Lines(out) {
		var p printed
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !strings.HasSuffix(line, `"data":`+string(p.Data)+"}\n") {
			t.Fatalf("%q does not end in its payload", line)
		}
		all = append(all, p)
	}
	return all
}

// recorded runs of several frameworks.
func runs(t *testing.T, pattern string) (files []string, lines map[string][]string, total int) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/runs/agui/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no runs: %v", err)
	}
	lines = make(map[string][]string)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			lines[sessionOf(f)] = append(lines[sessionOf(f)], strings.TrimSuffix(string(line), "\n"))
			total++
		}
	}
	return files, lines, total
}

func TestReplayArrivesByteForByte(t *testing.T) {
	_, url := serving(t)
	files, want, total := runs(t, "*.tool_calc.jsonl")
	tail := start(t, "tail", "--url", url, "--count", strconv.Itoa(total))
	tail.line(tail.errs, "following feed")
	replay := finished(t, "", append([]string{"replay", "--json", "--url", url, "--users", "3", "--parallel", "8", "--speed", "20x"}, files...)...)
	sum := new(summary)
	if err := json.Unmarshal([]byte(replay.out), sum); err != nil || replay.code != 0 || replay.err != "" {
		t.Fatalf("replay: %v, %+v", err, replay)
	}
	if sum.Events != total || sum.Bytes != size(want) || len(sum.Files) != len(files) || sum.Duplicates != 0 {
		t.Errorf("summary %s, want %d events of %d files", replay.out, total, len(files))
	}
	code, out, errs := tail.end()
	if code != 0 || errs != "" {
		t.Errorf("tail: exit %d, %s", code, errs)
	}
	got, owners := make(map[string][]string), make(map[string]bool)
	for _, p := range parse(t, out) {
		got[p.Session] = append(got[p.Session], string(p.Data))
		owners[p.User] = true
		if p.Channel != "agui" || p.Type == "" {
			t.Errorf("an event of channel %q and type %q", p.Channel, p.Type)
		}
	}
	same(t, got, want)
	if len(owners) != 3 {
		t.Errorf("owners %v, want three", owners)
	}
}

// size returns how many bytes all lines have.
func size(lines map[string][]string) (n int) {
	for _, of := range lines {
		n += len(strings.Join(of, ""))
	}
	return n
}

// same compares the payloads of sessions.
func same(t *testing.T, got, want map[string][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d sessions, want %d", len(got), len(want))
	}
	for session, lines := range want {
		if strings.Join(got[session], "\n") != strings.Join(lines, "\n") {
			t.Errorf("%s: %d events differ from the %d of the file", session, len(got[session]), len(lines))
		}
	}
}

func TestReplayAtARateKeepsOrder(t *testing.T) {
	_, url := serving(t)
	files, want, total := runs(t, "pydantic*.jsonl")
	args := []string{"replay", "--url", url, "--user", "alice", "--rate", "100000", "--parallel", "3"}
	if got := finished(t, "", append(args, files...)...); got.code != 0 || !strings.Contains(got.out, fmt.Sprintf("%d events", total)) {
		t.Fatalf("replay: %+v", got)
	}
	got := make(map[string][]string)
	feed := finished(t, "", "tail", "--url", url, "--user", "alice", "--from-start", "-n", strconv.Itoa(total))
	for _, p := range parse(t, feed.out) {
		got[p.Session] = append(got[p.Session], string(p.Data))
	}
	same(t, got, want)
}

func TestReplayKeepsThreads(t *testing.T) {
	_, url := serving(t, "--single-tenant")
	files, _, total := runs(t, "*.multi_turn_memory.jsonl")
	if got := finished(t, "", append([]string{"replay", "--url", url, "--keep-ids", "--speed", "max"}, files...)...); got.code != 0 {
		t.Fatalf("replay: %+v", got)
	}
	tail := finished(t, "", "tail", "--url", url, "--from-start", "-n", strconv.Itoa(total))
	for _, p := range parse(t, tail.out) {
		if p.Session == "" || strings.Contains(p.Session, "multi_turn_memory") {
			t.Fatalf("session %q, want a thread", p.Session)
		}
	}
}

func TestReplayStopsOnCtrlC(t *testing.T) {
	_, url := serving(t)
	tail := start(t, "tail", "--url", url)
	tail.line(tail.errs, "following feed")
	replay := start(t, "replay", "--url", url, "--user", "alice", "--speed", "0.001x", "../../testdata/runs/agui/agno-openai.simple.jsonl")
	tail.line(tail.out, "RUN_STARTED")
	replay.signal()
	code, out, errs := replay.end()
	if code != 1 || !strings.Contains(out, " of 42") || !strings.Contains(errs, "stopped before the end") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	tail.signal()
	if code, _, errs := tail.end(); code != 0 || errs != "" {
		t.Errorf("tail: exit %d, %s", code, errs)
	}
}

func TestReplayTellsWhatTheServerRefused(t *testing.T) {
	_, url := serving(t)
	got := finished(t, "", "replay", "--url", url, "--channel", "nonsense", "../../testdata/runs/agui/ag2.simple.jsonl")
	if got.code != 1 || !strings.Contains(got.err, "ag2.simple.jsonl") || !strings.Contains(got.err, "400") || !strings.Contains(got.out, "0 events") {
		t.Errorf("%+v", got)
	}
}

func TestPublishAndTail(t *testing.T) {
	_, url := serving(t, "--stream", "builds=builds,system", "--stream", "more=more")
	for _, tt := range []struct{ stdin, args, says string }{
		{"", `--user alice --data {"a":1}`, "published "},
		{"[1, 2]\n", "--user alice --channel builds --type done", "published "},
		{"", "--user alice --channel more --key k --json --data 1", `"duplicate":false`},
		{"", "--user alice --channel more --key k --json --data 2", `"duplicate":true`},
		{"{\"type\":\"RUN_STARTED\",\"threadId\":\"t\"}\r\n\n{\"type\":\"X\"}", "--user alice --channel agui --ndjson", "published "},
	} {
		got := finished(t, tt.stdin, append([]string{"publish", "--url", url}, strings.Fields(tt.args)...)...)
		if got.code != 0 || !strings.Contains(got.out, tt.says) {
			t.Errorf("%s: %+v", tt.args, got)
		}
	}
	tail := finished(t, "", "tail", "--url", url, "--from-start", "--count", "5")
	var seen []string
	for _, p := range parse(t, tail.out) {
		seen = append(seen, strings.Join([]string{p.User, p.Channel, p.Session, p.Type, string(p.Data)}, " "))
	}
	want := `alice system   {"a":1}
alice builds  done [1, 2]
alice more   1
alice agui t RUN_STARTED {"type":"RUN_STARTED","threadId":"t"}
alice agui t X {"type":"X"}`
	if got := strings.Join(seen, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	own := finished(t, "", "tail", "builds", "--url", url, "--user", "alice", "--from-start", "--count", "2")
	if got := parse(t, own.out); len(got) != 2 || string(got[1].Data) != "[1, 2]" {
		t.Errorf("own stream: %+v", own)
	}
}

func TestPublishExplainsWhatIsMissing(t *testing.T) {
	_, url := serving(t)
	for args, says := range map[string]string{
		"--data 1":                                    "--user NAME",
		"--user a --channel nothing --data 1":         "--stream NAME=CHANNEL",
		`--user a --channel agui --data {"type":"X"}`: "without a session",
	} {
		got := finished(t, "", append([]string{"publish", "--url", url}, strings.Fields(args)...)...)
		if got.code != 1 || !strings.Contains(got.err, says) || strings.Contains(got.err, "event 0") {
			t.Errorf("%s: %+v, want %q", args, got, says)
		}
	}
}

// Ctrl-C ends a command that waits for its input, too.
func TestPublishStopsOnCtrlC(t *testing.T) {
	_, url := serving(t)
	p, stdin := startWithInput(t, "publish", "--url", url, "--user", "alice", "--ndjson")
	if _, err := io.WriteString(stdin, "1\n"); err != nil {
		t.Fatal(err)
	}
	p.line(p.out, "published")
	p.signal()
	if code, out, errs := p.end(); code != 1 || out != "" || !strings.Contains(errs, "interrupted") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}
