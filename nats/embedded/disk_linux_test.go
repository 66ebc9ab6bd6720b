package embedded_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// smallDisk returns a folder on a file system of its own, of so many megabytes, and
// what changes its size.
func smallDisk(t *testing.T, megabytes int) (folder string, resize func(megabytes int)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a small file system takes root to mount: run the tests in a container")
	}
	folder = t.TempDir()
	command(t, "mount", "-t", "tmpfs", "-o", "mode=0700,size="+strconv.Itoa(megabytes)+"m", "tmpfs", folder)
	t.Cleanup(func() { command(t, "umount", "-l", folder) })
	return folder, func(megabytes int) {
		t.Helper()
		command(t, "mount", "-o", "remount,size="+strconv.Itoa(megabytes)+"m", folder)
	}
}

// command runs a program, which has to succeed.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// large returns an event of 128 KB with a number.
func large(n int) tidings.Event {
	data := []byte(strconv.Quote(strconv.Itoa(n) + strings.Repeat(" tidings", 1<<14)))
	return tidings.Event{User: "alice", Channel: tidings.System, Key: strconv.Itoa(n), Data: data}
}

// number returns that of an event.
func number(e tidings.Event) string {
	n, _, _ := strings.Cut(strings.Trim(string(e.Data), `"`), " ")
	return n
}

// positions returns those of all events of a log, and sees that they are numbered.
func positions(t *testing.T, l tidings.Log) (all []tidings.ID) {
	t.Helper()
	for batch, err := range l.Read(t.Context(), tidings.Selector{Everyone: true}, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			if n := number(e); n != strconv.Itoa(len(all)) {
				t.Fatalf("event %d has the number %s", len(all), n)
			}
			all = append(all, e.ID)
		}
	}
	return all
}

// appendUntil appends events from a number on until one is refused.
func appendUntil(t *testing.T, l tidings.Log, from int) (kept []tidings.ID, err error) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		receipts, err := l.Append(ctx, []tidings.Event{large(from + len(kept))})
		cancel()
		if err != nil {
			return kept, err
		}
		kept = append(kept, receipts[0].ID)
	}
}

// wantPositions reports if a log has other events than those that were kept.
func wantPositions(t *testing.T, l tidings.Log, want []tidings.ID) {
	t.Helper()
	got := positions(t, l)
	if len(got) != len(want) {
		t.Fatalf("%d events can be read, %d were acknowledged", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("event %d is at %v, and was acknowledged at %v", i, got[i], want[i])
		}
	}
}

// Nothing that was acknowledged is lost, and who reads is not held up. When there
// is room again the log goes on by itself.
func TestAFullDiskIsToldOfAndPasses(t *testing.T) {
	folder, resize := smallDisk(t, 24)
	l := open(t, folder, nil)
	var kept []tidings.ID
	for _, megabytes := range []int{56, 88} {
		more, err := appendUntil(t, l, len(kept))
		kept = append(kept, more...)
		if !errors.Is(err, tidings.ErrUnavailable) || !strings.Contains(err.Error(), "no space left") {
			t.Fatalf("after %d events got %v", len(kept), err)
		}
		if h := l.Health(); !errors.Is(h.Err, tidings.ErrUnavailable) || !strings.Contains(h.Err.Error(), "free space on its disk") {
			t.Errorf("got %+v", h)
		}
		for range 100 {
			_, err := l.Append(t.Context(), []tidings.Event{large(len(kept))})
			if !errors.Is(err, tidings.ErrUnavailable) || errors.Is(err, tidings.ErrUnknownOutcome) {
				t.Fatalf("got %v", err)
			}
		}
		if _, err := l.Purge(t.Context(), "alice"); !errors.Is(err, tidings.ErrUnavailable) {
			t.Errorf("a purge: got %v", err)
		}
		wantPositions(t, l, kept)
		resize(megabytes)
		waitUntil(t, "room", func() bool { return l.Health().Err == nil })
	}
	more, err := l.Append(t.Context(), []tidings.Event{large(len(kept))})
	if err != nil {
		t.Fatal(err)
	}
	kept = append(kept, more[0].ID)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantPositions(t, open(t, folder, nil), kept)
}

// waitUntil waits until something is so.
func waitUntil(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}

// A log whose disk is full when it is opened can be read, or says what is wrong;
// what is there is not harmed.
func TestALogIsOpenedOnAFullDisk(t *testing.T) {
	folder, resize := smallDisk(t, 24)
	l, err := embedded.Open(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := appendUntil(t, l, 0)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = embedded.Open(t.Context(), folder, nil); err != nil {
		t.Fatal(err)
	}
	wantPositions(t, l, kept)
	_, err = appendUntil(t, l, len(kept))
	if !errors.Is(err, tidings.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	resize(56)
	wantPositions(t, open(t, folder, nil), kept)
}
