package tidingstest

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings"
)

// A SliceLog is a [tidings.Log] on a slice and a mutex. It is slow and meant
// to be obviously right: an oracle for faster logs, and the log under tests of
// what reads logs, because it lags and fails where the test says.
//
// Several SliceLogs may share one backend, as processes share a database; see
// [SliceLog.Replica]. Gates, and the faults of Fail, FailMidway, LoseAnswers,
// CutTails and Break, concern one replica; Truncate, Rollback and Replace
// change the backend and concern all.
//
// Sequence numbers have no holes. The log starts no goroutines and needs no
// end. All methods are safe for concurrent use. In a bubble of testing/synctest
// it must be made inside the bubble; then all of its waiting is durable.
type SliceLog struct {
	// Appends is passed by every Append before anything is kept. A context
	// that ends there ends the Append with nothing kept.
	Appends Gate
	// Answers is passed by every Append after its events were kept. A context
	// that ends there ends the Append with tidings.ErrUnknownOutcome.
	Answers Gate
	// Reads is passed by every Read before each batch.
	Reads Gate
	// Tails is passed by every Tail before it looks for events: while it is
	// shut, tails lag.
	Tails Gate

	slice  *slice
	faults faults
	health atomic.Pointer[tidings.Health]
}

var (
	_ tidings.Log       = (*SliceLog)(nil)
	_ tidings.Purger    = (*SliceLog)(nil)
	_ tidings.Diagnosed = (*SliceLog)(nil)
)

// SliceOptions say how a SliceLog differs from a plain one. Zero fields mean
// the defaults.
type SliceOptions struct {
	// Retain is the number of events retained. Default: all.
	Retain int
	// KeyWindow is how long a key is remembered. Default: 2 minutes.
	KeyWindow time.Duration
	// Page is the number of events that a batch covers at most, selected or
	// not. Default: 64, so that tests meet more than one batch.
	Page int
	// Now is the clock of stamps and of the key window. Default: time.Now. It
	// must not call the log.
	Now func() time.Time
}

// withDefaults returns a copy of o, which may be nil, without zero fields.
func (o *SliceOptions) withDefaults() SliceOptions {
	var with SliceOptions
	if o != nil {
		with = *o
	}
	if with.KeyWindow <= 0 {
		with.KeyWindow = 2 * time.Minute
	}
	if with.Page <= 0 {
		with.Page = 64
	}
	if with.Now == nil {
		with.Now = time.Now
	}
	return with
}

// NewSliceLog returns an empty log. Nil options mean the defaults.
func NewSliceLog(o *SliceOptions) *SliceLog {
	return &SliceLog{slice: newSlice(o.withDefaults())}
}

// Replica returns another log over the same backend, without faults: what
// another process would have.
func (l *SliceLog) Replica() *SliceLog { return &SliceLog{slice: l.slice} }

// Append implements [tidings.Log].
func (l *SliceLog) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	if err := enter(ctx, &l.Appends); err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	b := &batch{events}
	if err := l.faults.append(l.slice, b); err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	receipts, err := l.answer(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("append: %w: %w", tidings.ErrUnknownOutcome, err)
	}
	return receipts, nil
}

// answer keeps the batch and asks again, with the same batch, until an answer
// comes back.
func (l *SliceLog) answer(ctx context.Context, b *batch) ([]tidings.Receipt, error) {
	defer l.slice.answered(b)
	for {
		receipts := l.slice.append(b)
		if err := l.Answers.pass(ctx); err != nil {
			return nil, err
		}
		if !l.faults.loseAnswer() {
			return receipts, nil
		}
		if err := l.faults.restored(ctx); err != nil {
			return nil, err
		}
	}
}

// Read implements [tidings.Log]. It looks at the backend anew for each batch:
// what is discarded while it runs makes it yield a *tidings.TruncatedError
// after batches that were yielded before.
func (l *SliceLog) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		_, goal := l.slice.bounds()
		for at := after; ; {
			b, last, err := l.readPage(ctx, &sel, at)
			if err != nil {
				yield(tidings.Batch{}, fmt.Errorf("read: %w", err))
				return
			}
			if !yield(b, nil) || last || b.Through.Compare(goal) >= 0 {
				return
			}
			at = b.Through
		}
	}
}

// readPage returns the next batch of a Read and whether it reaches the head.
func (l *SliceLog) readPage(ctx context.Context, sel *tidings.Selector, after tidings.ID) (tidings.Batch, bool, error) {
	if err := enter(ctx, &l.Reads); err != nil {
		return tidings.Batch{}, false, err
	}
	if err := l.faults.next(OpRead); err != nil {
		return tidings.Batch{}, false, err
	}
	return l.slice.page(sel, after)
}

// Tail implements [tidings.Log]. Besides at its start it proves its position
// whenever it looks for events, so it also ends when the backend is replaced,
// rolled back or truncated beneath it.
func (l *SliceLog) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		ctx, end := l.faults.startTail(ctx)
		defer end()
		at, err := after, l.faults.next(OpTail)
		for known := false; ; known = true {
			var b tidings.Batch
			if err == nil {
				b, err = l.follow(ctx, at, known)
			}
			if err != nil {
				yield(tidings.Batch{}, fmt.Errorf("tail: %w", err))
				return
			}
			if !yield(b, nil) {
				return
			}
			at = b.Through
		}
	}
}

// follow returns the next batch of a Tail. If the caller knows its position it
// waits until there are events.
func (l *SliceLog) follow(ctx context.Context, after tidings.ID, known bool) (tidings.Batch, error) {
	for {
		if err := enter(ctx, &l.Tails); err != nil {
			return tidings.Batch{}, err
		}
		changed := l.slice.watch()
		b, _, err := l.slice.page(nil, after)
		if err != nil || len(b.Events) > 0 || !known {
			return b, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Bounds implements [tidings.Log].
func (l *SliceLog) Bounds(ctx context.Context) (floor, head tidings.ID, err error) {
	if err = context.Cause(ctx); err == nil {
		err = l.faults.next(OpBounds)
	}
	if err != nil {
		return tidings.ID{}, tidings.ID{}, fmt.Errorf("bounds: %w", err)
	}
	floor, head = l.slice.bounds()
	return floor, head, nil
}

// enter passes the gate unless the context has ended.
func enter(ctx context.Context, g *Gate) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return g.pass(ctx)
}
