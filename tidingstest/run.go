package tidingstest

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"

	"github.com/tidings-dev/tidings"
)

// A run is what one Read or Tail has yielded. The zero run has not begun.
type run struct {
	events   []tidings.Event
	through  tidings.ID
	throughs []tidings.ID // of each batch
}

// add takes one more batch and says what is wrong with it in itself: order,
// Through, and events that were not selected.
func (r *run) add(b tidings.Batch, sel *tidings.Selector) error {
	at := r.through
	for i := range b.Events {
		e := &b.Events[i]
		if e.ID.Compare(at) <= 0 {
			return violation("yielded %s after %s", e.ID, at)
		}
		if sel != nil && !sel.Matches(e) {
			return violation("yielded %s, which was not selected", describe(e))
		}
		at = e.ID
	}
	if c := b.Through.Compare(at); b.Through.IsZero() || c < 0 || c == 0 && !at.IsZero() && b.Through != at {
		return violation("Through is %s after %s", position(b.Through), position(at))
	}
	r.events = append(r.events, b.Events...)
	r.through, r.throughs = b.Through, append(r.throughs, b.Through)
	return nil
}

// take adds batches until done, if that is not nil, or the end, and returns
// the error that was yielded.
func (r *run) take(seq iter.Seq2[tidings.Batch, error], sel *tidings.Selector, done func() bool) error {
	var failed error
	for b, err := range seq {
		switch {
		case failed != nil:
			return violation("yielded more after the error %q", failed)
		case err != nil:
			failed = err
		default:
			if err := r.add(b, sel); err != nil {
				return err
			}
			if done != nil && done() {
				return nil
			}
		}
	}
	if failed == nil && done != nil {
		return violation("ended without an error")
	}
	return failed
}

// tail follows a log after a position until done.
func (r *run) tail(ctx context.Context, l tidings.Log, after tidings.ID, done func() bool) error {
	r.through = after
	return r.take(l.Tail(ctx, after), nil, done)
}

// ended reports whether the run has seen the event that ends a test.
func (r *run) ended() bool { return len(r.events) > 0 && last(r.events).Type == "end" }

// end returns that event.
func end() tidings.Event {
	return tidings.Event{Channel: "tidings.control", Type: "end", Key: "end", Data: []byte("{}")}
}

// read reads to the end and looks at where that is.
func read(ctx context.Context, l tidings.Log, sel tidings.Selector, after tidings.ID) (run, error) {
	r := run{through: after}
	_, head, err := l.Bounds(ctx)
	if err != nil {
		return r, fmt.Errorf("Bounds: %w", err)
	}
	if err := r.take(l.Read(ctx, sel, after), &sel, nil); err != nil {
		return r, err
	}
	if len(r.throughs) == 0 || r.through.Compare(head) < 0 {
		return r, violation("ended at %s, before the head %s", position(r.through), head)
	}
	return r, nil
}

// refused returns the error of a Read or Tail that must yield one and nothing
// else.
func refused(seq iter.Seq2[tidings.Batch, error]) error {
	var r run
	err := r.take(seq, nil, func() bool { return true })
	if err == nil {
		return violation("%d events through %s", len(r.events), r.through)
	}
	return err
}

// foreign says how a Read or Tail after a position of another log differs from
// what it must do: yield ErrForeign and nothing else.
func foreign(seq iter.Seq2[tidings.Batch, error]) error {
	if err := refused(seq); !errors.Is(err, tidings.ErrForeign) {
		return fmt.Errorf("got %w, want %v", err, tidings.ErrForeign)
	}
	return nil
}

// same says where events differ.
func same(got, want []tidings.Event) error {
	for i := range min(len(got), len(want)) {
		if g, w := describe(&got[i]), describe(&want[i]); g != w {
			return violation("event %d of %d:\n got %s\nwant %s", i, len(want), g, w)
		}
	}
	if n := len(want); len(got) > n {
		return violation("%d events, want %d: the first too many is %s", len(got), n, describe(&got[n]))
	}
	if n := len(got); n < len(want) {
		return violation("%d events, want %d: the first missing is %s", n, len(want), describe(&want[n]))
	}
	return nil
}

// describe returns all that an event is, as one line.
func describe(e *tidings.Event) string {
	data := fmt.Sprintf("%q", e.Data)
	if len(e.Data) > 80 {
		data = fmt.Sprintf("%q… (%d bytes, crc %08x)", e.Data[:40], len(e.Data), crc32.ChecksumIEEE(e.Data))
	}
	return fmt.Sprintf("%s user=%q channel=%q session=%q type=%q key=%q trace=%q data=%s",
		e.ID, e.User, string(e.Channel), e.Session, e.Type, e.Key, e.Trace, data)
}

// position returns the text of a position, also of none.
func position(id tidings.ID) string {
	if id.IsZero() {
		return "zero"
	}
	return id.String()
}

// selection returns the text of a selector.
func selection(sel tidings.Selector) string {
	owner := fmt.Sprintf("%q", sel.User)
	switch {
	case sel.Everyone && len(sel.Channels) == len(everything.Channels):
		return "everything"
	case sel.Everyone:
		owner = "everyone"
	}
	return fmt.Sprintf("%s channels%q sessions%q types%q", owner, sel.Channels, sel.Sessions, sel.Types)
}
