package nats

import (
	"context"
	"time"
)

// Discard discards what is older or more than what is to be kept as of now, and
// lets go of what was discarded and is old enough.
func (l *Log) Discard(ctx context.Context, now time.Time) error { return l.discard(ctx, now) }

// Asked returns how many messages the log has sent to the server.
func (l *Log) Asked() uint64 { return l.nc.Stats().OutMsgs }

// Retain does once what is done from time to time.
func (l *Log) Retain(now time.Time) { l.retainOnce(now) }

// Largest is how large the message of an event can be.
var Largest = largest

// ShareAlways has whatever is read be read for all.
func (l *Log) ShareAlways() { l.scan.crowd = 1 }
