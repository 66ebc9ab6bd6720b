package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// attemptsPerSecond is how many connections a log may try in a second: after one that
// failed there is none for half a second at least, then one for each of those
// that a pool has.
const attemptsPerSecond = 20

// wantPatience reports if more connections were tried than may be.
func wantPatience(t *testing.T, b *backend, during func()) {
	t.Helper()
	before, began := b.proxy.Accepted(), time.Now()
	during()
	if n, most := b.proxy.Accepted()-before, attemptsPerSecond*(1+int(time.Since(began)/time.Second)); n > most {
		t.Errorf("%d connections were tried in %s, want at most %d", n, time.Since(began), most)
	}
}

// TestAServerThatIsDownIsNotHammered has many publishers who do not wait at all
// between their attempts.
func TestAServerThatIsDownIsNotHammered(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Poll = 10 * time.Millisecond
	l := b.open(t)
	events := follow(t, l, tidings.ID{})
	keep(t, l, note("a", 0))
	events.next(1)
	b.proxy.Cut()
	wantPatience(t, b, func() {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for ctx.Err() == nil {
					if _, err := l.Append(ctx, notes(1)); !errors.Is(err, tidings.ErrUnavailable) && ctx.Err() == nil {
						t.Errorf("got %v", err)
					}
					if _, _, err := l.Bounds(ctx); !errors.Is(err, tidings.ErrUnavailable) && ctx.Err() == nil {
						t.Errorf("got %v", err)
					}
				}
			})
		}
		all.Wait()
	})
	b.proxy.Restore()
	began := time.Now()
	eventually(t, "an append", func() bool {
		_, err := l.Append(t.Context(), []tidings.Event{note("b", 1)})
		return err == nil
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the first append after the outage took %s", took)
	}
}

// TestADatabaseThatIsReadOnlyIsNotHammered appends to one that is no standby.
func TestADatabaseThatIsReadOnlyIsNotHammered(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	told := new(journal)
	b.opts.Logger = slog.New(slog.NewTextHandler(told, nil))
	b.opts.Poll = 20 * time.Millisecond
	keep(t, b.open(t), notes(3)...)
	readOnly := func(on string) {
		s := b.connect(t)
		s.exec("SET default_transaction_read_only = off")
		s.exec("ALTER DATABASE " + database(t, b.url) + " SET default_transaction_read_only = " + on)
		s.close()
	}
	readOnly("on")
	l := b.open(t)
	events := follow(t, l, tidings.ID{})
	events.next(3)
	wantPatience(t, b, func() {
		for range 300 {
			if _, err := l.Append(t.Context(), notes(1)); !errors.Is(err, tidings.ErrReadOnly) || errors.Is(err, tidings.ErrUnknownOutcome) {
				t.Fatalf("got %v", err)
			}
		}
		if _, err := l.Purge(t.Context(), "a"); !errors.Is(err, tidings.ErrReadOnly) {
			t.Errorf("Purge: got %v", err)
		}
	})
	looks := l.Health().Figures["polls_total"]
	eventually(t, "looks", func() bool { return l.Health().Figures["polls_total"] > looks+10 })
	if !errors.Is(l.Health().Err, tidings.ErrReadOnly) {
		t.Errorf("got %v", l.Health().Err)
	}
	if n := told.count("database is read-only"); n != 1 {
		t.Errorf("that it is read-only was told %d times:\n%s", n, told)
	}
	readOnly("off")
	eventually(t, "an append", func() bool {
		_, err := l.Append(t.Context(), []tidings.Event{note("a", 3)})
		return err == nil
	})
	events.next(1)
	eventually(t, "health", func() bool { return l.Health().Err == nil })
}
