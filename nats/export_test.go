package nats

import "context"

// Discard discards what is older or more than what is to be kept.
func (l *Log) Discard(ctx context.Context) error { return l.discard(ctx) }

// Trim lets go of what was discarded and is old enough.
func (l *Log) Trim(ctx context.Context) error { return l.trim(ctx) }
