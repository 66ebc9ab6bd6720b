package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// A closer is a log that is open.
type closer interface {
	tidings.Log
	Close() error
}

// openLog opens the log that was asked for.
func (s *serve) openLog(ctx context.Context, router *tidings.Router, logger *slog.Logger) (closer, error) {
	if s.Log == "postgres" {
		return s.Postgres.open(ctx, router, logger)
	}
	return tidings.NewMemoryLog(nil), nil
}

// postgresLog has the flags of a log in a database.
type postgresLog struct {
	URL         string        `name:"url" env:"TIDINGS_POSTGRES_URL" placeholder:"URL" help:"The database, such as postgres://app:secret@db.example/app."`
	Schema      string        `default:"tidings" env:"TIDINGS_POSTGRES_SCHEMA" help:"The schema with the log (${default})."`
	Pooled      bool          `env:"TIDINGS_POSTGRES_POOLED" help:"Connections go through a pooler such as PgBouncer in transaction mode."`
	NoMigrate   bool          `env:"TIDINGS_POSTGRES_NO_MIGRATE" help:"Leave the schema as it is; \"tidings postgres migrate\" brings it up to date."`
	RetainAge   time.Duration `default:"168h" env:"TIDINGS_POSTGRES_RETAIN_AGE" help:"How long events are kept (${default})."`
	RetainBytes int64         `default:"17179869184" env:"TIDINGS_POSTGRES_RETAIN_BYTES" help:"How many bytes of disk the events may take (${default})."`
}

// open opens the log.
func (p *postgresLog) open(ctx context.Context, router *tidings.Router, logger *slog.Logger) (*postgres.Log, error) {
	if p.URL == "" {
		return nil, usage("--log postgres needs --postgres-url, such as postgres://app:secret@db.example/app")
	}
	return postgres.Open(ctx, p.URL, &postgres.Options{
		Schema: p.Schema, Pooled: p.Pooled, NoMigrate: p.NoMigrate,
		RetainAge: p.RetainAge, RetainBytes: p.RetainBytes, Router: router, Logger: logger,
	})
}
