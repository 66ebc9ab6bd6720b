package tidings

import (
	"context"
	"iter"
)

// A Log orders events, keeps them, and lets any number of processes follow
// them. The tests in tidingstest.TestLog execute what is promised here; an
// implementation passes them before it is used.
//
// All methods may be called concurrently. They return soon after their context
// ends, with an error that matches its cause; Read and Tail yield that last,
// unless Read had come to its end. An error because the backend cannot be
// reached matches ErrUnavailable. A log does not check events: the Hub has, or
// who appends past a Hub does, by [Limits.Check] and [Router.Check].
//
// What a log may be able to do besides is in abilities.go: see [Recaller],
// [Pipelined], [Purger] and [Diagnosed].
//
// The floor of a log is the oldest position after which nothing was discarded:
// the position of the last discarded event, or "<creation of the log>-0".
type Log interface {
	// Append keeps events, in their order, all of them or none, and returns
	// one Receipt for each; of no events it keeps none, and that is no error.
	// It sets neither ID nor anything else in events and does not hold on to
	// the slice, but it may keep the strings and the Data.
	//
	// Every appended event gets a greater Seq than all before it, the first
	// one 1, and usually the next; numbers that were skipped are not given
	// later. An event whose User and Key were appended within the key window,
	// or occur earlier in events, is not appended again: its Receipt is the
	// first one's with Duplicate set, whatever else it contains. A key is
	// remembered for the window though its event was discarded, and forgotten
	// with an event that was rolled back. An empty Key is none.
	//
	// An error says that nothing was kept, unless it matches
	// ErrUnknownOutcome; the log retries by itself as long as it cannot know
	// and ctx allows. It matches ErrUnavailable if the backend cannot be
	// reached or cannot take events now, and ErrReadOnly if it takes none.
	Append(ctx context.Context, events []Event) ([]Receipt, error)

	// Read yields retained events of a selector after a position (zero: the
	// oldest retained), in order, in batches of a bounded size. Through never
	// goes back and moves past events that were not selected. It ends after a
	// batch whose Through is at or beyond the head at the time of the call;
	// that batch may hold no events. There is always a batch or an error. Who
	// asks for reserved channels by name gets them.
	//
	// If something of the selection after the position was discarded it yields
	// a *TruncatedError with the floor, and nothing else; if it is discarded
	// while Read runs, the error may come after batches, and is about what
	// follows the last Through. If the position is not one of this log it
	// yields ErrForeign, and nothing else; of one before the floor a log that
	// cannot know any more may say either. Every error ends the sequence.
	Read(ctx context.Context, sel Selector, after ID) iter.Seq2[Batch, error]

	// Tail yields every event of every process after a position (zero: the
	// floor), on reserved channels too, in order, for ever, and whether or not
	// there are any it makes Through known soon after it starts. It starts by
	// proving that the position is still this log's: if it is not, or no
	// longer, because the log was replaced or rolled back, it yields ErrForeign;
	// if events after it were discarded, a *TruncatedError.
	//
	// A lost backend is an error too, and so is one that was replaced, rolled
	// back or truncated beneath a running Tail: that ends with some error,
	// before it yields anything after the break, and the caller calls Tail
	// again with the last Through, which tells what happened.
	Tail(ctx context.Context, after ID) iter.Seq2[Batch, error]

	// Bounds returns the floor and the head, as the authority sees them now.
	// In an empty log both are "<creation of the log>-0".
	Bounds(ctx context.Context) (floor, head ID, err error)
}

// A Batch is a run of events in log order. Everything that was selected, up to
// and including Through, has been yielded; Events may be empty. The slice is
// the receiver's to change; what Data points to is nobody's.
type Batch struct {
	Events  []Event
	Through ID
}

// A Receipt is a log's answer for one appended event.
type Receipt struct {
	// ID is the event's position.
	ID ID
	// Duplicate says that Key was known and nothing was appended; ID is that
	// of the first event with the key.
	Duplicate bool
	// Subscribers is the number of subscriptions on this Hub whose selector
	// matches the event. A log leaves it 0.
	Subscribers int
}
