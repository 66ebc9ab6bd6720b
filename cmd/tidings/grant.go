package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/tidings-dev/tidings/postgres"
)

// grant is "tidings postgres grant".
type grant struct {
	database `prefix:"postgres-"`
	Publish  []string `sep:"none" placeholder:"ROLE" help:"Let ROLE publish from SQL, and nothing else; may be given more than once."`
	Serve    []string `sep:"none" placeholder:"ROLE" help:"Let ROLE serve with --postgres-no-migrate; may be given more than once."`
}

// Help is shown by --help.
func (grant) Help() string {
	return `Who created the log's tables grants. A role that may publish cannot read events; a role that may serve cannot change tables. After a migration grant --serve again.

Examples:

    tidings postgres grant --publish app
    tidings postgres grant --serve tidings_server --publish app --publish worker`
}

// Run grants.
func (g *grant) Run(ctx context.Context, c *console) error {
	if _, err := g.address(); err != nil {
		return err
	}
	if len(g.Publish)+len(g.Serve) == 0 || slices.Contains(slices.Concat(g.Publish, g.Serve), "") {
		return usage("grant what to whom? Add --publish ROLE or --serve ROLE")
	}
	if err := g.each(ctx, c, g.Publish, "publish from SQL", postgres.GrantPublish); err != nil {
		return err
	}
	return g.each(ctx, c, g.Serve, "serve", postgres.GrantServe)
}

// each grants something to roles, and says so.
func (g *grant) each(ctx context.Context, c *console, roles []string, what string, to func(ctx context.Context, url, schema, role string) error) error {
	for _, role := range roles {
		if err := to(ctx, g.URL, g.Schema, role); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(c.out, "%s may %s in schema %s\n", printable(role), what, g.Schema); err != nil {
			return err
		}
	}
	return nil
}
