package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// A closer is a log that is open.
type closer interface {
	tidings.Log
	Close() error
}

// The logs that there are.
const (
	memoryLog   = "memory"
	databaseLog = "postgres"
)

// openLog opens the log that was asked for.
func (s *serve) openLog(ctx context.Context, router *tidings.Router, logger *slog.Logger) (closer, error) {
	if s.Log == databaseLog {
		return s.Postgres.open(ctx, router, logger)
	}
	return tidings.NewMemoryLog(nil), nil
}

// postgresLog has the flags of a log in a database.
type postgresLog struct {
	database
	Pooled      bool      `env:"TIDINGS_POSTGRES_POOLED" help:"Connections go through a pooler such as PgBouncer in transaction mode."`
	NoMigrate   bool      `env:"TIDINGS_POSTGRES_NO_MIGRATE" help:"Leave the schema as it is; \"tidings postgres migrate\" brings it up to date."`
	RetainAge   ageBound  `default:"7d" env:"TIDINGS_POSTGRES_RETAIN_AGE" placeholder:"AGE" help:"How long events are kept, such as 7d or 12h, or unlimited (${default})."`
	RetainBytes sizeBound `default:"16GiB" env:"TIDINGS_POSTGRES_RETAIN_BYTES" placeholder:"SIZE" help:"How much of the disk events and indexes may take before the oldest events go, such as 500MB or 16GiB, or unlimited (${default})."`
}

// open opens the log, waiting for the database if need be.
func (p *postgresLog) open(ctx context.Context, router *tidings.Router, logger *slog.Logger) (*postgres.Log, error) {
	return postgres.Open(ctx, p.URL, &postgres.Options{
		Schema: p.Schema, Pooled: p.Pooled, NoMigrate: p.NoMigrate,
		RetainAge: time.Duration(p.RetainAge), RetainBytes: int64(p.RetainBytes), Router: router, Logger: logger,
	})
}

// checkLog reports flags that say where events are kept and contradict each
// other. Who names a database and gets a log in memory would find out when it is
// too late.
func (s *serve) checkLog(parsed *kong.Context) error {
	if s.Log == databaseLog {
		_, err := s.Postgres.address()
		return err
	}
	for _, p := range parsed.Path {
		if p.Flag != nil && strings.HasPrefix(p.Flag.Name, "postgres-") {
			return usage("--%s is for a log in a database: add --log postgres, or leave it out", p.Flag.Name)
		}
	}
	if s.Postgres.URL != "" && !stated(parsed, "log") {
		return usage("TIDINGS_POSTGRES_URL names a database: add --log postgres to keep events there, or --log memory to keep them in memory all the same")
	}
	return nil
}

// stated reports whether the command line or the environment has a flag.
func stated(parsed *kong.Context, name string) bool {
	for _, p := range parsed.Path {
		if p.Flag != nil && p.Flag.Name == name {
			return true
		}
	}
	for _, f := range parsed.Flags() {
		for _, env := range f.Envs {
			if _, set := os.LookupEnv(env); set && f.Name == name {
				return true
			}
		}
	}
	return false
}

// interrupted reports whether an error is that a signal came.
func interrupted(err error) bool { return errors.Is(err, errInterrupted) }
