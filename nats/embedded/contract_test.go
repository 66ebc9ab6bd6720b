package embedded_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats/embedded"
	"github.com/tidings-dev/tidings/tidingstest"
)

// open opens the log in a directory and closes it at the end of the test.
func open(t testing.TB, dir string, opts *embedded.Options) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// A place is the log in a directory, whichever is open there now.
type place struct {
	dir string
	now atomic.Pointer[embedded.Log]
}

// newPlace opens the log in a directory.
func newPlace(t testing.TB, dir string) *place {
	p := &place{dir: dir}
	p.now.Store(open(t, dir, nil))
	return p
}

// restart closes the log, does something to its files, and opens it again. Nothing
// is left that says how far it went, as when all is of a copy.
func (p *place) restart(t testing.TB, meanwhile func(store string)) {
	t.Helper()
	if err := p.now.Load().Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(p.dir, "tidings.head")); err != nil {
		t.Fatal(err)
	}
	meanwhile(filepath.Join(p.dir, "nats"))
	p.now.Store(open(t, p.dir, nil))
}

func (p *place) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	return p.now.Load().Append(ctx, events)
}

func (p *place) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return p.now.Load().Read(ctx, sel, after)
}

func (p *place) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return p.now.Load().Tail(ctx, after)
}

func (p *place) Bounds(ctx context.Context) (floor, head tidings.ID, err error) {
	return p.now.Load().Bounds(ctx)
}

func (p *place) Recent(ctx context.Context, bytes int64) (tidings.ID, error) {
	return p.now.Load().Recent(ctx, bytes)
}

func (p *place) Purge(ctx context.Context, user string) (tidings.ID, error) {
	return p.now.Load().Purge(ctx, user)
}

func TestLogKeepsTheContract(t *testing.T) {
	tidingstest.TestLog(t, tidingstest.Harness[*place]{
		New:  func(t testing.TB) *place { return newPlace(t, t.TempDir()) },
		Open: func(_ testing.TB, p *place) tidings.Log { return p },
		Truncate: func(t testing.TB, p *place, through tidings.ID) {
			if err := p.now.Load().DiscardThrough(t.Context(), through.Seq()); err != nil {
				t.Fatal(err)
			}
		},
		Replace: func(t testing.TB, p *place) {
			p.restart(t, func(store string) {
				if err := os.RemoveAll(store); err != nil {
					t.Fatal(err)
				}
			})
		},
		Rollback: func(t testing.TB, p *place, to tidings.ID) {
			p.restart(t, func(store string) { natstest.Rollback(t, store, "TIDINGS", to.Seq()) })
		},
	})
}
