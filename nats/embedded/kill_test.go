package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// Where a process finds that it is one that appends until it is killed.
const (
	victimDir   = "TIDINGS_TEST_VICTIM_DIR"
	victimFrom  = "TIDINGS_TEST_VICTIM_FROM"
	victimAfter = "TIDINGS_TEST_VICTIM_AFTER"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverDir); dir != "" {
		fmt.Fprintln(os.Stderr, serve(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(victimDir); dir != "" {
		fmt.Fprintln(os.Stderr, beVictim(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// What a victim prints before the number and the position of an event.
const (
	kept = "kept" // it was acknowledged
	seen = "seen" // it came to who follows
)

// beVictim appends and follows, from where others of its kind were.
func beVictim(dir string) error {
	from, err := strconv.Atoi(os.Getenv(victimFrom))
	if err != nil {
		return err
	}
	after, err := tidings.ParseID(os.Getenv(victimAfter))
	if err != nil && os.Getenv(victimAfter) != "" {
		return err
	}
	l, err := embedded.Open(context.Background(), dir, nil)
	if err != nil {
		return err
	}
	failed := make(chan error)
	go func() { failed <- appendForEver(l, from) }()
	go func() { failed <- followForEver(l, after) }()
	return <-failed
}

// appendForEver appends events with numbers, from one on, and prints those that are
// acknowledged.
func appendForEver(l tidings.Log, from int) error {
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
			fmt.Println(kept, n+i, r.ID)
		}
		n += len(events)
	}
}

// followForEver prints events after a position.
func followForEver(l tidings.Log, after tidings.ID) error {
	for batch, err := range l.Tail(context.Background(), after) {
		if err != nil {
			return err
		}
		for _, e := range batch.Events {
			fmt.Println(seen, string(e.Data), e.ID)
		}
	}
	return nil
}

func numbered(n int) tidings.Event {
	key := strconv.Itoa(n)
	return tidings.Event{User: "user" + strconv.Itoa(n%7), Channel: tidings.System, Key: key, Data: []byte(key)}
}

// victims are what processes printed of a log, one after the other: positions of
// events, by number.
type victims struct {
	dir        string
	kept, seen []string
}

// TestNothingAcknowledgedIsLostWhenTheProcessIsKilled kills who appends and follows,
// at any moment, and has another go on with what was not acknowledged, and after what
// was seen.
func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	v := victims{dir: t.TempDir()}
	for range 200 {
		v.run(t)
	}
	t.Logf("%d events were acknowledged, %d seen", len(v.kept), len(v.seen))
	if len(v.kept) < 1000 || len(v.seen) < 1000 {
		t.Error("those are too few")
	}
	all, err := history(open(t, v.dir, nil), everyone, tidings.ID{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range max(len(all), len(v.kept), len(v.seen)) {
		if n >= len(all) {
			t.Fatalf("%d events are there", len(all))
		}
		id, number, _ := strings.Cut(all[n], " ")
		if number != strconv.Itoa(n) || n < len(v.kept) && v.kept[n] != id || n < len(v.seen) && v.seen[n] != id {
			t.Fatalf("got %s at %s, want %d at %s, seen at %s", number, id, n, v.kept[min(n, len(v.kept)-1)], v.seen[min(n, len(v.seen)-1)])
		}
	}
}

// run has a process go on, kills it, and takes note of what it printed.
func (v *victims) run(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+v.dir, victimFrom+"="+strconv.Itoa(len(v.kept)))
	if n := len(v.seen); n > 0 {
		cmd.Env = append(cmd.Env, victimAfter+"="+v.seen[n-1])
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, last := bufio.NewScanner(out), len(v.kept)+rand.N(16)
	for lines.Scan() {
		if len(v.kept) == last {
			last = -1
			time.AfterFunc(rand.N(3*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
		var what, id string
		var n int
		if _, err := fmt.Sscan(lines.Text(), &what, &n, &id); err != nil {
			break // the last line may be torn
		}
		v.note(t, what, n, id)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// note takes note of a line.
func (v *victims) note(t *testing.T, what string, n int, id string) {
	t.Helper()
	all := map[string]*[]string{kept: &v.kept, seen: &v.seen}[what]
	if all == nil || n != len(*all) {
		t.Fatalf("a process printed %s %d %s, where %d were kept and %d seen", what, n, id, len(v.kept), len(v.seen))
	}
	*all = append(*all, id)
}
