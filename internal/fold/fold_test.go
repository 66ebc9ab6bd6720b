package fold_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/fold"
	"github.com/tidings-dev/tidings/tidingstest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A trace is a state that remembers all that was done to it.
type trace struct {
	done  []string
	fails int // how often Begin fails
	again bool
}

var errBegin = errors.New("cannot begin")

func (s *trace) Begin(context.Context) (tidings.Start, error) {
	if s.fails--; s.fails >= 0 {
		return tidings.Start{}, errBegin
	}
	s.done = append(s.done, "begin")
	return tidings.Oldest, nil
}

func (s *trace) Apply(e *tidings.Event) { s.done = append(s.done, string(e.Data)) }

func (s *trace) Lost(*tidings.LostError) bool {
	s.done = append(s.done, "lost")
	return s.again
}

var everyone = tidings.Selector{Everyone: true}

// newHub returns a hub over a log that ends with the test.
func newHub(t *testing.T, log tidings.Log) *tidings.Hub {
	t.Helper()
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	return hub
}

// publish publishes events from..to and returns the last position.
func publish(t *testing.T, hub *tidings.Hub, from, to int) (last tidings.ID) {
	t.Helper()
	for i := from; i <= to; i++ {
		r, err := hub.Publish(context.Background(), tidings.Event{Channel: tidings.AGUI, Data: fmt.Append(nil, i)})
		if err != nil {
			t.Fatal(err)
		}
		last = r.ID
	}
	return last
}

// read shows the state when it has everything.
func read(t *testing.T, f *fold.Follower, s *trace) (got string, at tidings.ID) {
	t.Helper()
	if err := f.Read(t.Context(), func(p tidings.ID) { got, at = strings.Join(s.done, " "), p }); err != nil {
		t.Fatal(err)
	}
	return got, at
}

func TestReadHasEverythingThatWasAcknowledged(t *testing.T) {
	for name, log := range map[string]tidings.Log{"memory": nil, "slice": tidingstest.NewSliceLog(nil)} {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t, log)
			publish(t, hub, 1, 2)
			s := new(trace)
			f := fold.New(hub, everyone, s)
			if got, _ := read(t, f, s); got != "begin 1 2" {
				t.Errorf("got %s", got)
			}
			last := publish(t, hub, 3, 5)
			if got, at := read(t, f, s); got != "begin 1 2 3 4 5" || at != last {
				t.Errorf("got %s at %s, want all at %s", got, at, last)
			}
		})
	}
}

func TestReadWaitsForOtherReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, other := newHub(t, log), newHub(t, log.Replica())
		s := new(trace)
		f := fold.New(hub, tidings.Selector{User: "nobody"}, s) // who sees no event gets there too
		log.Tails.Hold()
		last := publish(t, other, 1, 1)
		time.AfterFunc(time.Minute, log.Tails.Release)
		if got, at := read(t, f, s); got != "begin" || at != last {
			t.Errorf("got %s at %s, want %s", got, at, last)
		}
	})
}

func TestEventsAreAppliedWithoutBeingAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 1}}))
		s := new(trace)
		f := fold.New(hub, everyone, s)
		for i := range 5 { // each is discarded by the next
			time.Sleep(time.Second)
			publish(t, hub, i, i)
		}
		if got, _ := read(t, f, s); got != "begin 0 1 2 3 4" {
			t.Errorf("got %s", got)
		}
	})
}

func TestLossIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 2}}))
		s := new(trace)
		f := fold.New(hub, everyone, s)
		publish(t, hub, 1, 1)
		read(t, f, s)
		synctest.Wait() // then it rests before it reads what comes now
		publish(t, hub, 2, 5)
		if got, _ := read(t, f, s); got != "begin 1 lost 4 5" {
			t.Errorf("got %s", got)
		}
	})
}

func TestLossCanBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 2}}))
		s := &trace{again: true}
		f := fold.New(hub, everyone, s)
		publish(t, hub, 1, 1)
		read(t, f, s)
		synctest.Wait() // then it rests before it reads what comes now
		publish(t, hub, 2, 5)
		if got, _ := read(t, f, s); got != "begin 1 lost begin 4 5" {
			t.Errorf("got %s", got)
		}
	})
}

func TestATurnSeesTheStateAsItIs(t *testing.T) {
	hub := newHub(t, nil)
	s := new(trace)
	f := fold.New(hub, everyone, s)
	read(t, f, s)
	got := ""
	if err := f.Turn(t.Context(), func() { got = strings.Join(s.done, " ") }); err != nil || got != "begin" {
		t.Errorf("got %s, error %v", got, err)
	}
}

func TestLatestHasWhatTheReplicaHasHeardOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, other := newHub(t, log), newHub(t, log.Replica())
		s := new(trace)
		f := fold.New(hub, everyone, s)
		got := ""
		latest := func() string {
			if err := f.Latest(t.Context(), func() { got = strings.Join(s.done, " ") }); err != nil {
				t.Fatal(err)
			}
			return got
		}
		publish(t, hub, 1, 200)
		synctest.Wait()
		if n := len(strings.Fields(latest())); n != 201 {
			t.Errorf("got %d, want 200 events and begin", n)
		}
		log.Tails.Hold()
		publish(t, other, 1, 1)
		if n := len(strings.Fields(latest())); n != 201 {
			t.Errorf("got %d, want no more than before", n)
		}
		log.Tails.Release()
		synctest.Wait()
		if n := len(strings.Fields(latest())); n != 202 {
			t.Errorf("got %d, want one more", n)
		}
		log.Replace()
		synctest.Wait()
		if latest() != "begin" && !strings.HasSuffix(got, " begin") {
			t.Errorf("got %s", got)
		}
		hub.Close()
		if err := f.Latest(t.Context(), func() { t.Error("used") }); !errors.Is(err, tidings.ErrClosed) {
			t.Errorf("got error %v", err)
		}
	})
}

func TestReplacedLogBeginsAnew(t *testing.T) {
	for name, asked := range map[string]bool{"asked": true, "by itself": false} {
		synctest.Test(t, func(t *testing.T) {
			log := tidingstest.NewSliceLog(nil)
			hub := newHub(t, log)
			s := new(trace)
			f := fold.New(hub, everyone, s)
			publish(t, hub, 1, 5)
			read(t, f, s)
			log.Replace()
			synctest.Wait()
			if !asked {
				time.Sleep(time.Minute)
			}
			publish(t, hub, 6, 6)
			if got, _ := read(t, f, s); got != "begin 1 2 3 4 5 begin 6" {
				t.Errorf("%s: got %s", name, got)
			}
		})
	}
}

func TestFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil)
		s := &trace{fails: 3}
		f := fold.New(hub, everyone, s)
		synctest.Wait()
		if err := f.Read(t.Context(), func(tidings.ID) { t.Error("used") }); !errors.Is(err, errBegin) {
			t.Errorf("got error %v", err)
		}
		publish(t, hub, 1, 1)
		time.Sleep(time.Minute)
		if got, _ := read(t, f, s); got != "begin 1" {
			t.Errorf("got %s", got)
		}
	})
}

func TestReadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub, other := newHub(t, log), newHub(t, log.Replica())
		f := fold.New(hub, everyone, new(trace))
		log.Tails.Hold()
		publish(t, other, 1, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Read(ctx, func(tidings.ID) { t.Error("used") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v", err)
		}
		time.AfterFunc(time.Second, func() { hub.Close() })
		if err := f.Read(t.Context(), func(tidings.ID) { t.Error("used") }); !errors.Is(err, tidings.ErrClosed) {
			t.Errorf("got error %v", err)
		}
	})
}

func TestFollowersOfAClosedHub(t *testing.T) {
	hub := newHub(t, nil)
	hub.Close()
	f := fold.New(hub, everyone, new(trace))
	if err := f.Read(t.Context(), func(tidings.ID) { t.Error("used") }); !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got error %v", err)
	}
}

// TestReadersMeetEvents lets readers and publishers race: what a reader sees is
// always what the position says.
func TestReadersMeetEvents(t *testing.T) {
	hub := newHub(t, tidingstest.NewSliceLog(nil))
	s := new(trace)
	f := fold.New(hub, everyone, s)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				want := publish(t, hub, 1, 1)
				err := f.Read(t.Context(), func(at tidings.ID) {
					if n := uint64(len(s.done) - 1); n != at.Seq() || n < want.Seq() {
						t.Errorf("%d events at %s, of at least %s", n, at, want)
					}
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestNothingIsLeftOnALogThatOutlivesTheHub(t *testing.T) {
	log := tidings.NewMemoryLog(nil)
	defer log.Close()
	hub, other := newHub(t, log), newHub(t, log)
	f := fold.New(hub, tidings.Selector{User: "alice"}, new(trace))
	if err := f.Read(t.Context(), func(tidings.ID) {}); err != nil {
		t.Fatal(err)
	}
	if n := other.Stats().Users; n != 1 {
		t.Errorf("while it is followed %d owners are known", n)
	}
	hub.Close()
	if n := other.Stats().Users; n != 0 {
		t.Errorf("%d owners are left", n)
	}
}
