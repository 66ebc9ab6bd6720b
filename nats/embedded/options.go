package embedded

import (
	"log/slog"
	"time"

	"github.com/tidings-dev/tidings/nats"
)

// Options are the options of Open. Zero fields, and nil, mean the defaults.
type Options struct {
	// Log are those of the log in the server. Replicas has no meaning here.
	Log nats.Options
	// SyncInterval is how often the system is told to write what it has to the
	// disk, and so what a power cut can take; 1 second by default.
	SyncInterval time.Duration
	// SyncAlways has it told with each append, before that is acknowledged.
	SyncAlways bool
}

// withDefaults returns a copy of o with zero fields set.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.SyncInterval <= 0 {
		c.SyncInterval = time.Second
	}
	if c.Log.Logger == nil {
		c.Log.Logger = slog.New(slog.DiscardHandler)
	}
	c.Log.Replicas = 1
	return c
}
