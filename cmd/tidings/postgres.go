package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tidings-dev/tidings/postgres"
)

// postgresCommands are "tidings postgres".
type postgresCommands struct {
	Migrate migrate `cmd:"" help:"Create the log's tables, or bring them up to date."`
	Grant   grant   `cmd:"" help:"Let roles publish from SQL, or serve."`
	Outbox  outbox  `cmd:"" help:"Look after events that were published from SQL."`
	Purge   purge   `cmd:"" help:"Discard everything of one owner."`
}

// Help is shown by --help.
func (postgresCommands) Help() string {
	return `These commands go to the database, whether servers run or not. They take it from TIDINGS_POSTGRES_URL or --postgres-url. Passwords are never shown.

Examples:

    export TIDINGS_POSTGRES_URL=postgres://app:secret@db.example/app
    tidings postgres migrate --check
    tidings postgres outbox list
    tidings serve --log postgres`
}

// openPatience is how long a command waits for a database that cannot be
// reached.
const openPatience = 5 * time.Second

// open opens the log as it is, to ask it and not to follow it.
func (d *database) open(ctx context.Context) (*postgres.Log, error) {
	if _, err := d.address(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, openPatience, fmt.Errorf("waited for %s", openPatience))
	defer cancel()
	return postgres.Open(ctx, d.URL, &postgres.Options{Schema: d.Schema, Pooled: true, NoMigrate: true})
}

// with calls do with the log, which it opens and closes.
func (d *database) with(ctx context.Context, do func(*postgres.Log) error) error {
	log, err := d.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(log), log.Close())
}

// table writes rows in columns, the first of which are their names. What could
// steer a terminal is replaced.
func (c *console) table(rows [][]string) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = cmp.Or(printable(cell), "-")
		}
		fmt.Fprintln(w, strings.Join(cells, "\t")) // Flush has the error
	}
	return w.Flush()
}

// printJSON writes a line of JSON.
func (c *console) printJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
