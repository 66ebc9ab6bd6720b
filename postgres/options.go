package postgres

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings"
)

// OutboxChannel is the channel of NOTIFY on which a log tells that there is
// something to look for, in the log or in its outbox. It is the same for every
// schema, and the notification carries nothing.
const OutboxChannel = "tidings"

// DefaultSchema is where a log lives that is not told otherwise.
const DefaultSchema = "tidings"

// Options are the options of Open. Zero fields, and nil, mean the defaults.
type Options struct {
	// Schema is where in the database the log lives; "tidings" by default. Two
	// schemas are two logs.
	Schema string
	// Pooled is for connections through a pooler that gives each transaction
	// another session, such as PgBouncer in transaction mode: nothing is
	// prepared, set or listened to. What other processes appended is found by
	// asking.
	Pooled bool
	// Poll is how often the log asks for events when nothing told of any; 1
	// second by default, 100 milliseconds if Pooled.
	Poll time.Duration
	// Connections is how many connections read history for subscribers that are
	// behind the window, at most; 4 by default. Beside them the log has up to 4
	// for everything else, and one that listens.
	Connections int
	// KeyWindow is how long a Key is remembered; 2 minutes by default.
	KeyWindow time.Duration
	// RetainAge and RetainBytes bound what is kept: the oldest events are
	// discarded, a partition at a time, when they are older, or when the log
	// with its indexes is larger. 7 days and 16 GiB by default; negative for no
	// such bound. The processes that share a log should agree.
	RetainAge   time.Duration
	RetainBytes int64
	// Partition is how many events a partition has room for; 1,000,000 by
	// default. Where there are many, new ones are larger.
	Partition int64
	// Limits and Router are what events from the outbox are checked against. By
	// default they are those of a hub that sets none.
	Limits tidings.Limits
	Router *tidings.Router
	// NoMigrate leaves the schema to somebody else: one that is missing or too
	// old is an error. By default Open creates and migrates it.
	NoMigrate bool
	// Logger gets what an operator acts on; nil discards it.
	Logger *slog.Logger
}

// withDefaults returns a copy of o with zero fields set.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Schema == "" {
		c.Schema = DefaultSchema
	}
	if err := checkSchema(c.Schema); err != nil {
		return c, err
	}
	c.Poll = positive(c.Poll, time.Second)
	if c.Pooled && (o == nil || o.Poll <= 0) {
		c.Poll = 100 * time.Millisecond
	}
	c.Connections = positive(c.Connections, 4)
	c.KeyWindow = positive(c.KeyWindow, 2*time.Minute)
	c.Partition = positive(c.Partition, 1_000_000)
	if c.RetainAge == 0 {
		c.RetainAge = 7 * 24 * time.Hour
	}
	if c.RetainBytes == 0 {
		c.RetainBytes = 16 << 30
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if c.Router == nil {
		c.Router, err = tidings.NewRouter()
	}
	return c, err
}

// positive returns n, or def where n is not positive.
func positive[N int | int64 | time.Duration](n, def N) N {
	if n > 0 {
		return n
	}
	return def
}

// checkSchema reports why a schema cannot have that name. PostgreSQL cuts names
// that are longer.
func checkSchema(name string) error {
	if err := tidings.CheckName("schema", name, 63); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

// A schema is the name of a schema as SQL has it.
type schema string

func quoted(name string) schema { return schema(pgx.Identifier{name}.Sanitize()) }
