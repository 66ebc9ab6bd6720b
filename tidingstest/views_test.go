package tidingstest_test

import (
	"context"
	"iter"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A views is a log that does not discard a prefix, as a log does that bounds
// each session by itself: what a selector lost depends on the selector. It must
// not discard while it is read in another goroutine.
type views struct {
	*tidingstest.SliceLog
	gone []tidings.Event // in order
}

// truncate discards everything up to a position, and of one owner ten events
// more.
func (l *views) truncate(t testing.TB, through tidings.ID) {
	more := 10
	for b, err := range l.SliceLog.Tail(t.Context(), tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			after := e.ID.Compare(through) > 0
			if after && e.User == "a" {
				more--
			}
			if !l.lost(&e) && (!after || e.User == "a" && more >= 0) {
				l.gone = append(l.gone, e)
			}
		}
		if _, head, _ := l.SliceLog.Bounds(t.Context()); b.Through == head {
			return
		}
	}
}

func (l *views) lost(e *tidings.Event) bool {
	for i := range l.gone {
		if l.gone[i].ID == e.ID {
			return true
		}
	}
	return false
}

func (l *views) Bounds(ctx context.Context) (floor, head tidings.ID, err error) {
	floor, head, err = l.SliceLog.Bounds(ctx)
	if n := len(l.gone); n > 0 {
		floor = l.gone[n-1].ID
	}
	return floor, head, err
}

// without yields a sequence less what is gone, until something that sel selects
// after the position reached is gone.
func (l *views) without(seq batches, sel *tidings.Selector, after tidings.ID) batches {
	return func(yield yield) {
		for b, err := range only(seq, func(e *tidings.Event) bool { return !l.lost(e) }) {
			if floor := l.floor(sel); err == nil && !after.IsZero() && floor.Compare(after) > 0 {
				yield(tidings.Batch{}, &tidings.TruncatedError{Floor: floor})
				return
			}
			if !yield(b, err) {
				return
			}
			if !after.IsZero() {
				after = b.Through
			}
		}
	}
}

// floor returns the last event that sel selects and is gone.
func (l *views) floor(sel *tidings.Selector) (floor tidings.ID) {
	for i := range l.gone {
		if sel.Matches(&l.gone[i]) {
			floor = l.gone[i].ID
		}
	}
	return floor
}

func (l *views) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return l.without(l.SliceLog.Read(ctx, sel, after), &sel, after)
}

func (l *views) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	all := tidings.Selector{Everyone: true, Channels: []tidings.Channel{tidings.System, tidings.AGUI, "notes", "tidings.control"}}
	if after.IsZero() {
		after, _, _ = l.Bounds(ctx)
	}
	return l.without(l.SliceLog.Tail(ctx, after), &all, after)
}

func TestContractHoldsWithoutPrefixRetention(t *testing.T) {
	tidingstest.TestLog(t, tidingstest.Harness[*views]{
		New:      func(testing.TB) *views { return &views{SliceLog: tidingstest.NewSliceLog(nil)} },
		Open:     func(_ testing.TB, b *views) tidings.Log { return b },
		Truncate: func(t testing.TB, b *views, through tidings.ID) { b.truncate(t, through) },
	})
}
