package nats

import (
	"context"
	"errors"

	"github.com/tidings-dev/tidings"
)

// survey asks for all that a Read has to know before it begins.
func (l *Log) survey(ctx context.Context) (span, error) {
	b, err := l.bounds(ctx)
	if err != nil {
		return span{}, err
	}
	if err := l.learnPurges(ctx); err != nil {
		return span{}, err
	}
	return b, l.proveChunks(ctx, b.creation)
}

// proveChunks lets go of what is kept, unless it is of this log still: one that was
// rolled back has other events where the newest was.
func (l *Log) proveChunks(ctx context.Context, creation tidings.ID) error {
	at := l.scan.newest(creation)
	if at.IsZero() {
		return nil
	}
	switch err := l.prove(ctx, at); {
	case err == nil:
		return nil
	case isGone(err), errors.Is(err, tidings.ErrForeign):
		l.scan.forgetChunks()
		return nil
	default:
		return err
	}
}

// beginShared is begin, where others may have read what a position is proven by.
func (l *Log) beginShared(ctx context.Context, b span, after tidings.ID) (tidings.ID, error) {
	at, proven, err := b.begin(after)
	if proven || err != nil {
		return at, err
	}
	r := l.scan.enter(after.Seq())
	defer r.leave()
	c, err := l.find(ctx, r, after.Seq(), b)
	if err != nil {
		return after, err
	}
	if c == nil {
		defer l.scan.turned()
		return after, l.proveOrGone(ctx, b, after)
	}
	id, found := c.position(after.Seq())
	switch {
	case !found:
		err = l.explain(ctx, b.creation, runs{{after.Seq(), after.Seq()}})
	case id != after:
		err = tidings.ErrForeign
	}
	return after, err
}

// next returns what follows a position, and whether that was all up to the head.
// It is bounded by how many read at the same time.
func (l *Log) next(ctx context.Context, sel tidings.Selector, after tidings.ID, b span) (tidings.Batch, bool, error) {
	if after.Seq() >= b.head.Seq() {
		return tidings.Batch{Through: after}, true, nil
	}
	r := l.scan.enter(after.Seq() + 1)
	defer r.leave()
	batch, alone, err := l.gather(ctx, r, &sel, after, b)
	if err != nil {
		return tidings.Batch{}, false, err
	}
	if alone {
		defer l.scan.turned()
		if len(batch.Events) == 0 {
			return l.readPage(ctx, sel, b, after)
		}
	}
	return batch, batch.Through.Seq() >= b.head.Seq(), nil
}

// gather takes what follows a position from one chunk after the other. Where the
// next one is not worth it to be loaded the caller has a turn to go on alone.
func (l *Log) gather(ctx context.Context, r *reader, sel *tidings.Selector, after tidings.ID, b span) (batch tidings.Batch, alone bool, err error) {
	batch.Through = after
	at, held := after.Seq(), 0
	for at < b.head.Seq() {
		c, err := l.find(ctx, r, at+1, b)
		if c == nil || err != nil {
			return batch, err == nil, err
		}
		full := false
		if held, full = l.take(&batch, held, c, sel, at); full {
			return batch, false, nil
		}
		at, batch.Through = c.to, c.last(batch.Through)
	}
	if batch.Through.Seq() < b.head.Seq() {
		batch.Through = b.head
	}
	return batch, false, nil
}

// take adds to a batch what is selected of a chunk after a place, and was not
// discarded on request since. It returns how many bytes are held then, and whether
// those are enough.
func (l *Log) take(batch *tidings.Batch, held int, c *chunk, sel *tidings.Selector, at uint64) (int, bool) {
	room, full := l.scan.share(), false
	if purged := l.purges.when(sel.User).Seq(); purged > 0 && !sel.Everyone {
		at = max(at, purged-1)
	}
	c.after(sel, at, func(e *tidings.Event) bool {
		if !sel.Matches(e) || sel.Everyone && l.purges.hides(e) {
			return true
		}
		batch.Events, batch.Through = append(batch.Events, *e), e.ID
		held += eventBytes + len(e.Data)
		full = held >= room || len(batch.Events) == pageEvents
		return !full
	})
	return held, full
}
