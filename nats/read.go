package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/tidings-dev/tidings"
)

// How much is read at once.
const (
	pageEvents = 512
	pageBytes  = 4 << 20

	// Of an owner: who reads may hold it until a slow client has accepted it.
	ownerEvents = 128
	ownerBytes  = 256 << 10
)

// Read yields retained events, see [tidings.Log].
func (l *Log) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		ctx, done := l.use(ctx)
		defer done()
		if err := l.read(ctx, sel, after, yield); err != nil {
			yield(tidings.Batch{}, l.failed(ctx, "read", err))
		}
	}
}

// failed says why something failed: because of its context, if that ended.
func (l *Log) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("nats: %s: %w", what, context.Cause(ctx))
	}
	if errors.Is(err, tidings.ErrTruncated) || err == tidings.ErrForeign {
		return err
	}
	return fmt.Errorf("nats: %s: %w", what, err)
}

// read is Read, but for its error, after which nothing follows.
func (l *Log) read(ctx context.Context, sel tidings.Selector, after tidings.ID, yield func(tidings.Batch, error) bool) error {
	b, err := l.spans.ask(ctx, l, l.survey)
	if err != nil {
		return err
	}
	from, err := l.beginShared(ctx, b, after)
	if err != nil {
		return err
	}
	if err := l.purgedSince(sel, after); err != nil {
		return err
	}
	through := from
	for {
		batch, end, err := l.next(ctx, sel, through, b)
		if err != nil {
			return err
		}
		if err := l.overtakenShared(ctx, b.creation, through); err != nil {
			return err
		}
		through = batch.Through
		if !yield(batch, nil) || end {
			return nil
		}
	}
}

// readPage returns what follows a position, and whether that was all up to the
// head.
func (l *Log) readPage(ctx context.Context, sel tidings.Selector, b span, after tidings.ID) (tidings.Batch, bool, error) {
	if after.Seq() >= b.head.Seq() {
		return tidings.Batch{Through: after}, true, nil
	}
	page, more, err := l.page(ctx, l.following(sel, after))
	if err != nil {
		return tidings.Batch{}, false, err
	}
	if page, err = l.wantAll(ctx, sel, b, after, page, more); err != nil {
		return tidings.Batch{}, false, err
	}
	batch := tidings.Batch{Through: after}
	for _, m := range l.withPurge(sel, after.Seq(), more, page) {
		e, err := l.names.event(m.Msg, m.seq)
		if err != nil {
			return tidings.Batch{}, false, err
		}
		batch.Through = e.ID
		if sel.Matches(&e) && !l.purges.hides(&e) {
			batch.Events = append(batch.Events, e)
		}
	}
	if !more && batch.Through.Seq() < b.head.Seq() {
		batch.Through = b.head
	}
	return batch, batch.Through.Seq() >= b.head.Seq(), nil
}

// wantAll returns a page without messages that are damaged, and an error unless it
// has all there are that were not discarded, as far as can be known: of everybody's
// events that none is missing, of one owner's that none is damaged.
func (l *Log) wantAll(ctx context.Context, sel tidings.Selector, b span, after tidings.ID, page []stored, more bool) ([]stored, error) {
	var there, damaged runs
	for _, m := range page {
		if sound(m.Msg) {
			there = there.add(m.seq)
		} else {
			damaged = damaged.add(m.seq)
		}
	}
	missing := damaged
	if sel.Everyone {
		part := run{after.Seq() + 1, b.head.Seq()}
		if more && len(page) > 0 {
			part.last = page[len(page)-1].seq
		}
		missing = runs{part}.without(there)
	}
	if len(missing) == 0 {
		return page, nil
	}
	page = slices.DeleteFunc(page, func(m stored) bool { return !sound(m.Msg) })
	return page, l.explain(ctx, b.creation, missing)
}

// following asks for what follows a position.
func (l *Log) following(sel tidings.Selector, after tidings.ID) query {
	if sel.Everyone {
		return query{Seq: after.Seq() + 1, Next: l.names.all(), Most: pageEvents, Bytes: pageBytes}
	}
	return query{Seq: after.Seq() + 1, Next: l.names.events(sel.User), Most: ownerEvents, Bytes: ownerBytes}
}

// withPurge adds to a page of an owner's events the one that says that what was
// before was discarded, which has a subject of its own, if its place is there.
func (l *Log) withPurge(sel tidings.Selector, after uint64, more bool, page []stored) []stored {
	purge := l.purges.when(sel.User)
	if sel.Everyone || purge.Seq() <= after || !slices.Contains(sel.Channels, tidings.Control) {
		return page
	}
	at, there := slices.BinarySearchFunc(page, purge.Seq(), func(m stored, seq uint64) int { return cmp.Compare(m.seq, seq) })
	if there || at == len(page) && more {
		return page
	}
	return slices.Insert(page, at, stored{l.names.purge(sel.User, purge), purge.Seq()})
}

// purgedSince returns a TruncatedError if an owner's events were discarded on
// request after a position, as far as is known.
func (l *Log) purgedSince(sel tidings.Selector, after tidings.ID) error {
	if sel.Everyone || after.IsZero() {
		return nil
	}
	if floor := l.purges.when(sel.User); floor.Seq() > after.Seq() {
		return &tidings.TruncatedError{Floor: floor}
	}
	return nil
}
