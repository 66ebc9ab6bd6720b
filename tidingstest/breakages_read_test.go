package tidingstest_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/tidings-dev/tidings"
)

// all returns what a log retains.
func (l *broken) all(ctx context.Context) []tidings.Event {
	var all []tidings.Event
	for b := range l.SliceLog.Tail(ctx, tidings.ID{}) {
		all = append(all, b.Events...)
		if _, head, _ := l.SliceLog.Bounds(ctx); b.Through == head {
			break
		}
	}
	return all
}

// believe returns the position of this log that has the same Seq.
func (l *broken) believe(ctx context.Context, id tidings.ID) tidings.ID {
	floor, head, _ := l.SliceLog.Bounds(ctx)
	if id.IsZero() || id.Seq() == floor.Seq() {
		return floor
	}
	for _, e := range l.all(ctx) {
		if e.ID.Seq() == id.Seq() {
			return e.ID
		}
	}
	if id.Compare(head) > 0 {
		return head
	}
	return id
}

// throughs changes the positions of a sequence.
func throughs(seq batches, change func(tidings.Batch) tidings.ID) batches {
	return func(yield yield) {
		for b, err := range seq {
			if err == nil {
				b.Through = change(b)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

var readBreakages = []breakage{
	{"BoundsOfAnEmptyLogAreItsCreation", "are zero", alone(func(l *broken) {
		l.bounds = func(ctx context.Context) (floor, head tidings.ID, err error) {
			if floor, head, err = l.SliceLog.Bounds(ctx); head.Seq() == 0 {
				return tidings.ID{}, tidings.ID{}, err
			}
			return floor, head, err
		}
	})},
	{"BoundsFollowTheHead", "as they were", func(testing.TB) func(*broken) {
		var old tidings.ID
		return func(l *broken) {
			l.bounds = func(ctx context.Context) (tidings.ID, tidings.ID, error) {
				floor, head, err := l.SliceLog.Bounds(ctx)
				before := old
				if old = head; before.IsZero() {
					before = head
				}
				return floor, before, err
			}
		}
	}},
	{"ReadYieldsWhatIsSelected", "reserved channels too", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if len(sel.Channels) == 0 {
				sel.Channels = []tidings.Channel{tidings.System, tidings.AGUI, "notes", "tidings.control"}
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"ReadYieldsWhatIsSelected", "all sessions for the empty one", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if slices.Contains(sel.Sessions, "") {
				sel.Sessions = nil
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"ReadYieldsWhatIsSelected", "nothing for the empty owner", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return only(l.SliceLog.Read(ctx, sel, after), func(*tidings.Event) bool { return sel.User != "" || sel.Everyone })
		}
	})},
	{"ReadContinuesAfterAnyPosition", "the event at the position too", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			all := l.all(ctx)
			for i, e := range all {
				if i > 0 && e.ID == after {
					after = all[i-1].ID
					break
				}
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"ReadContinuesAfterAnyPosition", "Through beyond what was yielded", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return func(yield yield) {
				var late []tidings.Event
				for b, err := range l.SliceLog.Read(ctx, sel, after) {
					b.Events = append(late, b.Events...)
					late = nil
					if _, head, _ := l.SliceLog.Bounds(ctx); b.Through != head && len(b.Events) > 0 {
						n := len(b.Events) - 1
						b.Events, late = b.Events[:n:n], b.Events[n:]
					}
					if !yield(b, err) {
						return
					}
				}
			}
		}
	})},
	{"ReadContinuesAfterAnyPosition", "drops one of a batch", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return only(l.SliceLog.Read(ctx, sel, after), func(e *tidings.Event) bool { return e.ID.Seq()%97 != 5 })
		}
	})},
	{"ReadContinuesAfterAnyPosition", "other order in a batch", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return func(yield yield) {
				for b, err := range l.SliceLog.Read(ctx, sel, after) {
					if n := len(b.Events); n > 1 {
						b.Events[n-1], b.Events[n-2] = b.Events[n-2], b.Events[n-1]
					}
					if !yield(b, err) {
						return
					}
				}
			}
		}
	})},
	{"ReadMovesPastEventsThatWereNotSelected", "Through is the last selected", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			at := l.believe(ctx, after)
			return throughs(l.SliceLog.Read(ctx, sel, after), func(b tidings.Batch) tidings.ID {
				if n := len(b.Events); n > 0 {
					at = b.Events[n-1].ID
				}
				return at
			})
		}
	})},
	{"ReadYieldsWhatWasAcknowledgedBefore", "reads a replica that lags", func(testing.TB) func(*broken) {
		return func(l *broken) {
			l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
				_, head, _ := l.SliceLog.Bounds(ctx)
				return only(l.SliceLog.Read(ctx, sel, after), func(e *tidings.Event) bool { return e.ID != head })
			}
		}
	}},
	{"PositionsOfAnotherLogAreRefused", "believes every time", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return l.SliceLog.Read(ctx, sel, l.believe(ctx, after))
		}
	})},
	{"PositionsOfAnotherLogAreRefused", "believes every time of a Tail", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return l.SliceLog.Tail(ctx, l.believe(ctx, after))
		}
	})},
	{"PositionsOfAnotherLogAreRefused", "has nothing beyond the head", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if _, head, _ := l.SliceLog.Bounds(ctx); after.Compare(head) > 0 {
				return func(yield yield) { yield(tidings.Batch{Through: after}, nil) }
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"PositionsOfAnotherLogAreRefused", "takes large numbers for negative ones", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if after.Seq() > math.MaxInt64 {
				after = tidings.ID{}
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"PositionsOfAnotherLogAreRefused", "yields and then refuses", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return func(yield yield) {
				for b, err := range l.SliceLog.Read(ctx, sel, after) {
					if errors.Is(err, tidings.ErrForeign) && !yield(tidings.Batch{Through: after}, nil) {
						return
					}
					if !yield(b, err) {
						return
					}
				}
			}
		}
	})},
	{"RandomOperationsAgreeWithASlice", "misses one in a hundred", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return only(l.SliceLog.Read(ctx, sel, after), func(e *tidings.Event) bool { return after.IsZero() || e.ID.Seq()%100 != 7 })
		}
	})},
	{"RandomOperationsAgreeWithASlice", "tails yield owners in turn", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return func(yield yield) {
				for b, err := range l.SliceLog.Tail(ctx, after) {
					slices.SortStableFunc(b.Events, func(a, b tidings.Event) int { return len(a.User) - len(b.User) })
					if !yield(b, err) {
						return
					}
				}
			}
		}
	})},
}
