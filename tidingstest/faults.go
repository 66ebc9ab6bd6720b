package tidingstest

import (
	"context"
	"sync"
)

// An Op is a method of a log that can be made to fail.
type Op int

// The methods of tidings.Log.
const (
	OpAppend Op = iota
	OpRead      // once for each batch
	OpTail      // at its start; see also SliceLog.CutTails
	OpBounds
	ops
)

// Fail makes the next calls of op fail, one with each of errs, in order. A
// failed Append keeps nothing; a failed Read or Tail yields the error.
func (l *SliceLog) Fail(op Op, errs ...error) {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	l.faults.queued[op] = append(l.faults.queued[op], errs...)
}

// FailMidway makes the next Append fail with err after a part of its events was
// written. As a log must, it then keeps none of them.
func (l *SliceLog) FailMidway(err error) {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	l.faults.midway = err
}

// LoseAnswers makes the next n answers to appends get lost after the events
// were kept. The log asks again with the same batch, and keeps nothing twice.
// To have an append hang until its context ends, see Appends and Answers.
func (l *SliceLog) LoseAnswers(n int) {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	l.faults.answers = n
}

// CutTails makes every running Tail yield err, as when a connection is lost.
func (l *SliceLog) CutTails(err error) {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	l.faults.cut(err)
}

// Break takes the backend away from this replica until Restore: running tails
// are cut, every call fails with err, and an Append that has no answer yet
// waits. The error must not be nil.
func (l *SliceLog) Break(err error) {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	l.faults.broken = err
	l.faults.cut(err)
}

// Restore ends what Break began.
func (l *SliceLog) Restore() {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	l.faults.broken = nil
	l.faults.changed.fire()
}

// Truncate discards the n oldest retained events, or all if there are fewer.
func (l *SliceLog) Truncate(n int) {
	l.slice.mu.Lock()
	defer l.slice.mu.Unlock()
	l.slice.discard(n)
	l.slice.changed.fire()
}

// Rollback takes away the n newest retained events, or all if there are fewer,
// with their keys, as when a standby that lagged becomes the primary. Events
// appended later get the same sequence numbers with other times.
func (l *SliceLog) Rollback(n int) {
	l.slice.mu.Lock()
	defer l.slice.mu.Unlock()
	l.slice.bar()
	l.slice.rewind(n)
	l.slice.changed.fire()
}

// Replace puts a new, empty log in the place of the old one. No position of
// the old one is a position of the new one.
func (l *SliceLog) Replace() {
	l.slice.mu.Lock()
	defer l.slice.mu.Unlock()
	l.slice.bar()
	l.slice.reset()
	l.slice.changed.fire()
}

// faults is what a test has in store for one replica.
type faults struct {
	mu      sync.Mutex
	queued  [ops][]error
	midway  error
	answers int
	broken  error
	changed signal // broken is nil again
	tails   map[*context.CancelCauseFunc]bool
}

// next returns the error that a call of op must fail with, or nil.
func (f *faults) next(op Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil || len(f.queued[op]) == 0 {
		return f.broken
	}
	err := f.queued[op][0]
	f.queued[op] = f.queued[op][1:]
	return err
}

// append returns the error that an Append must fail with, or nil.
func (f *faults) append(s *slice, b *batch) error {
	if err := f.next(OpAppend); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.midway
	if f.midway = nil; err != nil {
		s.appendPart(b)
	}
	return err
}

// loseAnswer reports whether the answer to an append got lost.
func (f *faults) loseAnswer() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answers > 0 {
		f.answers--
		return true
	}
	return f.broken != nil
}

// restored returns nil when the backend is reachable, or the cause of ctx's
// end if that comes first.
func (f *faults) restored(ctx context.Context) error {
	for ctx.Err() == nil {
		broken, changed := f.state()
		if !broken {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// state reports whether the backend is away, and what to wait for.
func (f *faults) state() (bool, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken != nil, f.changed.wait()
}

// startTail returns a context that a cut ends, and what ends the tail.
func (f *faults) startTail(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tails == nil {
		f.tails = make(map[*context.CancelCauseFunc]bool)
	}
	f.tails[&cancel] = true
	return ctx, func() { f.endTail(&cancel) }
}

func (f *faults) endTail(cancel *context.CancelCauseFunc) {
	(*cancel)(nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.tails, cancel)
}

// cut ends every running tail with err. f.mu must be held.
func (f *faults) cut(err error) {
	for cancel := range f.tails {
		(*cancel)(err)
	}
}
