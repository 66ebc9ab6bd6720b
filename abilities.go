package tidings

import (
	"context"
	"errors"
	"fmt"
)

// This file is what a Log may be able to do beyond what every Log owes. A Hub
// finds out by asking for the interface.

// Control is the reserved channel on which a log says what it did itself. No
// stream carries it.
const Control Channel = "tidings.control"

// PurgedType is the type of the event, on the channel Control, that says that
// everything of its User before it was discarded. See [Purger].
const PurgedType = "tidings.purged"

// Purged reports whether the event says that every earlier event of its User
// was discarded on request.
func (e *Event) Purged() bool { return e.Channel == Control && e.Type == PurgedType }

// RecallCost is what a [Recaller] counts for each event beside its Data, Key,
// Type and Trace. It is what a window accounts for it, rounded up.
const RecallCost = 350

// A Recaller is a Log that knows its most recent events by size. A Hub over
// one fills its window before it serves.
type Recaller interface {
	// Recent returns a position, of which Tail takes no offence, such that the
	// retained events after it take about so many bytes: each takes those of
	// its Data, Key, Type and Trace, and RecallCost more. If all take less it
	// is the floor. An estimate will do, if it is one of bytes: from half as
	// many to half as many more.
	Recent(ctx context.Context, bytes int64) (ID, error)
}

// A Pipelined log takes an event while it is busy with others, at no more than it
// costs by itself. A Hub over one appends what is published alone at once; what is
// published as a batch waits for the Append under way and shares the next, as all
// does over any other log.
type Pipelined interface {
	// Pipelined does nothing: that there is one says what a log is.
	Pipelined()
}

// A Purger is a Log that can discard everything of one owner, on request and
// whatever retention says.
type Purger interface {
	// Purge discards every event of the owner that was appended before, on all
	// channels, with their keys, also those of events that are no longer
	// retained. Then it appends an event of type PurgedType on the channel
	// Control, whose User is the owner and whose Data is {}, and returns its
	// position. It is one step: what is appended meanwhile comes before and is
	// gone, or comes after and stays. An owner of whom there is nothing gets
	// that event too.
	//
	// Positions of discarded events stay positions of the log. A Read that
	// selects the owner after a position before his last discarded event
	// yields a *TruncatedError, whose floor is that event, or a later position
	// up to that of the purge; of a view that lacked nothing a log may say so
	// too. A Read from zero starts after what was discarded. A Read of Everyone
	// and a Tail are not told, and pass by what is gone: to those who follow
	// everybody a deletion on request is no loss. They learn of it by the
	// event. The floor of the log does not change.
	//
	// An error says that nothing was done, unless it matches
	// ErrUnknownOutcome. To purge again is safe.
	Purge(ctx context.Context, user string) (ID, error)
}

// A Diagnosed log knows how it is.
type Diagnosed interface {
	// Health returns what is known now. It asks nobody and does not wait.
	Health() Health
}

// Health is what a log says of itself. The zero Health says that all is well.
type Health struct {
	// Err is what does not work as it should, though the log can be followed,
	// and what to do about it; nil if all does. It may match ErrReadOnly or
	// ErrUnavailable.
	Err error
	// Figures are finite numbers by name, such as "outbox_moved_total":
	// lower-case words joined by underscores, other than "ok" and "followed".
	// Those whose names end in _total only grow. There are always the same. The
	// map is the receiver's.
	Figures map[string]float64
}

// Purge discards everything of one owner that was published before, and returns
// the position of the event that says so. Subscribers of the owner who had not
// read all of it are told by a *LostError. The windows of this and other
// replicas, and what is kept of the owner's contexts and analytics, follow when
// that event comes to them, which is soon.
//
// The error is an *InvalidError for a name that cannot be, ErrClosed, or the
// log's; it matches errors.ErrUnsupported if the log is no [Purger]. After any
// other than these it is safe to purge again.
func (h *Hub) Purge(ctx context.Context, user string) (ID, error) {
	if err := CheckName("user", user, h.opts.Limits.Name); err != nil {
		return ID{}, err
	}
	if h.life.Err() != nil {
		return ID{}, ErrClosed
	}
	log, ok := h.log.(Purger)
	if !ok {
		return ID{}, fmt.Errorf("purge: %w: a %T discards by retention alone", errors.ErrUnsupported, h.log)
	}
	id, err := log.Purge(ctx, user)
	if err != nil {
		return ID{}, fmt.Errorf("purge: %w", err)
	}
	return id, nil
}

// health returns what the log says of itself.
func (h *Hub) health() Health {
	if log, ok := h.log.(Diagnosed); ok {
		return log.Health()
	}
	return Health{}
}
