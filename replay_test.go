package tidings_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// old returns a hub whose window has nothing of the events that the log has: so
// many of each user.
func old(t testing.TB, log *tidingstest.SliceLog, opts *tidings.Options, events int, users ...string) *tidings.Hub {
	t.Helper()
	for _, user := range users {
		publishNumbers(t, newHub(t, log.Replica(), nil), user, "s", 0, events-1)
	}
	return newHub(t, log, opts)
}

// replays waits until nothing moves, and shows who reads the log.
func replays(hub *tidings.Hub) string {
	synctest.Wait()
	r := hub.Stats().Replays
	return fmt.Sprintf("%d read, %d wait", r.Reading, r.Waiting)
}

func TestHistoryIsReadInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := old(t, log, &tidings.Options{Replays: 2}, 100, "u")
		log.Reads.Hold()
		var all sync.WaitGroup
		for range 5 {
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
			all.Go(func() {
				if got, want := read(t, sub, 101), append(numbers(0, 99), numbers(7, 7)...); !slices.Equal(got, want) {
					t.Errorf("got %v", got)
				}
			})
		}
		if got, want := replays(hub), "2 read, 3 wait"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		live := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		publishNumbers(t, hub, "u", "s", 7, 7)
		if got := read(t, live, 1); !slices.Equal(got, numbers(7, 7)) {
			t.Errorf("meanwhile who is live got %v", got)
		}
		log.Reads.Release()
		all.Wait()
		if got, want := replays(hub), "0 read, 0 wait"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A witnessed log knows for whom it was read.
type witnessed struct {
	*tidingstest.SliceLog
	mu      sync.Mutex
	readers []string
}

func (l *witnessed) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	l.mu.Lock()
	l.readers = append(l.readers, sel.User)
	l.mu.Unlock()
	return l.SliceLog.Read(ctx, sel, after)
}

// TestWhoIsOwedALotStandsBehindWhoWaits has one read ten batches and others one or
// two each, one at a time.
func TestWhoIsOwedALotStandsBehindWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &witnessed{SliceLog: tidingstest.NewSliceLog(nil)}
		hub := old(t, log.SliceLog, nil, 640, "long")
		publishNumbers(t, hub, "a", "s", 0, 9)
		publishNumbers(t, hub, "b", "s", 0, 9)
		hub = newHub(t, log, &tidings.Options{Replays: 1})
		log.Reads.Hold()
		var all sync.WaitGroup
		for _, user := range []string{"long", "a", "b"} {
			n := 10
			if user == "long" {
				n = 640
			}
			sub := subscribe(t, hub, tidings.Selector{User: user}, tidings.Oldest)
			all.Go(func() { read(t, sub, n) })
			synctest.Wait()
		}
		log.Reads.Release()
		all.Wait()
		if got := strings.Join(log.readers[:3], " "); got != "long a b" {
			t.Errorf("the log was read for %s", got)
		}
	})
}

func TestWhoWaitsForATurnCanLeave(t *testing.T) {
	for what, want := range map[string]error{"cancel": context.Canceled, "close": tidings.ErrClosed, "hub": tidings.ErrClosed} {
		synctest.Test(t, func(t *testing.T) {
			log := tidingstest.NewSliceLog(nil)
			hub := old(t, log, &tidings.Options{Replays: 1}, 100, "u")
			log.Reads.Hold()
			defer log.Reads.Release()
			first := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
			go first.Pending(t.Context(), nil) // ends with the hub or the test
			synctest.Wait()
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
			ctx, cancel := context.WithCancel(t.Context())
			got := make(chan error)
			go func() {
				_, err := sub.Pending(ctx, nil)
				got <- err
			}()
			if got, want := replays(hub), "1 read, 1 wait"; got != want {
				t.Errorf("%s: got %s, want %s", what, got, want)
			}
			switch what {
			case "cancel":
				cancel()
			case "close":
				sub.Close()
			case "hub":
				go hub.Close()
			}
			if err := <-got; !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", what, err, want)
			}
			cancel()
		})
	}
}

// TestASnapshotWaitsForItsTurnToo has one whose events are not in the window.
func TestASnapshotWaitsForItsTurnToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := old(t, log, &tidings.Options{Replays: 1}, 100, "u")
		log.Reads.Hold()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				s, err := hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, 500)
				if err != nil || len(s.Events) != 100 {
					t.Errorf("got %d events, error %v", len(s.Events), err)
				}
			})
		}
		if got, want := replays(hub), "1 read, 2 wait"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		log.Reads.Release()
		all.Wait()
	})
}

// TestWhoKeepsAStateNeedsNoTurn has an observer read the log while others wait.
func TestWhoKeepsAStateNeedsNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := old(t, log, &tidings.Options{Replays: 1}, 100, "u")
		log.Reads.Hold()
		var all sync.WaitGroup
		for range 2 {
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
			all.Go(func() { read(t, sub, 100) })
		}
		state, err := hub.Observe(tidings.Selector{Everyone: true}, tidings.Oldest)
		if err != nil {
			t.Fatal(err)
		}
		defer state.Close()
		all.Go(func() { read(t, state, 100) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := log.Reads.Await(ctx, 2); err != nil {
			t.Errorf("one for the hub's state and one for a subscriber do not read: %v", err)
		}
		log.Reads.Release()
		all.Wait()
	})
}

func TestAnyNumberMayReadIfSaidSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := old(t, log, &tidings.Options{Replays: -1}, 100, "u")
		log.Reads.Hold()
		var all sync.WaitGroup
		for range 50 {
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
			all.Go(func() { read(t, sub, 100) })
		}
		if got, want := replays(hub), "50 read, 0 wait"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		log.Reads.Release()
		all.Wait()
	})
}
