package clients_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings/internal/wire"
)

// The clients, by the names that the scripts know.
const (
	tail         = "tail"
	eventSource4 = "eventsource4"
	eventSource5 = "eventsource5"
	fetch        = "fetch"
	fetchGuarded = "fetch-guarded" // resumes after what it was handed, see fetch.mjs
)

// scripts are those of the clients that run in Node.
var scripts = map[string]string{
	eventSource4: "eventsource.mjs", eventSource5: "eventsource.mjs",
	fetch: "fetch.mjs", fetchGuarded: "fetch.mjs",
}

// A subscription is a client that is to follow a stream.
type subscription struct {
	Client string   `json:"client"`
	Owner  string   `json:"owner"`
	URL    string   `json:"url"`
	Names  []string `json:"names,omitempty"` // of frames that an EventSource listens to
}

// What a client is handed or says.
const (
	opened = "open"
	failed = "error" // it will try again
	over   = "over"  // it will not
	event  = "event"
	empty  = "empty" // a message without data
	said   = "said"  // to a person
)

// A sight is one thing that a client saw.
type sight struct {
	Client, Owner, Kind string
	Name, ID, Data      string
	Text                string
}

// follow runs clients until the test ends and calls see with what they see, of
// each client in order. A process of Node serves all that need the same
// script.
func follow(t *testing.T, ctx context.Context, all []subscription, see func(sight)) {
	t.Helper()
	byScript := make(map[string][]subscription)
	for _, s := range all {
		if s.Client == tail {
			t.Fatal("a tail is followed with followTail")
		}
		byScript[scripts[s.Client]] = append(byScript[scripts[s.Client]], s)
	}
	for script, subscriptions := range byScript {
		text, err := json.Marshal(subscriptions)
		if err != nil {
			t.Fatal(err)
		}
		var complaints bytes.Buffer
		cmd := exec.CommandContext(ctx, "node", script, string(text))
		cmd.Stderr = &complaints
		launch(t, cmd, func(line []byte) error {
			var s sight
			err := json.Unmarshal(line, &s)
			see(s)
			return err
		}, func() {
			if complaints.Len() > 0 {
				t.Errorf("%s: %s", script, &complaints)
			}
		})
	}
}

// followTail runs "tidings tail --json" of an owner's stream until the test
// ends.
func followTail(t *testing.T, ctx context.Context, url, owner string, args []string, see func(sight)) {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary(t, false), append([]string{"tail", "--json", "--url", url, "--user", owner}, args...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	said := &teller{owner: owner, see: see}
	cmd.Stderr = said
	launch(t, cmd, func(line []byte) error {
		var e wire.Event
		err := json.Unmarshal(line, &e)
		see(sight{Client: tail, Owner: owner, Kind: event, ID: e.ID, Data: string(e.Data)})
		return err
	}, func() {})
}

// A teller passes on what a tail says on standard error.
type teller struct {
	owner string
	see   func(sight)
	line  []byte
}

func (w *teller) Write(p []byte) (int, error) {
	w.line = append(w.line, p...)
	for {
		line, rest, found := bytes.Cut(w.line, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.line = rest
		w.see(sight{Client: tail, Owner: w.owner, Kind: said, Text: string(line)})
	}
}

// launch starts a process that ends with its standard input or by a kill, and
// hands over its lines.
func launch(t *testing.T, cmd *exec.Cmd, line func([]byte) error, after func()) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() { // ends with the process
		if err := lines(out, line); err != nil {
			t.Errorf("%s: %v", cmd, err)
		}
	})
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Signal(os.Interrupt)
		work.Wait()
		cmd.Wait()
		after()
	})
}

// lines reads to the end.
func lines(r io.Reader, line func([]byte) error) error {
	reader := bufio.NewReaderSize(r, 64<<10)
	for {
		text, err := reader.ReadBytes('\n')
		if err != nil {
			return nil // cut by its death, or there is no more
		}
		if err := line(text); err != nil {
			return fmt.Errorf("%.200q: %w", text, err)
		}
	}
}
