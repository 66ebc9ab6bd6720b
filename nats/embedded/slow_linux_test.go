package embedded_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// frozenDisk returns a folder on a file system of its own, what makes writing to it
// wait, and what makes it go on.
func frozenDisk(t *testing.T) (folder string, freeze, thaw func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a file system takes root to mount and to freeze: run the tests in a container")
	}
	folder = t.TempDir()
	image := filepath.Join(t.TempDir(), "image")
	command(t, "truncate", "-s", "64M", image)
	command(t, "mkfs.ext4", "-q", image)
	command(t, "mount", "-o", "loop", image, folder)
	t.Cleanup(func() { command(t, "umount", "-l", folder) })
	command(t, "rmdir", filepath.Join(folder, "lost+found"))
	thaw = func() { command(t, "fsfreeze", "-u", folder) }
	return folder, func() {
		t.Helper()
		late := exec.Command("sh", "-c", `sleep 20; fsfreeze -u "$0"`, folder) // nobody could end a test that left it frozen
		if err := late.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = late.Process.Kill()
			_ = late.Wait() // it was killed
		})
		command(t, "fsfreeze", "-f", folder)
	}, thaw
}

// Publishers wait for the disk. What is in the window is delivered meanwhile, to
// those who follow and to those who come back. Who asks the log waits too, because
// the server locks a stream while it writes.
func TestASlowDiskDelaysPublishersAndNotSubscribersOfTheWindow(t *testing.T) {
	folder, freeze, thaw := frozenDisk(t)
	l := open(t, folder, nil)
	hub, err := tidings.New(t.Context(), l, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	follows := subscribe(t, hub, tidings.Live)
	var first tidings.ID
	for n := range 50 {
		receipt, err := hub.Publish(t.Context(), large(n))
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = receipt.ID
		}
	}
	freeze()
	frozen := true
	defer func() {
		if frozen {
			thaw()
		}
	}()
	published, read := make(chan error, 1), make(chan int, 1)
	go func() { // ends when the disk goes on
		_, err := hub.Publish(t.Context(), large(50))
		published <- err
	}()
	go func() { // ends when the disk goes on
		n := 0
		for batch := range l.Read(t.Context(), tidings.Selector{Everyone: true}, tidings.ID{}) {
			n += len(batch.Events)
		}
		read <- n
	}()
	take(t, follows, 0, 50)
	take(t, subscribe(t, hub, tidings.After(first)), 1, 50)
	if len(published) > 0 {
		t.Error("an event was acknowledged that the disk does not have")
	}
	thaw()
	frozen = false
	if err := <-published; err != nil {
		t.Error(err)
	}
	if n := <-read; n < 50 {
		t.Errorf("who read the log got %d events", n)
	}
	take(t, follows, 50, 51)
	if n := len(positions(t, l)); n != 51 {
		t.Errorf("the log has %d events", n)
	}
}

// subscribe follows everybody, until the end of the test.
func subscribe(t *testing.T, hub *tidings.Hub, start tidings.Start) *tidings.Subscription {
	t.Helper()
	sub, err := hub.Subscribe(tidings.Selector{Everyone: true}, start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	return sub
}

// take takes the events with the numbers from one to another, that one left out.
func take(t *testing.T, sub *tidings.Subscription, from, to int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	for e, err := range sub.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if n := number(e); n != strconv.Itoa(from) {
			t.Errorf("got event %s, want %d", n, from)
		}
		if from++; from == to {
			return
		}
	}
}
