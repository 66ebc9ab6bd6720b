package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats"
	"github.com/tidings-dev/tidings/nats/embedded"
)

var everyone = tidings.Selector{Everyone: true}

// history returns what a reader gets after a position.
func history(l tidings.Log, sel tidings.Selector, after tidings.ID) (got []string, err error) {
	for batch, err := range l.Read(context.Background(), sel, after) {
		if err != nil {
			return got, err
		}
		for _, e := range batch.Events {
			got = append(got, e.ID.String()+" "+string(e.Data))
		}
	}
	return got, nil
}

// A past is a log that was closed, and what it had.
type past struct {
	dir       string
	positions []tidings.ID
	all       []string
	alice     []string
}

// newPast returns the log of a directory: owners, a purge and a raised floor.
func newPast(t *testing.T) *past {
	t.Helper()
	p := &past{dir: t.TempDir()}
	l, err := embedded.Open(t.Context(), p.dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 120 {
		users := []string{"alice", "bob", "carol"}
		e := tidings.Event{User: users[i%3], Channel: tidings.System, Data: fmt.Appendf(nil, `"%d"`, i)}
		if _, err := l.Append(t.Context(), []tidings.Event{e}); err != nil {
			t.Fatal(err)
		}
		if i == 60 {
			if _, err := l.Purge(t.Context(), "carol"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.DiscardThrough(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	p.all, err = history(l, everyone, tidings.ID{})
	alice, aliceErr := history(l, tidings.Selector{User: "alice"}, tidings.ID{})
	if err := errors.Join(err, aliceErr, l.Close()); err != nil {
		t.Fatal(err)
	}
	p.alice = alice
	for _, line := range p.all {
		id, err := tidings.ParseID(strings.Fields(line)[0])
		if err != nil {
			t.Fatal(err)
		}
		p.positions = append(p.positions, id)
	}
	return p
}

// copyTo copies the log's directory.
func (p *past) copyTo(t *testing.T, dir string) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
}

// damage spoils a file of a log, and says how.
func damage(t *testing.T, dir string, random *rand.Rand) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(dir, "nats"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	path := files[random.IntN(len(files))]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	how := "removed"
	if kind := random.IntN(6); kind == 0 || len(data) == 0 {
		err = os.Remove(path)
	} else if at := random.IntN(len(data)); kind < 3 {
		how = fmt.Sprintf("cut at %d of %d", at, len(data))
		err = os.Truncate(path, int64(at))
	} else {
		how = fmt.Sprintf("flipped at %d of %d", at, len(data))
		data[at] ^= 1 << random.IntN(8)
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(path, dir) + " " + how
}

// A log whose files were damaged is refused, or has all it had; and one that is
// opened all the same tells each reader who might miss something.
func TestDamageIsNoticed(t *testing.T) {
	p := newPast(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	refused := 0
	for range 60 {
		dir := t.TempDir()
		p.copyTo(t, dir)
		how := damage(t, dir, random)
		if !p.isWhole(t, dir, how) {
			refused++
			p.accept(t, dir, how)
		}
	}
	t.Logf("seed %d: %d of 60 were refused", seed, refused)
	if refused < 10 {
		t.Error("that is too few")
	}
}

// isWhole reports whether a log opens, and then it has to have all it had.
func (p *past) isWhole(t *testing.T, dir, how string) bool {
	t.Helper()
	l, err := embedded.Open(t.Context(), dir, nil)
	if err != nil {
		if !errors.Is(err, nats.ErrDamaged) {
			t.Logf("%s: refused with %v", how, err)
		}
		return false
	}
	defer l.Close()
	alice, aliceErr := history(l, tidings.Selector{User: "alice"}, tidings.ID{})
	all, err := history(l, everyone, tidings.ID{})
	if err := errors.Join(err, aliceErr); err != nil {
		t.Errorf("%s: %v", how, err)
	}
	if diff := cmp.Diff(p.all, all) + cmp.Diff(p.alice, alice); diff != "" {
		t.Errorf("%s: what it had and has: %s", how, diff)
	}
	return true
}

// accept opens a log that was refused, appends to it, and looks what those get who
// read before.
func (p *past) accept(t *testing.T, dir, how string) {
	t.Helper()
	l, err := embedded.Open(t.Context(), dir, &embedded.Options{Log: nats.Options{AcceptLoss: true}})
	if err != nil {
		t.Errorf("%s: %v", how, err)
		return
	}
	defer l.Close()
	for range 130 {
		if _, err := l.Append(t.Context(), []tidings.Event{{User: "alice", Channel: tidings.System, Data: []byte(`"new"`)}}); err != nil {
			t.Errorf("%s: %v", how, err)
			return
		}
	}
	for i := range p.positions {
		got, err := history(l, everyone, p.positions[i])
		if errors.Is(err, tidings.ErrTruncated) || errors.Is(err, tidings.ErrForeign) {
			continue
		}
		want := p.all[i+1:]
		if err != nil || len(got) != len(want)+130 || strings.Join(got[:len(want)], "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: who read up to %s gets %d events and %v, and there were %d", how, p.positions[i], len(got), err, len(want))
			return
		}
	}
}
