package tidings_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// history appends numbered events to a log past any hub, as a process did that
// is no more, and returns their positions.
func history(t testing.TB, log tidings.Log, from, to int) (ids []tidings.ID) {
	t.Helper()
	var events []tidings.Event
	for _, n := range numbers(from, to) {
		events = append(events, event("u", "s", n))
	}
	receipts, err := log.Append(context.Background(), events)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range receipts {
		ids = append(ids, r.ID)
	}
	return ids
}

// An unreadLog is one of which nothing may be read but by a tail.
type unreadLog struct {
	*tidingstest.RecallingLog
	t testing.TB
}

func (l unreadLog) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	l.t.Error("the log was read")
	return l.SliceLog.Read(ctx, sel, after)
}

// A tallyLog counts what its tails yield.
type tallyLog struct {
	*tidingstest.RecallingLog
	yielded *atomic.Int64
}

func (l tallyLog) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		for batch, err := range l.RecallingLog.Tail(ctx, after) {
			l.yielded.Add(int64(len(batch.Events)))
			if !yield(batch, err) {
				return
			}
		}
	}
}

func TestAfterARestartTheWindowServes(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	ids := history(t, log, 0, 199)
	hub := newHub(t, unreadLog{log.Recalling(), t}, nil)
	for _, sel := range []tidings.Selector{{User: "u"}, {User: "u", Sessions: []string{"s"}}, {Everyone: true}} {
		wantStrings(t, readAll(t, subscribe(t, hub, sel, tidings.After(ids[9]))), numbers(10, 199))
		live := subscribe(t, hub, sel, tidings.Live)
		wantStrings(t, readAll(t, live), []string{})
	}
	if s := hub.Stats(); s.Events != 200 || s.Head != ids[199] {
		t.Errorf("the window has %d events up to %s, want 200 up to %s", s.Events, s.Head, ids[199])
	}
}

func TestAFilledWindowKeepsToItsBudget(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	ids := history(t, log, 0, 999)
	const budget = 100 << 10
	tallied := tallyLog{log.Recalling(), new(atomic.Int64)}
	hub := newHub(t, tallied, &tidings.Options{WindowBytes: budget})
	s := hub.Stats()
	if s.Bytes > budget || s.Bytes < budget/2 {
		t.Errorf("%d bytes of %d are used", s.Bytes, budget)
	}
	if n := tallied.yielded.Load(); int(n) != s.Events {
		t.Errorf("%d events were read for %d in the window", n, s.Events)
	}
	wantStrings(t, readAll(t, subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(ids[4]))), numbers(5, 999))
}

func TestAWindowBeginsAtTheRealHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		history(t, log, 0, 99)
		log.Tails.Hold()
		time.AfterFunc(time.Second, func() {
			history(t, log, 100, 299) // while the window is filled
			log.Tails.Release()
		})
		hub := newHub(t, log.Recalling(), nil)
		defer hub.Close()
		if s := hub.Stats(); s.Events != 300 {
			t.Errorf("the window has %d events, want 300", s.Events)
		}
		live := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		defer live.Close()
		publishNumbers(t, hub, "u", "s", 300, 301)
		wantStrings(t, read(t, live, 2), numbers(300, 301))
	})
}

func TestFillingGoesOnWhenTheLogFails(t *testing.T) {
	for name, disturb := range map[string]func(log *tidingstest.SliceLog){
		"cut":         func(log *tidingstest.SliceLog) { log.CutTails(errBroken) },
		"away":        func(log *tidingstest.SliceLog) { log.Break(errBroken); time.AfterFunc(time.Minute, log.Restore) },
		"no bounds":   func(log *tidingstest.SliceLog) { log.Fail(tidingstest.OpBounds, errBroken, errBroken) },
		"truncated":   func(log *tidingstest.SliceLog) { log.Truncate(50) },
		"emptied":     func(log *tidingstest.SliceLog) { log.Truncate(100) },
		"replaced":    func(log *tidingstest.SliceLog) { log.Replace() },
		"rolled back": func(log *tidingstest.SliceLog) { log.Rollback(50) },
		"replaced and away": func(log *tidingstest.SliceLog) {
			log.Replace()
			log.Fail(tidingstest.OpBounds, errBroken, errBroken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := tidingstest.NewSliceLog(nil)
				history(t, log, 0, 99)
				log.Tails.Hold()
				time.AfterFunc(time.Second, func() { disturb(log); log.Tails.Release() })
				hub := newHub(t, log.Recalling(), nil)
				defer hub.Close()
				_, head, err := log.Bounds(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if s := hub.Stats(); s.Head != head || s.Tail != nil {
					t.Errorf("the window is at %s, the log at %s, and the tail says %v", s.Head, head, s.Tail)
				}
				live := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
				defer live.Close()
				publishNumbers(t, hub, "u", "s", 100, 101)
				wantStrings(t, read(t, live, 2), numbers(100, 101))
				if lie := hub.Audit(); lie != "" {
					t.Errorf("wrong account: %s", lie)
				}
			})
		})
	}
}

func TestAContextEndsTheFilling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		history(t, log, 0, 9)
		for name, disturb := range map[string]func(){
			"hangs": log.Tails.Hold,
			"fails": func() { log.Tails.Release(); log.Fail(tidingstest.OpTail, slices.Repeat([]error{errBroken}, 1000)...) },
		} {
			disturb()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			begun := time.Now()
			if _, err := tidings.New(ctx, log.Recalling(), nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got error %v", name, err)
			}
			if took := time.Since(begun); took != time.Minute {
				t.Errorf("%s: ended after %s, want a minute", name, took)
			}
			cancel()
		}
	})
}

func TestAHubNeedsToKnowWhatIsRecent(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	log.Fail(tidingstest.OpBounds, errBroken)
	if _, err := tidings.New(t.Context(), log.Recalling(), nil); !errors.Is(err, errBroken) {
		t.Errorf("got error %v", err)
	}
}

func TestARolledBackLogFillsTheWindowAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		ids := history(t, log, 0, 99)
		hub := newHub(t, unreadLog{log.Recalling(), t}, nil)
		defer hub.Close()
		synctest.Wait()
		log.Rollback(50)
		synctest.Wait()
		time.Sleep(time.Minute)
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(ids[9]))
		defer sub.Close()
		wantStrings(t, readAll(t, sub), numbers(10, 49))
	})
}

// TestManyHubsBeginWhileEventsCome lets hubs begin while events are published:
// each has every event from some position on, once.
func TestManyHubsBeginWhileEventsCome(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	ids := history(t, log, 0, 99)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			hub, err := tidings.New(t.Context(), log.Replica().Recalling(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer hub.Close()
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(ids[9]))
			defer sub.Close()
			wantStrings(t, read(t, sub, 290), numbers(10, 299))
		})
	}
	for i := 100; i < 300; i++ {
		history(t, log, i, i)
	}
	all.Wait()
}
