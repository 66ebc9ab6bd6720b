package contexts

import (
	"context"

	"github.com/tidings-dev/tidings"
)

// A Source tells what contexts an owner has. It is what a contexts stream
// begins with. A [Tracker] is one.
type Source interface {
	// Contexts returns an owner's contexts, newest first, and a position such
	// that they contain everything up to it, and with that everything that was
	// acknowledged before the call, on any replica. What is in them of later
	// events is told again by those; if nothing is, and the snapshot is one of
	// [Fold.Snapshot], the stream can be folded exactly. An error means that the
	// stream does not begin.
	Contexts(ctx context.Context, owner string) (*Snapshot, tidings.ID, error)
}

// Provided returns a Source of contexts that a program keeps itself, such as in
// its database. The position is taken before list is called, so that nothing
// falls in between: an event that changed what list returned may come again,
// and should say how things are, not by how much they changed. What list does not
// know of a context is left empty, and so is what was deleted. list may be called
// concurrently.
func Provided(hub *tidings.Hub, list func(ctx context.Context, owner string) ([]Context, error)) Source {
	return &provided{hub, list}
}

type provided struct {
	hub  *tidings.Hub
	list func(ctx context.Context, owner string) ([]Context, error)
}

// Contexts implements [Source].
func (p *provided) Contexts(ctx context.Context, owner string) (*Snapshot, tidings.ID, error) {
	at, err := p.hub.Synced(ctx)
	if err != nil {
		return nil, at, err
	}
	all, err := p.list(ctx, owner)
	return NewSnapshot(all), at, err
}
