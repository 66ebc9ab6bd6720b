package tidingstest_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

var tailBreakages = []breakage{
	{"TailContinuesAfterAnyPosition", "skips the first event", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			first := true
			return only(l.SliceLog.Tail(ctx, after), func(*tidings.Event) bool { skip := first; first = false; return !skip })
		}
	})},
	{"TailContinuesAfterAnyPosition", "leaves out reserved channels", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return only(l.SliceLog.Tail(ctx, after), func(e *tidings.Event) bool { return !e.Channel.Reserved() })
		}
	})},
	{"TailContinuesAfterAnyPosition", "zero is the head", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			if after.IsZero() {
				_, after, _ = l.SliceLog.Bounds(ctx)
			}
			return l.SliceLog.Tail(ctx, after)
		}
	})},
	{"TailTellsThroughOnAQuietLog", "waits for an event", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return func(yield yield) {
				for b, err := range l.SliceLog.Tail(ctx, after) {
					if (err != nil || len(b.Events) > 0) && !yield(b, err) {
						return
					}
				}
			}
		}
	})},
	{"TailsOfEveryLogSeeTheSame", "its own events only", func(testing.TB) func(*broken) {
		users := make(chan string, 3)
		for _, u := range []string{"user0", "user1", "user2"} {
			users <- u
		}
		return func(l *broken) {
			own := <-users
			l.tail = func(ctx context.Context, after tidings.ID) batches {
				return only(l.SliceLog.Tail(ctx, after), func(e *tidings.Event) bool { return e.User == own || e.Type == "end" })
			}
		}
	}},
	{"TailsOfEveryLogSeeTheSame", "its own events twice", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return func(yield yield) {
				for b, err := range l.SliceLog.Tail(ctx, after) {
					if !yield(b, err) || len(b.Events) > 0 && !yield(b, nil) {
						return
					}
				}
			}
		}
	})},
	{"TailMissesNothingBetweenReplayAndLive", "listens after it has replayed", alone(func(l *broken) { l.tail = l.replayThenListen })},
	{"ATailThatIsNotReadHoldsNobodyUp", "appends wait for tails", func(testing.TB) func(*broken) {
		lock := make(chan struct{}, 1)
		return func(l *broken) {
			l.tail = func(ctx context.Context, after tidings.ID) batches {
				return func(yield yield) {
					for b, err := range l.SliceLog.Tail(ctx, after) {
						lock <- struct{}{}
						more := yield(b, err)
						if <-lock; !more {
							return
						}
					}
				}
			}
			l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
				select {
				case lock <- struct{}{}:
					defer func() { <-lock }()
					return l.SliceLog.Append(ctx, events)
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
			}
		}
	}},
	{"ATailThatIsNotReadHoldsNobodyUp", "drops what does not fit a channel", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return func(yield yield) {
				known := false
				for b, err := range l.SliceLog.Tail(ctx, after) {
					if n := len(b.Events); known && n > 32 {
						b.Events = b.Events[n-32:]
					}
					known = true
					if !yield(b, err) {
						return
					}
				}
			}
		}
	})},
}

// replayThenListen yields what there is, and then what comes after that was
// taken in.
func (l *broken) replayThenListen(ctx context.Context, after tidings.ID) batches {
	return func(yield yield) {
		_, goal, _ := l.SliceLog.Bounds(ctx)
		live := false
		for !live {
			for b, err := range l.SliceLog.Tail(ctx, after) {
				if !yield(b, err) || err != nil {
					return
				}
				if live = b.Through.Compare(goal) >= 0; live {
					break
				}
			}
		}
		_, head, _ := l.SliceLog.Bounds(ctx)
		for b, err := range l.SliceLog.Tail(ctx, head) {
			if !yield(b, err) {
				return
			}
		}
	}
}

// quietly ends a sequence where it should yield the error.
func quietly(seq batches) batches {
	return func(yield yield) {
		for b, err := range seq {
			if err != nil || !yield(b, nil) {
				return
			}
		}
	}
}

var endBreakages = []breakage{
	{"CallsAreRefusedAfterTheirContext", "does not look", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			return l.SliceLog.Append(context.WithoutCancel(ctx), events)
		}
	})},
	{"CallsAreRefusedAfterTheirContext", "keeps the events nevertheless", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, _ := l.SliceLog.Append(context.WithoutCancel(ctx), events)
			return receipts, context.Cause(ctx)
		}
	})},
	{"CallsAreRefusedAfterTheirContext", "without the cause", alone(func(l *broken) {
		l.bounds = func(ctx context.Context) (tidings.ID, tidings.ID, error) {
			if ctx.Err() != nil {
				return tidings.ID{}, tidings.ID{}, ctx.Err()
			}
			return l.SliceLog.Bounds(ctx)
		}
	})},
	{"ReadEndsWithItsContext", "as if it had reached the head", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return quietly(l.SliceLog.Read(ctx, sel, after))
		}
	})},
	{"TailEndsWithItsContext", "without an error", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches { return quietly(l.SliceLog.Tail(ctx, after)) }
	})},
	{"TailEndsWithItsContext", "not at all", func(t testing.TB) func(*broken) {
		return func(l *broken) {
			l.tail = func(ctx context.Context, after tidings.ID) batches {
				endless, cancel := context.WithCancel(context.WithoutCancel(ctx))
				t.Cleanup(cancel)
				return l.SliceLog.Tail(endless, after)
			}
		}
	}},
	{"BreakingOutLeavesNothingBehind", "a goroutine", func(t testing.TB) func(*broken) {
		over := make(chan struct{})
		t.Cleanup(func() { close(over) })
		return func(l *broken) {
			l.tail = func(ctx context.Context, after tidings.ID) batches {
				go func() { <-over }() // the breakage: nobody waits for it
				return l.SliceLog.Tail(ctx, after)
			}
		}
	}},
	{"AnOutageLosesAndRepeatsNothing", "acknowledges what it could not keep", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, err := l.SliceLog.Append(ctx, events)
			if err == nil {
				return receipts, nil
			}
			for i := range events {
				receipts = append(receipts, tidings.Receipt{ID: tidings.NewID(time.Now(), uint64(1000+i))})
			}
			return receipts, nil
		}
	})},
	{"AnOutageLosesAndRepeatsNothing", "keeps later what it refused", func(testing.TB) func(*broken) {
		var refused []tidings.Event
		return func(l *broken) {
			l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
				receipts, err := l.SliceLog.Append(ctx, events)
				if err != nil && events[0].User == "probe" {
					refused = slices.Clone(events)
				} else if events[0].User == "probe" {
					refused[0].Key = ""
					l.SliceLog.Append(ctx, refused)
				}
				return receipts, err
			}
		}
	}},
	{"ATailResumedAfterAnOutageMissesNothing", "it comes back at the head", func(testing.TB) func(*broken) {
		return func(l *broken) {
			var cut atomic.Bool
			l.tail = func(ctx context.Context, after tidings.ID) batches {
				return func(yield yield) {
					if cut.Swap(false) {
						_, after, _ = l.SliceLog.Bounds(ctx)
					}
					for b, err := range l.SliceLog.Tail(ctx, after) {
						cut.Store(err != nil)
						if !yield(b, err) {
							return
						}
					}
				}
			}
		}
	}},
	{"CallsEndWithTheirContextDuringAnOutage", "waits for the backend", func(t testing.TB) func(*broken) {
		over := make(chan struct{})
		t.Cleanup(func() { close(over) })
		return func(l *broken) {
			l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
				receipts, err := l.SliceLog.Append(ctx, events)
				if err != nil {
					<-over
				}
				return receipts, err
			}
		}
	}},
	{"CallsEndWithTheirContextDuringAnOutage", "reads nothing", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return quietly(l.SliceLog.Read(ctx, sel, after))
		}
	})},
}

// instead changes a sequence that yields an error of a kind into another.
func instead(seq batches, kind error, other func() batches) batches {
	return func(yield yield) {
		for b, err := range seq {
			if errors.Is(err, kind) {
				other()(yield)
				return
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// floors changes the floor that is told.
func floors(seq batches, change func(tidings.ID) tidings.ID) batches {
	return func(yield yield) {
		for b, err := range seq {
			if t, ok := errors.AsType[*tidings.TruncatedError](err); ok {
				err = &tidings.TruncatedError{Floor: change(t.Floor)}
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

var lossBreakages = []breakage{
	{"ReadTellsWhatWasDiscarded", "reads on from the oldest", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return instead(l.SliceLog.Read(ctx, sel, after), tidings.ErrTruncated, func() batches {
				return l.SliceLog.Read(ctx, sel, tidings.ID{})
			})
		}
	})},
	{"ReadTellsWhatWasDiscarded", "the floor is the oldest event", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return floors(l.SliceLog.Read(ctx, sel, after), func(tidings.ID) tidings.ID { return l.all(ctx)[0].ID })
		}
	})},
	{"ReadTellsWhatWasDiscarded", "the floor is before the last discarded", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return floors(l.SliceLog.Read(ctx, sel, after), func(f tidings.ID) tidings.ID { return tidings.NewID(f.Time(), f.Seq()-1) })
		}
	})},
	{"ReadTellsWhatWasDiscarded", "an error of another kind", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return instead(l.SliceLog.Read(ctx, sel, after), tidings.ErrTruncated, func() batches {
				return func(yield yield) { yield(tidings.Batch{}, tidings.ErrTruncated) }
			})
		}
	})},
	{"ReadTellsWhatWasDiscarded", "zero is before the floor", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if floor, _, _ := l.SliceLog.Bounds(ctx); after.IsZero() && floor.Seq() > 0 {
				return func(yield yield) { yield(tidings.Batch{}, &tidings.TruncatedError{Floor: floor}) }
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"TailTellsWhatWasDiscarded", "tails on from the floor", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return instead(l.SliceLog.Tail(ctx, after), tidings.ErrTruncated, func() batches {
				return l.SliceLog.Tail(ctx, tidings.ID{})
			})
		}
	})},
	{"TheFloorIsAPosition", "is lost already", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if floor, _, _ := l.SliceLog.Bounds(ctx); after == floor && floor.Seq() > 0 {
				return func(yield yield) { yield(tidings.Batch{}, &tidings.TruncatedError{Floor: floor}) }
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"TheFloorIsAPosition", "has no time", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if floor, _, _ := l.SliceLog.Bounds(ctx); after.Seq() == floor.Seq() {
				after = floor
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"AnEmptiedLogKnowsItsHead", "is as if it were new", alone(func(l *broken) {
		l.bounds = func(ctx context.Context) (floor, head tidings.ID, err error) {
			if floor, head, err = l.SliceLog.Bounds(ctx); floor == head {
				floor = tidings.NewID(floor.Time(), 0)
				head = floor
			}
			return floor, head, err
		}
	})},
	{"ATailThatFallsBehindTheFloorSkipsNothingSilently", "goes on at the floor", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return instead(l.SliceLog.Tail(ctx, after), tidings.ErrTruncated, func() batches {
				return l.SliceLog.Tail(ctx, tidings.ID{})
			})
		}
	})},
	{"AReplacedLogIsAnother", "a tail starts over", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return instead(l.SliceLog.Tail(ctx, after), tidings.ErrForeign, func() batches {
				return l.SliceLog.Tail(ctx, tidings.ID{})
			})
		}
	})},
	{"AReplacedLogIsAnother", "a tail goes on at its number", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return instead(l.SliceLog.Tail(ctx, after), tidings.ErrForeign, func() batches {
				return l.SliceLog.Tail(ctx, l.believe(ctx, after))
			})
		}
	})},
	{"WhatWasRolledBackIsForeign", "believes every time", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return l.SliceLog.Read(ctx, sel, l.believe(ctx, after))
		}
	})},
	{"WhatWasRolledBackIsForeign", "a tail waits for the new head", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return instead(l.SliceLog.Tail(ctx, after), tidings.ErrForeign, func() batches {
				return func(yield) { <-ctx.Done() }
			})
		}
	})},
}
