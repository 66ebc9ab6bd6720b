package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/sse"
)

// A listener follows alice's stream agui over a connection of its own.
type listener struct {
	t    *testing.T
	next func() (sse.Event, error, bool)
	last string // the last id it was told
}

// listen follows a server from a position on, or from now.
func listen(t *testing.T, url, after string) *listener {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, "GET", url+"/v1/stream/agui?user=alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	transport := new(http.Transport)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(sse.NewDecoder(resp.Body, nil).Events())
	t.Cleanup(func() {
		cancel()
		stop()
		resp.Body.Close()
		transport.CloseIdleConnections()
	})
	return &listener{t: t, next: next}
}

// hears returns the names of the next n events, and of what the server says
// besides.
func (l *listener) hears(n int) (names []string) {
	l.t.Helper()
	for len(names) < n {
		e, err, ok := l.next()
		if !ok || err != nil {
			l.t.Fatalf("the stream ended after %q: %v", names, err)
		}
		var payload struct{ Name string }
		if err := json.Unmarshal(e.Data, &payload); err != nil || e.Name != "" {
			payload.Name = fmt.Sprintf("%s: %s", e.Name, e.Data)
		}
		names, l.last = append(names, payload.Name), e.ID
	}
	return names
}

// say publishes an event of a name, which is also its key, and reports whether it
// was there already.
func say(t *testing.T, url, name string) (duplicate bool) {
	t.Helper()
	got := finished(t, fmt.Sprintf(`{"type":"CUSTOM","name":%q,"value":1}`, name),
		"publish", "--url", url, "--user", "alice", "--channel", "agui", "--session", "s", "--key", name, "--json")
	var receipt struct{ Duplicate bool }
	if err := json.Unmarshal([]byte(got.out), &receipt); err != nil || got.code != 0 {
		t.Fatalf("publish %s: %v, %+v", name, err, got)
	}
	return receipt.Duplicate
}

func sayAll(t *testing.T, url string, names ...string) {
	t.Helper()
	for _, name := range names {
		if say(t, url, name) {
			t.Errorf("%s was there already", name)
		}
	}
}

// Who was cut off, whatever ended the server, comes back for exactly what he
// missed. Keys are known to the server that comes next, too.
func TestEventsInADirectoryOutliveTheServer(t *testing.T) {
	for _, end := range []os.Signal{os.Interrupt, os.Kill} {
		for _, fsync := range []string{"interval", "always"} {
			log := []string{"--data-dir", filepath.Join(t.TempDir(), "data"), "--fsync", fsync}
			r := newReplica(t, log...)
			early := listen(t, r.url(), "")
			sayAll(t, r.url(), "1", "2", "3", "4", "5")
			if got := early.hears(3); !slices.Equal(got, []string{"1", "2", "3"}) {
				t.Errorf("%v, %s: heard %q", end, fsync, got)
			}
			if err := r.cmd.Process.Signal(end); err != nil {
				t.Fatal(err)
			}
			if code := r.ended(); (code == 0) != (end == os.Interrupt) {
				t.Errorf("%v, %s: exit %d", end, fsync, code)
			}
			r.start(t)
			if !say(t, r.url(), "5") {
				t.Errorf("%v, %s: 5 is there twice", end, fsync)
			}
			sayAll(t, r.url(), "6")
			late := listen(t, r.url(), early.last)
			sayAll(t, r.url(), "7")
			if got := late.hears(4); !slices.Equal(got, []string{"4", "5", "6", "7"}) {
				t.Errorf("%v, %s: heard %q", end, fsync, got)
			}
			all := finished(t, "", "tail", "agui", "--url", r.url(), "--user", "alice", "--from-start", "--count", "7")
			if got := parse(t, all.out); all.code != 0 || len(got) != 7 || string(got[6].Data) != `{"type":"CUSTOM","name":"7","value":1}` || strings.Count(all.err, "\n") != 1 {
				t.Errorf("%v, %s: %+v", end, fsync, all)
			}
			r.signal()
			r.end()
		}
	}
}

func TestTailGoesOnThroughARestart(t *testing.T) {
	r := newReplica(t, "--data-dir", t.TempDir())
	tail := start(t, "tail", "--user", "alice", "--url", r.url())
	tail.line(tail.errs, "following feed")
	publishNumber(t, 1, r)
	first := numbers(t, tail, 1)
	r.signal()
	if code, _, errs := r.end(); code != 0 {
		t.Errorf("serve: exit %d, %s", code, errs)
	}
	r.start(t)
	publishNumber(t, 2, r)
	if got := append(first, numbers(t, tail, 1)...); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("got %v", got)
	}
	tail.signal()
	if code, out, errs := tail.end(); code != 0 || out != "" || strings.Contains(errs, "no longer kept") || strings.Contains(errs, "not a position") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}

func TestADirectoryHasOneServer(t *testing.T) {
	dir := t.TempDir()
	r := newReplica(t, "--data-dir", dir)
	publishNumber(t, 1, r)
	for _, addr := range []string{r.addr, "127.0.0.1:0"} {
		got := finished(t, "", "serve", "--addr", addr, "--data-dir", dir)
		if got.code != 1 || got.out != "" || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, dir+" is in use by another process: end that, or name another directory") ||
			!strings.Contains(got.err, "--data-dir") {
			t.Errorf("%s: %+v", addr, got)
		}
	}
	publishNumber(t, 2, r)
	all := finished(t, "", "tail", "--url", r.url(), "--from-start", "--count", "2")
	if got := parse(t, all.out); len(got) != 2 || string(got[1].Data) != "2" {
		t.Errorf("%+v", all)
	}
}

func TestADirectoryOfSomebodyElseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letters.txt"), []byte("dear alice"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := finished(t, "", "serve", "--addr", "127.0.0.1:0", "--data-dir", dir)
	if got.code != 1 || got.out != "" || !strings.Contains(got.err, "is no data directory of tidings: name another directory") {
		t.Errorf("%+v", got)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || files[0].Name() != "letters.txt" {
		t.Errorf("there is %v, %v", files, err)
	}
}

// A flag says where events are kept, or a variable, or systemd; or it is a
// directory where one is. The server tells, and what a power cut can take.
func TestServeSaysWhereEventsAreKeptAndHowWell(t *testing.T) {
	here, flag, variable, systemd := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	const second, nothing = "a power cut can take the last second", "neither the end of this process nor a power cut"
	for _, tt := range []struct{ args, variable, systemd, where, well string }{
		{"", "", "", filepath.Join(here, "tidings-data"), second},
		{"", "", systemd + ":/var/lib/other", systemd, second},
		{"", variable, systemd, variable, second},
		{"--data-dir " + flag, variable, systemd, flag, second},
		{"--data-dir data/of/tidings --fsync always", "", "", filepath.Join(here, "data/of/tidings"), nothing},
	} {
		cmd := command(t, append([]string{"serve", "--addr", "127.0.0.1:0"}, strings.Fields(tt.args)...)...)
		cmd.Dir = here
		cmd.Env = append(cmd.Env, "TIDINGS_DATA_DIR="+tt.variable, "STATE_DIRECTORY="+tt.systemd)
		p := begin(t, cmd)
		if line := p.line(p.errs, "listens on"); !strings.HasSuffix(line, ", events are kept in "+tt.where) {
			t.Errorf("%+v: it says %s", tt, line)
		}
		p.line(p.errs, "Then Ctrl-C")
		p.line(p.errs, tt.well)
		if info, err := os.Stat(tt.where); err != nil || !info.IsDir() {
			t.Errorf("%+v: %v", tt, err)
		}
		p.signal()
		if code, _, errs := p.end(); code != 0 {
			t.Errorf("%+v: exit %d, %s", tt, code, errs)
		}
	}
}

// What the disk has to do, and when old events go, cannot be seen from outside
// before it is too late; so this looks at what the log is told.
func TestFlagsOfADirectoryReachTheLog(t *testing.T) {
	for _, tt := range []struct {
		args   string
		always bool
		age    time.Duration
		bytes  int64
	}{
		{"", false, 168 * time.Hour, 16 << 30},
		{"--fsync always --retain-age 3d --retain-bytes 1GiB", true, 72 * time.Hour, 1 << 30},
		{"--fsync interval --retain-age unlimited --retain-bytes unlimited", false, -1, -1},
	} {
		s, _ := parsed(t, strings.Fields(tt.args)...)
		o := s.Directory.options(&s.Retention, nil)
		if o.SyncAlways != tt.always || o.Log.RetainAge != tt.age || o.Log.RetainBytes != tt.bytes {
			t.Errorf("%q: %v, %v, %v", tt.args, o.SyncAlways, o.Log.RetainAge, o.Log.RetainBytes)
		}
	}
}

// A server does not start on files that were damaged, unless it is told to; then it
// tells clients what they lost.
func TestDamagedFilesAreRefusedOrTheLossIsTold(t *testing.T) {
	dir := t.TempDir()
	r := newReplica(t, "--data-dir", dir)
	early := listen(t, r.url(), "")
	sayAll(t, r.url(), "1", "2", "3", "4", "5")
	early.hears(2)
	r.signal()
	r.end()
	blocks, err := filepath.Glob(filepath.Join(dir, "nats/jetstream/*/streams/TIDINGS/msgs/*.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatalf("%q, %v", blocks, err)
	}
	info, err := os.Stat(blocks[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(blocks[0], info.Size()-10); err != nil {
		t.Fatal(err)
	}
	got := finished(t, "", "serve", "--addr", r.addr, "--data-dir", dir)
	if got.code != 1 || !strings.Contains(got.err, "events are missing that nobody discarded") || !strings.Contains(got.err, "--accept-loss") {
		t.Errorf("%+v", got)
	}
	r.log = append(r.log, "--accept-loss")
	r.start(t)
	late := listen(t, r.url(), early.last)
	sayAll(t, r.url(), "6")
	if got := late.hears(2); !strings.HasPrefix(got[0], "tidings.lost: ") || got[1] != "6" {
		t.Errorf("heard %q", got)
	}
}
