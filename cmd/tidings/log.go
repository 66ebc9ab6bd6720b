package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
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
	jetStreamLog = "nats"
	memoryLog    = "memory"
	databaseLog  = "postgres"
)

// openLog opens the log that was asked for.
func (s *serve) openLog(ctx context.Context, router *tidings.Router, logger *slog.Logger) (closer, error) {
	switch {
	case s.Log == databaseLog:
		return s.Postgres.open(ctx, router, logger)
	case s.Log == memoryLog:
		return tidings.NewMemoryLog(nil), nil
	case s.embedded():
		return s.Directory.open(ctx, &s.Retention, logger)
	}
	return s.NATS.open(ctx, &s.Retention, logger)
}

// embedded reports whether events are kept in a directory.
func (s *serve) embedded() bool { return s.Log == jetStreamLog && s.NATS.URL == "" }

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
// other. Who names a database and gets a log in a directory would find out when
// it is too late.
func (s *serve) checkLog(parsed *kong.Context) error {
	if err := cmp.Or(s.checkOthers(parsed), s.checkNATS(parsed)); err != nil {
		return err
	}
	if s.Log == databaseLog {
		_, err := s.Postgres.address()
		return err
	}
	if s.Postgres.URL != "" && !stated(parsed, "log") {
		return usage("TIDINGS_POSTGRES_URL names a database: add --log postgres to keep events there, or --log %s to keep them elsewhere all the same", s.Log)
	}
	return nil
}

// checkOthers reports flags of another log than the one that was asked for.
func (s *serve) checkOthers(parsed *kong.Context) error {
	for _, p := range parsed.Path {
		if p.Flag == nil {
			continue
		}
		switch of := logOf(p.Flag); {
		case of == "" || of == s.Log:
		case of == databaseLog:
			return usage("--%s is for a log in a database: add --log postgres, or leave it out", p.Flag.Name)
		case s.Log == databaseLog && strings.HasPrefix(p.Flag.Name, "retain-"):
			return usage("--%s is for --log nats: with --log postgres it is --postgres-%[1]s", p.Flag.Name)
		default:
			return usage("--%s is for --log nats: leave it out, or --log %s", p.Flag.Name, s.Log)
		}
	}
	return nil
}

// logOf returns which log a flag is for; it is empty if it is for all.
func logOf(f *kong.Flag) string {
	if strings.HasPrefix(f.Name, "postgres-") {
		return databaseLog
	}
	if strings.HasPrefix(f.Name, "nats-") || strings.HasPrefix(f.Name, "retain-") || f.Name == "accept-loss" || slices.Contains(directoryFlags, f.Name) {
		return jetStreamLog
	}
	return ""
}

// directoryFlags are those that only a log in a directory has.
var directoryFlags = []string{"data-dir", "fsync"}

// checkNATS reports flags of a server that is not named, and of a directory where
// a server is.
func (s *serve) checkNATS(parsed *kong.Context) error {
	if s.Log != jetStreamLog {
		return nil
	}
	if !s.embedded() {
		if i := slices.IndexFunc(directoryFlags, func(name string) bool { return onCommandLine(parsed, name) }); i >= 0 {
			return usage("--%s is for events in a directory, and --nats-url or TIDINGS_NATS_URL has them on a server: leave one of the two out", directoryFlags[i])
		}
		return s.NATS.check()
	}
	if onCommandLine(parsed, "nats-url") {
		return usage("--nats-url is empty: name a server, or leave it out")
	}
	for _, f := range parsed.Flags() {
		if strings.HasPrefix(f.Name, "nats-") && stated(parsed, f.Name) && !f.Target.IsZero() {
			return usage("--%s is for a server of NATS that others operate: name it in --nats-url or TIDINGS_NATS_URL, or leave it out", f.Name)
		}
	}
	return nil
}

// stated reports whether the command line or the environment has a flag.
func stated(parsed *kong.Context, name string) bool {
	if onCommandLine(parsed, name) {
		return true
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

// onCommandLine reports whether the command line has a flag.
func onCommandLine(parsed *kong.Context, name string) bool {
	return slices.ContainsFunc(parsed.Path, func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == name })
}

// interrupted reports whether an error is that a signal came.
func interrupted(err error) bool { return errors.Is(err, errInterrupted) }
