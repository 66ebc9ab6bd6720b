package nats

import (
	"log/slog"
	"time"

	"github.com/tidings-dev/tidings"
)

// Options are the options of Open. Zero fields, and nil, mean the defaults.
type Options struct {
	// Stream is the name of the stream, which begins its subjects; "TIDINGS" by
	// default. Two streams are two logs.
	Stream string
	// Replicas is how many servers of a cluster keep each event; 1 by default. It
	// is looked at when the stream is created.
	Replicas int
	// KeyWindow is how long a Key is remembered; 2 minutes by default. It is a
	// property of the stream: the processes that share one should agree.
	KeyWindow time.Duration
	// RetainAge and RetainBytes bound what is kept: the oldest events are
	// discarded when they are older, or when the stream is larger. 7 days and 16
	// GiB by default; negative for no such bound. The processes that share a log
	// should agree.
	RetainAge   time.Duration
	RetainBytes int64
	// AcceptLoss accepts that events are missing which nobody discarded, because
	// files were damaged. The floor is raised past them, so that readers are told;
	// what is older is discarded with them. Without it there is an error that matches
	// ErrDamaged.
	AcceptLoss bool
	// Limits are those of the hub: the server has to take the largest event. By
	// default they are those of a hub that sets none.
	Limits tidings.Limits
	// Logger gets what an operator acts on; nil discards it.
	Logger *slog.Logger
}

// withDefaults returns a copy of o with zero fields set.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Stream == "" {
		c.Stream = DefaultStream
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	d := tidings.DefaultLimits()
	c.Limits.Event, c.Limits.Name, c.Limits.Type = orDefault(c.Limits.Event, d.Event), orDefault(c.Limits.Name, d.Name), orDefault(c.Limits.Type, d.Type)
	c.Replicas = orDefault(c.Replicas, 1)
	c.KeyWindow = orDefault(c.KeyWindow, 2*time.Minute)
	c.RetainAge = orDefault(c.RetainAge, 7*24*time.Hour)
	c.RetainBytes = orDefault(c.RetainBytes, 16<<30)
	return c, checkStream(c.Stream)
}

// orDefault returns v, or what is the default if v is zero.
func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
