package tidings_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A slowBounds takes a second to say where a log begins and ends.
type slowBounds struct {
	*tidingstest.SliceLog
	asked atomic.Int64
	fails atomic.Bool
}

func (l *slowBounds) Bounds(ctx context.Context) (floor, head tidings.ID, err error) {
	if l.asked.Add(1); l.fails.Load() {
		return floor, head, errGone
	}
	floor, head, err = l.SliceLog.Bounds(ctx)
	time.Sleep(time.Second)
	return floor, head, err
}

var errGone = errors.New("the log is gone")

func TestManyAskTheLogOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &slowBounds{SliceLog: tidingstest.NewSliceLog(nil)}
		hub := newHub(t, log, nil)
		log.asked.Store(0)
		var all sync.WaitGroup
		for range 100 { // the first is being asked, the others share the second
			all.Go(func() {
				if _, _, err := hub.Bounds(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := log.asked.Load(); n > 2 {
			t.Errorf("the log was asked %d times", n)
		}
	})
}

// An answer that was under way is too old for who comes later.
func TestBoundsAreOfAfterTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &slowBounds{SliceLog: tidingstest.NewSliceLog(nil)}
		hub := newHub(t, log, nil)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { hub.Bounds(t.Context()) })
			time.Sleep(700 * time.Millisecond)
			want := publishOne(t, hub, event("u", "s", "1")).ID
			all.Go(func() {
				if _, head, err := hub.Bounds(t.Context()); err != nil || head.Seq() < want.Seq() {
					t.Errorf("the head is %s, error %v, and %s was acknowledged before", head, err, want)
				}
			})
		}
		all.Wait()
	})
}

func TestBoundsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &slowBounds{SliceLog: tidingstest.NewSliceLog(nil)}
		hub := newHub(t, log, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, _, err := hub.Bounds(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v", err)
		}
		time.Sleep(time.Minute)
		log.fails.Store(true)
		if _, _, err := hub.Bounds(t.Context()); !errors.Is(err, errGone) {
			t.Errorf("got error %v", err)
		}
		hub.Close()
		if _, _, err := hub.Bounds(t.Context()); !errors.Is(err, tidings.ErrClosed) {
			t.Errorf("got error %v", err)
		}
	})
}
