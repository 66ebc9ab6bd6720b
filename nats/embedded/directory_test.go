package embedded_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// refused says what opening a directory is refused with.
func refused(t *testing.T, dir string) string {
	t.Helper()
	l, err := embedded.Open(t.Context(), dir, nil)
	if err == nil {
		_ = l.Close()
		t.Fatal("it was opened")
	}
	return err.Error()
}

func TestADirectoryBelongsToOneLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	first, err := embedded.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if why := refused(t, dir); !strings.Contains(why, "in use by another process") {
		t.Errorf("got %q", why)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, nil)
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o700 {
		t.Errorf("got the mode %o", mode)
	}
}

func TestADirectoryOfSomebodyElseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letters.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if why := refused(t, dir); !strings.Contains(why, "is no data directory of tidings") {
		t.Errorf("got %q", why)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v", entries, err)
	}
}

func TestADirectoryOfALaterVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tidings.json"), []byte(`{"format":"tidings-nats","version":9}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if why := refused(t, dir); !strings.Contains(why, "a version that this one does not know") {
		t.Errorf("got %q", why)
	}
}

// What was appended is there when the log is opened again, and the position of a
// reader is one of it.
func TestALogOutlivesItsProcess(t *testing.T) {
	dir := t.TempDir()
	event := tidings.Event{User: "alice", Channel: tidings.System, Key: "k", Data: []byte(`1`)}
	first, err := embedded.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := first.Append(t.Context(), []tidings.Event{event, {User: "bob", Channel: tidings.System, Data: []byte(`2`)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, nil)
	again, err := second.Append(t.Context(), []tidings.Event{event})
	if err != nil || !again[0].Duplicate || again[0].ID != kept[0].ID {
		t.Errorf("got %+v, %v, want a duplicate of %v", again, err, kept[0].ID)
	}
	var got []string
	for batch, err := range second.Read(t.Context(), tidings.Selector{Everyone: true}, kept[0].ID) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			got = append(got, e.User+" "+string(e.Data))
		}
	}
	if len(got) != 1 || got[0] != "bob 2" {
		t.Errorf("got %q", got)
	}
}
