package agui_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/agui"
)

// place runs events, written as "TYPE thread run" with "-" for absent, through
// a Tracker and returns "thread/run" for each; "?" before it is ErrNoSession.
func place(t *testing.T, events ...string) string {
	t.Helper()
	var tracker agui.Tracker
	var out []string
	for _, e := range events {
		f := strings.Fields(strings.ReplaceAll(e+" - -", "-", `""`))
		for i := range f {
			f[i] = strings.Trim(f[i], `"`)
		}
		p, err := tracker.Next(agui.Peeked{Type: f[0], ThreadID: f[1], RunID: f[2]})
		s := p.ThreadID + "/" + p.RunID
		if p.Type != f[0] {
			t.Errorf("type %s became %s", f[0], p.Type)
		}
		if errors.Is(err, agui.ErrNoSession) {
			s = "?" + s
		} else if err != nil {
			t.Error(err)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestTrackerPlacesEvents(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []string
		want   string
	}{
		{"a run", []string{"RUN_STARTED a 1", "CUSTOM", "RUN_FINISHED a 1"}, "a/1 a/1 a/1"},
		{"ends without ids", []string{"RUN_STARTED a 1", "RUN_ERROR"}, "a/1 a/1"},
		{"sequential runs", []string{"RUN_STARTED a 1", "CUSTOM", "RUN_FINISHED a 1", "RUN_STARTED b 2", "CUSTOM"}, "a/1 a/1 a/1 b/2 b/2"},
		{"cut off by the next run", []string{"RUN_STARTED a 1", "CUSTOM", "RUN_STARTED b 2", "CUSTOM"}, "a/1 a/1 b/2 b/2"},
		{"unknown types inherit", []string{"RUN_STARTED a 1", "USAGE_METADATA"}, "a/1 a/1"},
		{"nothing to inherit", []string{"CUSTOM", "RUN_ERROR", "RUN_FINISHED", "RUN_STARTED a 1"}, "?/ ?/ ?/ a/1"},
		{"after RUN_FINISHED", []string{"RUN_STARTED a 1", "RUN_FINISHED a 1", "CUSTOM", "RUN_ERROR", "CUSTOM"}, "a/1 a/1 ?/ a/1 ?/"},
		{"after RUN_ERROR", []string{"RUN_STARTED a 1", "RUN_ERROR", "RUN_FINISHED", "CUSTOM", "RUN_STARTED b 2", "CUSTOM"}, "a/1 a/1 a/1 ?/ b/2 b/2"},
		{"own thread", []string{"CUSTOM a", "CUSTOM"}, "a/ ?/"},
		{"own thread, same run", []string{"RUN_STARTED a 1", "CUSTOM a"}, "a/1 a/1"},
		{"another thread is another run", []string{"RUN_STARTED a 1", "CUSTOM b", "CUSTOM b 2", "CUSTOM"}, "a/1 b/ b/2 a/1"},
		{"own run", []string{"RUN_STARTED a 1", "CUSTOM - 2", "CUSTOM"}, "a/1 a/2 a/1"},
		{"another thread's end", []string{"RUN_STARTED a 1", "RUN_FINISHED b 1", "CUSTOM"}, "a/1 b/1 a/1"},
		{"an end under another run's name", []string{"RUN_STARTED a 1", "RUN_FINISHED a 2", "CUSTOM", "RUN_FINISHED a 2"}, "a/1 a/1 ?/ a/2"},
		{"no thread is no inheritance from the run before", []string{"RUN_STARTED a 1", "RUN_STARTED - 2", "CUSTOM"}, "a/1 ?/2 ?/2"},
		{"a run without an id", []string{"RUN_STARTED a", "CUSTOM", "RUN_FINISHED a 1", "CUSTOM"}, "a/ a/ a/1 ?/"},
	} {
		if got := place(t, tt.events...); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestACopyOfATrackerGoesBack(t *testing.T) {
	var tracker agui.Tracker
	next(t, &tracker, agui.Peeked{Type: agui.RunStarted, ThreadID: "a", RunID: "1"})
	before := tracker
	next(t, &tracker, agui.Peeked{Type: agui.RunFinished})
	if got := next(t, &before, agui.Peeked{Type: agui.Custom}); got.ThreadID != "a" || got.RunID != "1" {
		t.Errorf("got %v, want a/1", got)
	}
}

func next(t *testing.T, tracker *agui.Tracker, p agui.Peeked) agui.Peeked {
	t.Helper()
	got, err := tracker.Next(p)
	if err != nil {
		t.Error(err)
	}
	return got
}

func TestEveryRecordedRunStaysInItsThreadAndRun(t *testing.T) {
	files, err := filepath.Glob("../testdata/runs/agui/*.jsonl")
	if err != nil || len(files) != 215 {
		t.Fatalf("got %d runs, %v, want 215", len(files), err)
	}
	events := 0
	for _, file := range files {
		events += followRun(t, file)
	}
	if events != 6947 {
		t.Errorf("got %d events, want 6947", events)
	}
}

// followRun checks one recorded run, which begins with the only RUN_STARTED of
// the file, and returns how many events it has.
func followRun(t *testing.T, file string) (events int) {
	var tracker agui.Tracker
	var run agui.Peeked
	for line := range bytes.Lines(readFile(t, file)) {
		p := compare(t, file, line)
		if events == 0 {
			run = p
		}
		got := next(t, &tracker, p)
		if got.ThreadID == "" || got.ThreadID != run.ThreadID || got.RunID == "" || got.RunID != run.RunID {
			t.Errorf("%s:%d: got %v, want the thread and run of %v", file, events+1, got, run)
		}
		events++
	}
	return events
}
