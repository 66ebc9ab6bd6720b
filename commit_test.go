package tidings_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A slowlyFailingLog needs a minute to find out that it cannot append.
type slowlyFailingLog struct {
	*tidingstest.SliceLog
	appends atomic.Int32
}

func (l *slowlyFailingLog) Append(ctx context.Context, _ []tidings.Event) ([]tidings.Receipt, error) {
	l.appends.Add(1)
	select {
	case <-time.After(time.Minute):
		return nil, errBroken
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func TestThoseWhoGaveUpAreNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &slowlyFailingLog{SliceLog: tidingstest.NewSliceLog(nil)}
		hub := newHub(t, log, nil)
		defer hub.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := hub.Publish(ctx, event("u", "s", fmt.Sprint(i))); err == nil {
					t.Error("published to a log that fails")
				}
			})
		}
		wg.Wait()
		begun := time.Now()
		if _, err := hub.Publish(t.Context(), event("u", "s", "1")); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want the log's error", err)
		}
		if waited := time.Since(begun); waited > 3*time.Minute {
			t.Errorf("waited %v for 49 who had left, with %d appends", waited, log.appends.Load())
		}
	})
}

// A pipelinedLog holds up what is appended for alice.
type pipelinedLog struct {
	*tidingstest.SliceLog
	release chan struct{}
}

func (*pipelinedLog) Pipelined() {}

func (l *pipelinedLog) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	if events[0].User != "alice" {
		return l.SliceLog.Append(ctx, events)
	}
	select {
	case <-l.release:
		return l.SliceLog.Append(ctx, events)
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", tidings.ErrUnknownOutcome, context.Cause(ctx))
	}
}

func TestAPipelinedLogGetsAnEventWhileItIsBusyWithOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &pipelinedLog{tidingstest.NewSliceLog(nil), make(chan struct{})}
		hub := newHub(t, log, nil)
		defer hub.Close()
		var held sync.WaitGroup
		held.Go(func() {
			if r, err := hub.Publish(t.Context(), event("alice", "s", "1")); err != nil || r.ID.Seq() != 2 {
				t.Errorf("got %+v, %v, want position 2", r, err)
			}
		})
		synctest.Wait()
		if r, err := hub.Publish(t.Context(), event("bob", "s", "2")); err != nil || r.ID.Seq() != 1 {
			t.Errorf("got %+v, %v, want position 1", r, err)
		}
		close(log.release)
		held.Wait()
	})
}

func TestAnAppendToAPipelinedLogEndsWithItsCallerAndWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, &pipelinedLog{tidingstest.NewSliceLog(nil), nil}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		for _, c := range []struct {
			ctx  context.Context
			end  func()
			want error
		}{{ctx, cancel, context.Canceled}, {t.Context(), func() { hub.Close() }, tidings.ErrClosed}} {
			done := make(chan error)
			go func() {
				_, err := hub.Publish(c.ctx, event("alice", "s", "1"))
				done <- err
			}()
			synctest.Wait()
			c.end()
			if err := <-done; !errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, c.want) {
				t.Errorf("got %v, want an unknown outcome and %v", err, c.want)
			}
		}
		if _, err := hub.Publish(t.Context(), event("bob", "s", "1")); !errors.Is(err, tidings.ErrClosed) {
			t.Errorf("got %v of a closed hub", err)
		}
	})
}
