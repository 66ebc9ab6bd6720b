package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
)

// demonstrating starts a demonstration and returns its address.
func demonstrating(t *testing.T, args ...string) (*process, string) {
	t.Helper()
	p := start(t, append([]string{"demo", "--addr", "127.0.0.1:0"}, args...)...)
	_, rest, _ := strings.Cut(p.line(p.errs, "plays recorded runs"), " on ")
	url, _, _ := strings.Cut(rest, ",")
	return p, url
}

func TestDemoPlaysRunsUntilCtrlC(t *testing.T) {
	p, url := demonstrating(t)
	p.line(p.errs, url+"/?user=alice")
	p.line(p.errs, "curl -N '"+url+"/v1/stream/contexts?user=alice'")
	stream, err := http.Get(url + "/v1/stream/contexts?user=alice&from=start")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if first := dataLine(t, stream.Body); !strings.HasPrefix(first, `{"protocol":"system","event":{"type":"CONTEXT_CREATED"`) {
		t.Errorf("the first event is %s", first)
	}
	p.signal()
	began := time.Now()
	if code, out, errs := p.end(); code != 0 || out != "" || strings.Contains(errs, "cut") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if gone := time.Since(began); gone > demoDrain+5*time.Second {
		t.Errorf("it ended after %v", gone)
	}
}

// dataLine returns what the first event of a stream holds.
func dataLine(t *testing.T, body io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return data
		}
	}
	t.Fatalf("no event: %v", lines.Err())
	return ""
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- (&demo{Addr: "127.0.0.1:0", Users: 20, Speed: 1}).Run(ctx, &console{out: io.Discard, err: w})
		w.Close()
	}()
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || !strings.Contains(line, "alice, bob, carol and 17 more") {
		t.Errorf("%q, %v", line, err)
	}
	go io.Copy(io.Discard, r) // until w is closed
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

func TestDemoSaysThatTheAddressIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	got := finished(t, "", "demo", "--addr", taken.Addr().String())
	if got.code != 1 || !strings.Contains(got.err, "--addr") || strings.Count(got.err, "\n") != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDemoRunsAreAsRecorded(t *testing.T) {
	originals := "../../testdata/runs/agui"
	var files []string
	for i := range acts {
		files = append(files, acts[i].file+".jsonl")
	}
	for _, name := range append(files, "LICENSE") {
		got, err := demoRuns.ReadFile("demo/" + name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(originals, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("demo/%s is not %s/%s: %v", name, originals, name, err)
		}
	}
	if all, err := demoRuns.ReadDir("demo"); err != nil || len(all) != len(acts)+1 {
		t.Errorf("demo has %d files, %d are played: %v", len(all)-1, len(acts), err)
	}
}

// Each act is a session of its own, named before anything else and ended after
// it, and when all have been played they begin again.
func TestShowPlaysEachRunInANewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		hub, err := tidings.New(ctx, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer hub.Close()
		s := &show{hub: hub, pace: newPace(0.02, 0), pause: demoPause}
		ended := make(chan error, 1)
		go func() { ended <- s.play(ctx, "bob", 1) }()
		time.Sleep(5 * time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		events, order := sessions(t, hub, "bob")
		judge(t, events, order)
	})
}

// sessions returns the events of an owner, by session, and the names of the
// sessions in their order.
func sessions(t *testing.T, hub *tidings.Hub, owner string) (map[string][]tidings.Event, []string) {
	t.Helper()
	all, err := hub.Snapshot(context.Background(), tidings.Selector{User: owner}, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	events, order := make(map[string][]tidings.Event), []string(nil)
	for _, e := range all.Events {
		if events[e.Session] == nil {
			order = append(order, e.Session)
		}
		events[e.Session] = append(events[e.Session], e)
	}
	return events, order
}

// judge checks what was played, but for the last session, which is under way.
func judge(t *testing.T, events map[string][]tidings.Event, order []string) {
	t.Helper()
	if len(order) < 2*len(acts) {
		t.Fatalf("%d sessions in five minutes", len(order))
	}
	for i, session := range order[:len(order)-1] {
		a, of := acts[(i+1)%len(acts)], events[session]
		if session != fmt.Sprintf("%s-%d", a.title, i+1) {
			t.Errorf("session %d is %s", i, session)
		}
		var context struct{ Type, ContextID, Name, Timestamp string }
		if err := json.Unmarshal(of[0].Data, &context); err != nil || of[0].Channel != tidings.System ||
			context.Type != "CONTEXT_CREATED" || context.ContextID != session || context.Name == "" {
			t.Errorf("%s begins with %s", session, of[0].Data)
		}
		if _, err := time.Parse(time.RFC3339, context.Timestamp); err != nil {
			t.Error(err)
		}
		failed := strings.Contains(string(bytes.Join(datas(of), nil)), "RUN_ERROR")
		if last := of[len(of)-1]; last.Channel != tidings.A2A || failed != a.failed || !strings.Contains(string(last.Data), a.outcome()) {
			t.Errorf("%s ends with %s", session, last.Data)
		}
	}
}

// datas returns the payloads of events.
func datas(events []tidings.Event) (all [][]byte) {
	for i := range events {
		all = append(all, events[i].Data)
	}
	return all
}
