package tidingstest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// saysPurged appends the event of a purge, and purges nothing.
func (l *broken) saysPurged(ctx context.Context, user string) (tidings.ID, error) {
	e := tidings.Event{User: user, Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}
	receipts, err := l.SliceLog.Append(ctx, []tidings.Event{e})
	if err != nil {
		return tidings.ID{}, err
	}
	return receipts[0].ID, nil
}

var purgeBreakages = []breakage{
	{"PurgeDiscardsEverythingOfTheOwner", "discards nothing", alone(func(l *broken) {
		l.purge = l.saysPurged
	})},
	{"PurgeDiscardsEverythingOfTheOwner", "of somebody else too", alone(func(l *broken) {
		l.purge = func(ctx context.Context, user string) (tidings.ID, error) {
			if user == "a" {
				l.SliceLog.Purge(ctx, "b")
			}
			return l.SliceLog.Purge(ctx, user)
		}
	})},
	{"PurgeDiscardsEverythingOfTheOwner", "everybody for the empty owner", alone(func(l *broken) {
		l.purge = func(ctx context.Context, user string) (tidings.ID, error) {
			if user == "" {
				l.SliceLog.Purge(ctx, "a")
			}
			return l.SliceLog.Purge(ctx, user)
		}
	})},
	{"PurgeDiscardsEverythingOfTheOwner", "the position is that before it", alone(func(l *broken) {
		l.purge = func(ctx context.Context, user string) (tidings.ID, error) {
			_, head, _ := l.SliceLog.Bounds(ctx)
			_, err := l.SliceLog.Purge(ctx, user)
			return head, err
		}
	})},
	{"PurgeForgetsTheOwnersKeys", "keeps them", func(testing.TB) func(*broken) {
		var mu sync.Mutex
		first := make(map[string]tidings.ID)
		return func(l *broken) {
			l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
				receipts, err := l.SliceLog.Append(ctx, events)
				mu.Lock()
				defer mu.Unlock()
				for i, e := range events {
					if id, known := first[e.User+" "+e.Key]; known && e.Key != "" && err == nil {
						receipts[i] = tidings.Receipt{ID: id, Duplicate: true}
					} else if err == nil {
						first[e.User+" "+e.Key] = receipts[i].ID
					}
				}
				return receipts, err
			}
		}
	}},
	{"PurgeIsToldToTheOwnersReaders", "skips in silence", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			return func(yield yield) {
				for b, err := range l.SliceLog.Read(ctx, sel, after) {
					if gap, ok := errors.AsType[*tidings.TruncatedError](err); ok {
						l.SliceLog.Read(ctx, sel, gap.Floor)(yield)
						return
					}
					if !yield(b, err) {
						return
					}
				}
			}
		}
	})},
	{"PurgeIsToldToTheOwnersReaders", "tells those who follow everyone", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			if i := slices.IndexFunc(l.all(ctx), func(e tidings.Event) bool { return e.Purged() }); i >= 0 && sel.Everyone {
				if floor := l.all(ctx)[i].ID; after.Compare(floor) < 0 && !after.IsZero() {
					return func(yield yield) { yield(tidings.Batch{}, &tidings.TruncatedError{Floor: floor}) }
				}
			}
			return l.SliceLog.Read(ctx, sel, after)
		}
	})},
	{"PositionsOfPurgedEventsStayPositions", "are foreign", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			floor, _, _ := l.SliceLog.Bounds(ctx)
			there := func(e tidings.Event) bool { return e.ID == after }
			if !after.IsZero() && after != floor && !slices.ContainsFunc(l.all(ctx), there) {
				return func(yield yield) { yield(tidings.Batch{}, tidings.ErrForeign) }
			}
			return l.SliceLog.Tail(ctx, after)
		}
	})},
	{"ARunningTailYieldsThePurge", "is not told", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return only(l.SliceLog.Tail(ctx, after), func(e *tidings.Event) bool { return !e.Purged() })
		}
	})},
	{"PurgeIsOneStepAmongAppends", "says so first and discards then", alone(func(l *broken) {
		l.purge = func(ctx context.Context, user string) (tidings.ID, error) {
			id, err := l.saysPurged(ctx, user)
			time.Sleep(time.Millisecond)
			l.SliceLog.Purge(ctx, user)
			return id, err
		}
	})},
}

var recallBreakages = []breakage{
	{"RecentIsAsManyBytesAsAskedFor", "always everything", alone(func(l *broken) {
		l.recent = func(ctx context.Context, _ int64) (tidings.ID, error) {
			floor, _, err := l.SliceLog.Bounds(ctx)
			return floor, err
		}
	})},
	{"RecentIsAsManyBytesAsAskedFor", "counts events", alone(func(l *broken) {
		l.recent = func(ctx context.Context, bytes int64) (tidings.ID, error) {
			all := l.all(ctx)
			if n := len(all) - int(bytes/2500); n > 0 { // the mean
				return all[n-1].ID, nil
			}
			floor, _, err := l.SliceLog.Bounds(ctx)
			return floor, err
		}
	})},
	{"RecentIsAsManyBytesAsAskedFor", "never reaches the floor", alone(func(l *broken) {
		l.recent = func(ctx context.Context, bytes int64) (tidings.ID, error) {
			return l.SliceLog.Recalling().Recent(ctx, min(bytes, 900_000))
		}
	})},
	{"RecentIsAPositionOfAnEmptyLog", "zero", alone(func(l *broken) {
		l.recent = func(ctx context.Context, bytes int64) (tidings.ID, error) {
			if _, head, _ := l.SliceLog.Bounds(ctx); head.Seq() == 0 {
				return tidings.ID{}, nil
			}
			return l.SliceLog.Recalling().Recent(ctx, bytes)
		}
	})},
}
