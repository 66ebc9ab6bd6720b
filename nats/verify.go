package nats

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

// JetStream passes by messages that it cannot read, without a word. Who reads
// everything sees that some are missing; who reads one owner's events does not. So
// all is looked through once, the newest first, and reading an owner's events waits
// until that has come to where they begin.

// How much is looked through before the log is open, and at once after that.
const (
	verifyFirst = 1 << 15
	verifyPart  = 1 << 13
)

// verified is how far the stream was looked through.
type verified struct {
	mu      sync.Mutex    // guards what follows
	after   uint64        // everything after that is there
	changed chan struct{} // closed when it is looked at again
}

func newVerified() *verified { return &verified{after: math.MaxUint64, changed: make(chan struct{})} }

// lookThrough looks through the newest events, learns of purges and completes those
// that others left. If what is known beside the events is damaged too, and that is
// accepted, it is forgotten.
func (l *Log) lookThrough(ctx context.Context) error {
	err := l.lookThroughOnce(ctx)
	if err == nil || !l.opts.AcceptLoss || !l.inProcess || ctx.Err() != nil {
		return err
	}
	if err := l.renewBucket(ctx); err != nil {
		return err
	}
	return l.lookThroughOnce(ctx)
}

func (l *Log) lookThroughOnce(ctx context.Context) error {
	b, err := l.bounds(ctx)
	if err != nil {
		return err
	}
	if err := l.completePurges(ctx, b.creation); err != nil {
		return err
	}
	l.verified.lower(b.head.Seq())
	if !l.opts.Verify {
		l.verified.lower(0)
		return nil
	}
	for l.verified.from()+verifyFirst > b.head.Seq() {
		if err := l.verifyPart(ctx, b.creation); err != nil || l.verified.from() == 0 {
			return err
		}
	}
	return nil
}

// verify looks through what is older, until the log is closed.
func (l *Log) verify() {
	for pause := time.Second; l.verified.from() > 0 && l.life.Err() == nil; {
		b, err := l.bounds(l.life)
		if err == nil {
			err = l.verifyPart(l.life, b.creation)
		}
		switch {
		case errors.Is(err, ErrDamaged):
			l.opts.Logger.Error("the log is damaged; who reads what is older is refused", "err", err)
			return
		case err != nil:
			wait(l.life, pause)
		}
	}
}

// verifyPart looks through the newest part that was not looked through.
func (l *Log) verifyPart(ctx context.Context, creation tidings.ID) error {
	floor, _, err := l.floor(ctx, creation)
	if err != nil {
		return err
	}
	last := l.verified.from()
	if last <= floor.Seq() {
		l.verified.lower(0)
		return nil
	}
	part := run{max(floor.Seq(), last-min(last, verifyPart)) + 1, last}
	found, err := l.places(ctx, l.names.all(), part, func(stored) bool { return true })
	if err != nil {
		return err
	}
	if missing := (runs{part}).without(found); len(missing) > 0 {
		err = l.explain(ctx, creation, missing)
	}
	if errors.Is(err, tidings.ErrTruncated) { // the next part begins there
		return nil
	}
	if err == nil {
		l.verified.lower(part.first - 1)
	}
	return err
}

// lower says that everything after a place is there.
func (v *verified) lower(to uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.after = to
	close(v.changed)
	v.changed = make(chan struct{})
}

// wake has those who wait look again.
func (v *verified) wake() { v.lower(v.from()) }

// from returns after which place everything is there.
func (v *verified) from() uint64 {
	at, _ := v.look()
	return at
}

// look returns that, and what is closed when it changes.
func (v *verified) look() (after uint64, changed <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.after, v.changed
}

// awaitVerified waits until everything after a place was looked through, or is
// known to be damaged.
func (l *Log) awaitVerified(ctx context.Context, after uint64) error {
	for {
		from, changed := l.verified.look()
		if from <= after {
			return nil
		}
		if err := l.damaged.Load(); err != nil {
			return *err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
