package nats

import (
	"context"
	"slices"
)

// Damaged returns the last event of which the server says that it is damaged, or 0
// if it says so of none. It is for who runs the server.
func (l *Log) Damaged(ctx context.Context) (last uint64, err error) {
	info, err := l.info(ctx)
	if err != nil || info.State.Lost == nil || len(info.State.Lost.Msgs) == 0 {
		return 0, err
	}
	return slices.Max(info.State.Lost.Msgs), nil
}

// DiscardThrough discards all events up to one: the floor is raised past it. Who
// was before is told.
func (l *Log) DiscardThrough(ctx context.Context, seq uint64) error {
	return l.discardThrough(ctx, seq)
}
