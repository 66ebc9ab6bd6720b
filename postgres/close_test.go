package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

func TestCloseEndsWhatWaits(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	keep(t, l, notes(2000)...)
	defer lockHead(b.connect(t))()
	calls := map[string]func() error{
		"Append": func() error { _, err := l.Append(context.Background(), notes(1)); return err },
		"Tail": func() error {
			for _, err := range l.Tail(context.Background(), tidings.ID{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Read": func() error {
			for {
				for _, err := range l.Read(context.Background(), everything, tidings.ID{}) {
					if err != nil {
						return err
					}
				}
			}
		},
		"Bounds": func() error {
			for {
				if _, _, err := l.Bounds(context.Background()); err != nil {
					return err
				}
			}
		},
		"Purge": func() error { _, err := l.Purge(context.Background(), "a"); return err },
	}
	type ending struct {
		call string
		err  error
	}
	ended := make(chan ending, len(calls))
	for name, call := range calls {
		go func() { ended <- ending{name, call()} }() // ends with the log
	}
	s := b.connect(t)
	eventually(t, "an append that waits", func() bool { return s.number(waiting) > 0 })
	l.Close()
	for range calls {
		select {
		case e := <-ended:
			if !errors.Is(e.err, tidings.ErrClosed) {
				t.Errorf("%s ended with %v", e.call, e.err)
			}
		case <-time.After(patience):
			t.Fatal("a call does not end")
		}
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, tidings.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestCloseDoesNotWaitForWhoDoesNotAnswer(t *testing.T) {
	b := newBackend(t)
	l := b.open(t)
	follow(t, l, tidings.ID{})
	keep(t, l, note("a", 0))
	eventually(t, "listening", func() bool { return listens(l) })
	before := goleak.IgnoreCurrent()
	fresh := b.open(t)
	done := make(chan error, 1)
	keep(t, fresh, note("a", 1))
	eventually(t, "listening", func() bool { return listens(fresh) })
	b.proxy.FreezeExisting()
	go func() { // ends with the log
		_, err := fresh.Append(context.Background(), notes(1))
		done <- err
	}()
	began := time.Now()
	fresh.Close()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if err := <-done; !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("the append ended with %v", err)
	}
	b.proxy.Cut()
	goleak.VerifyNone(t, before)
}

func TestLogsOpenAndCloseUnderLoad(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 10_000
	b.open(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				l, err := postgres.Open(t.Context(), b.through, &b.opts)
				if err != nil {
					t.Error(err)
					return
				}
				var users sync.WaitGroup
				for range 3 {
					users.Go(func() {
						for {
							if _, err := l.Append(t.Context(), notes(2)); err != nil {
								return
							}
						}
					})
					users.Go(func() {
						for range l.Tail(t.Context(), tidings.ID{}) {
							l.Health()
						}
					})
				}
				if _, _, err := l.Bounds(t.Context()); err != nil {
					t.Error(err)
				}
				var closers sync.WaitGroup
				for range 3 {
					closers.Go(func() { l.Close() })
				}
				closers.Wait()
				users.Wait()
			}
		})
	}
	all.Wait()
}
