package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidings-dev/tidings/postgres"
)

// migrate is "tidings postgres migrate".
type migrate struct {
	database `prefix:"postgres-"`
	Check    bool `help:"Change nothing, and fail if something is to be done."`
	JSON     bool `name:"json" help:"Print JSON."`
}

// Help is shown by --help.
func (migrate) Help() string {
	return `"tidings serve" does this by itself, unless it is told --postgres-no-migrate: then its role needs no right to create tables, and who has it migrates first. All is done in one transaction, and it may be done while servers run.

Examples:

    tidings postgres migrate
    tidings postgres migrate --check        # exit 0: up to date, 1: not
    tidings postgres migrate --postgres-schema staging`
}

// A migrated says how far a schema is, and what was done for it.
type migrated struct {
	Schema  string   `json:"schema"`
	Version int      `json:"version"` // 0 where there is no log
	Program int      `json:"program"` // the version that this program knows
	Needs   int      `json:"needs"`   // the version that a program has to know
	Pending []string `json:"pending"`
	Made    []string `json:"made"`
}

// Run migrates, or looks.
func (m *migrate) Run(ctx context.Context, c *console) error {
	if _, err := m.address(); err != nil {
		return err
	}
	var made []string
	if !m.Check {
		before, err := postgres.Migrate(ctx, m.URL, m.Schema)
		if err != nil {
			return err
		}
		made = before.Pending
	}
	v, err := postgres.CheckVersion(ctx, m.URL, m.Schema)
	if err != nil {
		return err
	}
	now := state(&v, made)
	if err := m.print(c, now); err != nil {
		return err
	}
	return now.verdict()
}

// state returns how far the schema is, and what was done for that.
func state(v *postgres.Version, made []string) *migrated {
	return &migrated{
		Schema: v.Schema, Version: v.Have, Program: v.Want, Needs: v.Compatible,
		Pending: append([]string{}, v.Pending...), Made: append([]string{}, made...),
	}
}

// print writes it.
func (m *migrate) print(c *console, now *migrated) error {
	if m.JSON {
		return c.printJSON(now)
	}
	head, row := []string{"schema", "version", "this program"}, []string{now.Schema, strconv.Itoa(now.Version), strconv.Itoa(now.Program)}
	head, row = append(head, "pending"), append(row, strings.Join(now.Pending, ", "))
	if len(now.Made) > 0 {
		head, row = append(head, "made"), append(row, strings.Join(now.Made, ", "))
	}
	return c.table([][]string{head, row})
}

// verdict returns why this program cannot work with the schema, or nil.
func (m *migrated) verdict() error {
	switch {
	case len(m.Pending) > 0:
		return fmt.Errorf("the schema %s is not up to date: tidings postgres migrate", m.Schema)
	case m.Needs > m.Program:
		return fmt.Errorf("the schema %s needs a program that knows version %d, and this one knows %d: use a newer one", m.Schema, m.Needs, m.Program)
	}
	return nil
}
