package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// Where a process finds that it is one that appends until it is killed.
const (
	victimDir  = "TIDINGS_TEST_VICTIM_DIR"
	victimFrom = "TIDINGS_TEST_VICTIM_FROM"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverDir); dir != "" {
		fmt.Fprintln(os.Stderr, serve(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(victimDir); dir != "" {
		from, err := strconv.Atoi(os.Getenv(victimFrom))
		if err == nil {
			err = appendForEver(dir, from)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// appendForEver appends events with numbers, from one on, and prints the position
// of each that is acknowledged.
func appendForEver(dir string, from int) error {
	l, err := embedded.Open(context.Background(), dir, nil)
	if err != nil {
		return err
	}
	for n := from; ; {
		var events []tidings.Event
		for range n%3 + 1 {
			events = append(events, numbered(n+len(events)))
		}
		receipts, err := l.Append(context.Background(), events)
		if err != nil {
			return err
		}
		for i, r := range receipts {
			fmt.Println(n+i, r.ID)
		}
		n += len(events)
	}
}

func numbered(n int) tidings.Event {
	key := strconv.Itoa(n)
	return tidings.Event{User: "user" + strconv.Itoa(n%7), Channel: tidings.System, Key: key, Data: []byte(key)}
}

// TestNothingAcknowledgedIsLostWhenTheProcessIsKilled kills who appends, at any
// moment, and has another go on with what was not acknowledged.
func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	dir := t.TempDir()
	var acknowledged []string // positions by number
	for range 200 {
		acknowledged = append(acknowledged, runVictim(t, dir, len(acknowledged))...)
	}
	if len(acknowledged) < 1000 {
		t.Errorf("only %d events were acknowledged", len(acknowledged))
	}
	n := 0
	for batch, err := range open(t, dir, nil).Read(t.Context(), tidings.Selector{Everyone: true}, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			if string(e.Data) != strconv.Itoa(n) || n < len(acknowledged) && e.ID.String() != acknowledged[n] {
				t.Fatalf("got %s at %s, want %d at %s", e.Data, e.ID, n, acknowledged[min(n, len(acknowledged)-1)])
			}
			n++
		}
	}
	if n < len(acknowledged) {
		t.Errorf("%d events are there, %d were acknowledged", n, len(acknowledged))
	}
}

// runVictim has a process append from a number on, kills it, and returns the
// positions of what was acknowledged.
func runVictim(t *testing.T, dir string, from int) (acknowledged []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir, victimFrom+"="+strconv.Itoa(from))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, last := bufio.NewScanner(out), rand.N(16)
	for lines.Scan() {
		if len(acknowledged) == last {
			time.AfterFunc(rand.N(3*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
		var n int
		var id string
		if _, err := fmt.Sscan(lines.Text(), &n, &id); err != nil || n != from+len(acknowledged) {
			break // the last line may be torn
		}
		acknowledged = append(acknowledged, id)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return acknowledged
}
