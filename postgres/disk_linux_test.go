package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
)

// smallDisk returns a folder on a file system of its own, of so many megabytes,
// that belongs to the server's user, and what changes its size.
func smallDisk(t *testing.T, megabytes int) (folder string, resize func(megabytes int)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a small file system takes root to mount: run the tests in a container")
	}
	folder, err := os.MkdirTemp("/tmp", "small-")
	if err != nil {
		t.Fatal(err)
	}
	command(t, "mount", "-t", "tmpfs", "-o", "mode=0700,size="+strconv.Itoa(megabytes)+"m", "tmpfs", folder)
	t.Cleanup(func() {
		command(t, "umount", "-l", folder)
		os.Remove(folder)
	})
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	command(t, "chown", u.Uid+":"+u.Gid, folder)
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

// Nothing but the log's tables is on the small disk: a server that cannot write
// its own journal ends, and that is an outage like others.
func TestAFullDiskIsToldOfAndPasses(t *testing.T) {
	folder, resize := smallDisk(t, 24)
	server := pgtest.New(t, nil)
	server.Exec(t, "CREATE TABLESPACE small LOCATION '"+folder+"'")
	server.Exec(t, "CREATE DATABASE filled TEMPLATE template0 TABLESPACE small")
	b := &backend{url: server.URL("filled")}
	b.reach(t, b.url)
	l := b.open(t)
	kept := keep(t, l, note("alice", 1))

	large := note("alice", 2)
	large.Data = append(append([]byte{'"'}, bytes.Repeat([]byte("tidings "), 1<<16)...), '"')
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b.exec(t, "ALTER TABLE tidings.event ALTER COLUMN data SET STORAGE EXTERNAL") // it would fill the disk too slowly
	b.exec(t, "ALTER TABLE tidings.event_1 ALTER COLUMN data SET STORAGE EXTERNAL")
	var acknowledged int
	var err error
	for err == nil {
		if _, err = l.Append(ctx, []tidings.Event{large}); err == nil {
			acknowledged++
		}
	}
	if !errors.Is(err, tidings.ErrUnavailable) || errors.Is(err, tidings.ErrUnknownOutcome) || !strings.Contains(err.Error(), "free space") {
		t.Fatalf("after %d events got %v", acknowledged, err)
	}
	if got := len(read(t, l, kept[0].ID)); got != acknowledged {
		t.Errorf("with the disk full %d events can be read, want %d", got, acknowledged)
	}
	before := b.proxy.Accepted()
	for range 100 {
		if _, err := l.Append(ctx, []tidings.Event{large}); err == nil {
			t.Fatal("an append succeeded on a full disk")
		}
	}
	if n := b.proxy.Accepted() - before; n > 2 {
		t.Errorf("100 refused appends made %d connections", n)
	}
	resize(64)
	keep(t, l, large)
	if got := len(read(t, l, kept[0].ID)); got != acknowledged+1 {
		t.Errorf("afterwards %d events can be read, want %d", got, acknowledged+1)
	}
}
