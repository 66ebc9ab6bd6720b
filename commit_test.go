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
