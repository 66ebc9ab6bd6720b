package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// database has the flags that say which database, and where in it.
type database struct {
	URL    string `secret:"url" env:"TIDINGS_POSTGRES_URL" placeholder:"URL" help:"The database, such as postgres://app:secret@db.example/app. In the variable the password is not in the list of processes."`
	Schema string `default:"tidings" env:"TIDINGS_POSTGRES_SCHEMA" placeholder:"NAME" help:"The schema with the log (${default})."`
}

// address returns where the log is, or why nothing can be there.
func (d *database) address() (postgres.Address, error) {
	if d.URL == "" {
		return postgres.Address{}, usage("which database? Set TIDINGS_POSTGRES_URL or --postgres-url to one such as postgres://app:secret@db.example/app")
	}
	a, err := postgres.ParseAddress(d.URL, d.Schema)
	if invalid, ok := errors.AsType[*tidings.InvalidError](err); ok {
		return a, usage("--postgres-%s: want %s", invalid.Field, invalid.Want)
	}
	return a, err
}

// place says where a log is.
func place(a *postgres.Address) string {
	return printable(fmt.Sprintf("PostgreSQL at %s, database %s, schema %s", strings.Join(a.Servers, " or "), a.Database, a.Schema))
}
