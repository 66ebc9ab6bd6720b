package tidings_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

var errBroken = errors.New("broken")

// inBubble runs a test on a slice log, in a bubble of time.
func inBubble(t *testing.T, test func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub)) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log, smallWindow())
		defer hub.Close()
		synctest.Wait()
		test(t, log, hub)
	})
}

func TestFailedAppendKeepsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		live := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		defer live.Close()
		log.Fail(tidingstest.OpAppend, errBroken)
		if _, err := hub.Publish(t.Context(), event("u", "s", "1")); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want the log's error", err)
		}
		log.FailMidway(errBroken)
		batch := []tidings.Event{event("u", "s", "2"), event("u", "s", "3")}
		if _, err := hub.PublishBatch(t.Context(), batch); !errors.Is(err, errBroken) {
			t.Errorf("midway: got %v, want the log's error", err)
		}
		synctest.Wait()
		if got := readAll(t, live); len(got) > 0 {
			t.Errorf("a subscriber got %v, which was not kept", got)
		}
		publish(t, hub, batch...)
		if got, want := read(t, live, 2), numbers(2, 3); !slices.Equal(got, want) {
			t.Errorf("live: got %v, want %v", got, want)
		}
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
		defer sub.Close()
		if got, want := read(t, sub, 2), numbers(2, 3); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestHangingLogLeavesTheOutcomeUnknown(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		log.Answers.Hold()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := hub.Publish(ctx, keyed("u", "k", "1"))
		if !errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want an unknown outcome and why", err)
		}
		log.Answers.Release()
		synctest.Wait()
		if r := publishOne(t, hub, keyed("u", "k", "1")); !r.Duplicate {
			t.Errorf("the retry got %+v: the first was kept", r)
		}
	})
}

func TestWaitingCallersShareTheNextAppend(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		log.Appends.Hold()
		var wg sync.WaitGroup
		for i := range 101 {
			wg.Go(func() { publishOne(t, hub, event("u", "s", fmt.Sprint(i))) })
			synctest.Wait()
		}
		withdrawn, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if _, err := hub.Publish(withdrawn, event("u", "s", "999")); errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want a plain refusal: nobody began with it", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		log.Appends.Release() // the one in flight
		log.Appends.Hold()
		if err := log.Appends.Await(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		log.Appends.Release() // and the other hundred at once
		wg.Wait()
		synctest.Wait()
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
		defer sub.Close()
		if got, want := read(t, sub, 101), numbers(0, 100); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestNobodyFailsForSomebodyElsesEvents(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		log.Appends.Hold()
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() { publishOne(t, hub, event("u", "s", fmt.Sprint(i))) })
			synctest.Wait()
		}
		log.Fail(tidingstest.OpAppend, nil, errBroken) // what four share fails, each by itself does not
		log.Appends.Release()
		wg.Wait()
	})
}

func TestTailComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
		defer sub.Close()
		other := newHub(t, log.Replica(), nil)
		defer other.Close()
		next := 0
		for range 20 {
			publishNumbers(t, hub, "u", "s", next, next+4)
			log.Fail(tidingstest.OpTail, errBroken, errBroken)
			log.CutTails(errBroken)
			synctest.Wait()
			publishNumbers(t, other, "u", "s", next+5, next+9)
			if hub.Stats().Tail == nil {
				t.Error("stats do not say that the tail is cut")
			}
			if got, want := read(t, sub, 10), numbers(next, next+9); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
			if err := hub.Stats().Tail; err != nil {
				t.Errorf("stats say %v though the tail works", err)
			}
			next += 10
		}
	})
}

func TestReplacedLogEndsSubscriptionsAndGivesNotice(t *testing.T) {
	for name, replace := range map[string]func(log *tidingstest.SliceLog){
		"replaced":    func(log *tidingstest.SliceLog) { log.Replace() },
		"rolled back": func(log *tidingstest.SliceLog) { log.Rollback(5) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
				sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
				defer sub.Close()
				ids := publishNumbers(t, hub, "u", "s", 0, 9)
				read(t, sub, 10)
				time.Sleep(time.Second)
				replace(log)
				log.CutTails(errBroken)
				for _, err := range sub.Events(t.Context()) {
					if !errors.Is(err, tidings.ErrReplaced) {
						t.Errorf("got %v, want ErrReplaced", err)
					}
				}
				publishNumbers(t, hub, "u", "s", 10, 19)
				back := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(ids[9]))
				defer back.Close()
				got := read(t, back, 11)
				if got[0] != "lost foreign" || !slices.Equal(got[len(got)-5:], numbers(19, 19)) && name == "replaced" && !slices.Equal(got[1:], numbers(10, 19)) {
					t.Errorf("got %v, want the notice and what there is", got)
				}
			})
		})
	}
}

func TestTailBehindRetentionIsANoticeAndNoEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		var subs []*tidings.Subscription
		for _, sel := range []tidings.Selector{{User: "u"}, {User: "u", Sessions: []string{"s"}}, {Everyone: true}} {
			subs = append(subs, subscribe(t, hub, sel, tidings.Live))
		}
		publishNumbers(t, hub, "u", "s", 0, 4)
		for _, sub := range subs {
			if got, want := read(t, sub, 5), numbers(0, 4); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
		log.Tails.Hold()
		publishNumbers(t, hub, "u", "s", 5, 29)
		log.Truncate(20)
		log.Tails.Release()
		synctest.Wait()
		time.Sleep(time.Second) // the tail comes back
		publishNumbers(t, hub, "u", "s", 30, 39)
		for _, sub := range subs {
			got, want := read(t, sub, 21), append([]string{"lost expired"}, numbers(20, 39)...)
			if !slices.Equal(got, want) {
				t.Errorf("%+v: got %v, want %v", sub.Selector(), got, want)
			}
			sub.Close()
		}
	})
}

// A stammeringLog repeats each batch of its tail, and so breaks its contract.
type stammeringLog struct{ *tidingstest.SliceLog }

func (l stammeringLog) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		for batch, err := range l.SliceLog.Tail(ctx, after) {
			if !yield(batch, err) || err == nil && !yield(batch, nil) {
				return
			}
		}
	}
}

func TestNothingEntersTheWindowTwice(t *testing.T) {
	hub := newHub(t, stammeringLog{tidingstest.NewSliceLog(nil)}, nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	publishNumbers(t, hub, "u", "s", 0, 99)
	if got, want := read(t, sub, 100), numbers(0, 99); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A reader behind the window may find out before the tail does. It must not go
// on in the new log, and then in the window of the old one.
func TestReaderThatFindsTheLogReplacedEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		publishNumbers(t, hub, "u", "s", 0, 499)
		synctest.Wait()
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
		defer sub.Close()
		read(t, sub, 10)
		log.Tails.Hold()
		defer log.Tails.Release()
		time.Sleep(time.Second)
		log.Replace()
		for range 3 {
			if _, err := sub.Pending(t.Context(), nil); !errors.Is(err, tidings.ErrReplaced) {
				t.Fatalf("got %v, want ErrReplaced", err)
			}
		}
	})
}

func TestReadFailsAndGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		publishNumbers(t, hub, "u", "s", 0, 499)
		synctest.Wait()
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
		defer sub.Close()
		var got []string
		for len(got) < 500 {
			log.Fail(tidingstest.OpRead, errBroken)
			if _, err := sub.Pending(t.Context(), nil); !errors.Is(err, errBroken) {
				break // the window serves
			}
			got = append(got, read(t, sub, min(50, 500-len(got)))...)
		}
		got = append(got, read(t, sub, 500-len(got))...)
		if want := numbers(0, 499); !slices.Equal(got, want) {
			t.Errorf("got %d events that are not the 500 published: %v", len(got), got)
		}
	})
}

func TestHubNeedsItsLogToBegin(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	log.Fail(tidingstest.OpBounds, errBroken)
	if _, err := tidings.New(t.Context(), log, nil); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the log's error", err)
	}
}

// TestCloseAtAnyMoment lets everything a hub does race with its end.
func TestCloseAtAnyMoment(t *testing.T) {
	onLogs := map[string]func() tidings.Log{
		"memory": func() tidings.Log { return nil },
		"slice":  func() tidings.Log { return tidingstest.NewSliceLog(nil) },
	}
	for name, newLog := range onLogs {
		t.Run(name, func(t *testing.T) {
			for range 200 {
				closeWhileBusy(t, newHub(t, newLog(), smallWindow()))
			}
		})
	}
}

// closeWhileBusy closes a hub twice while others use it, and expects them all
// to come to an end.
func closeWhileBusy(t *testing.T, hub *tidings.Hub) {
	var busy sync.WaitGroup
	ctx := context.Background()
	for i := range 3 {
		busy.Go(func() {
			for {
				if _, err := hub.Publish(ctx, event("u", "s", fmt.Sprint(i))); err != nil {
					endedWell(t, err)
					return
				}
			}
		})
		busy.Go(func() {
			for {
				sub, err := hub.Subscribe(tidings.Selector{User: "u"}, tidings.Oldest)
				if err != nil {
					endedWell(t, err)
					return
				}
				for range 3 {
					<-sub.Deliveries()
				}
				busy.Go(sub.Close)
				sub.Close()
			}
		})
		busy.Go(func() {
			sub, err := hub.Subscribe(tidings.Selector{User: "u"}, tidings.Live)
			if err != nil {
				endedWell(t, err)
				return
			}
			defer sub.Close()
			for _, err := range sub.Events(ctx) {
				if err != nil && !tidings.IsLost(err) { // publishers may be that fast
					endedWell(t, err)
				}
			}
		})
	}
	publishSome(hub)
	busy.Go(func() { hub.Close() })
	hub.Close()
	busy.Wait()
}

// publishSome publishes until everybody had a chance to begin.
func publishSome(hub *tidings.Hub) {
	for range 20 {
		hub.Publish(context.Background(), event("u", "s", "0"))
	}
}

// endedWell expects an error that tells of the end.
func endedWell(t *testing.T, err error) {
	if !errors.Is(err, tidings.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestClosedMemoryLogEndsItsHubs(t *testing.T) {
	log := tidings.NewMemoryLog(nil)
	hub := newHub(t, log, nil)
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	log.Close()
	log.Close()
	for _, err := range sub.Events(t.Context()) {
		endedWell(t, err)
	}
	_, err := hub.Publish(t.Context(), event("u", "s", "1"))
	endedWell(t, err)
}

func TestTwoHubsOnOneMemoryLog(t *testing.T) {
	log := smallLog(t, tidings.Retention{})
	a, b := newHub(t, log, nil), newHub(t, log, nil)
	sub := subscribe(t, b, tidings.Selector{User: "u"}, tidings.Live)
	publishNumbers(t, a, "u", "s", 0, 4)
	a.Close()
	publishNumbers(t, b, "u", "s", 5, 9)
	if got, want := read(t, sub, 10), numbers(0, 9); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
