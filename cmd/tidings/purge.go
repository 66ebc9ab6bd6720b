package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/postgres"
)

// purge is "tidings postgres purge".
type purge struct {
	database `prefix:"postgres-"`
	User     string `required:"" placeholder:"NAME" help:"The owner; empty for events without one."`
	Yes      bool   `help:"Do not ask."`
}

// Help is shown by --help.
func (purge) Help() string {
	return `It takes all events of the owner out of the log, the outbox and the dead letters, tells all servers to forget them, and prints the position of the event that tells them. There is no way back. Events that are published afterwards are kept as ever. The owner's clients that had not read all of it are told that something is missing.

What the database keeps of deleted rows, in its files and in backups, is its own affair: VACUUM where that matters.

Example:

    tidings postgres purge --user alice`
}

// Run purges.
func (p *purge) Run(ctx context.Context, c *console) error {
	a, err := p.address()
	if err != nil {
		return err
	}
	if err := tidings.CheckName("--user", p.User, tidings.DefaultLimits().Name); err != nil {
		return usage("%v", err)
	}
	if err := p.confirm(c, &a); err != nil {
		return err
	}
	return p.with(ctx, func(log *postgres.Log) error {
		at, err := log.Purge(ctx, p.User)
		if errors.Is(err, tidings.ErrUnknownOutcome) {
			return fmt.Errorf("%w; purge again to be sure, which does no harm", err)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "purged %s\n", at)
		return err
	})
}

// confirm asks, if somebody can answer.
func (p *purge) confirm(c *console, a *postgres.Address) error {
	if p.Yes {
		return nil
	}
	if !c.inTTY {
		return usage("purge discards everything of %q and asks before, but nobody is there to answer: add --yes", p.User)
	}
	fmt.Fprintf(c.err, "Discard everything of %q in %s? There is no way back. Type yes: ", p.User, place(a))
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("not confirmed, nothing is purged")
	}
	return nil
}
