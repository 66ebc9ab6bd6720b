// Command tidings runs the hub and talks to it. "tidings --help" teaches it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tidings-dev/tidings/internal/load"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1 // something went wrong
	exitUsage = 2 // the command line makes no sense
)

// commands are the subcommands, in the order in which a newcomer needs them.
type commands struct {
	Demo     demo             `cmd:"" help:"Run the hub and play recorded runs on it, to look around."`
	Serve    serve            `cmd:"" help:"Run the hub."`
	Publish  publish          `cmd:"" help:"Publish events."`
	Tail     tail             `cmd:"" help:"Follow a stream and print its events."`
	Replay   replay           `cmd:"" help:"Publish recorded runs as they happened."`
	Token    token            `cmd:"" help:"Make a token for development."`
	Bench    bench            `cmd:"" help:"Put a server under load and measure."`
	Postgres postgresCommands `cmd:"" help:"Look after a log in PostgreSQL."`
	Config   config           `cmd:"" help:"Print what serve would be told by file, environment and flags."`
	Version  version          `cmd:"" help:"Print the version."`
}

const description = `Tidings is a hub for the events of AI agents.

Look around with "tidings demo". Start a hub with "tidings serve", look at it
with "tidings tail", and give it something to do with "tidings publish" or
"tidings replay". Each command's --help has examples.`

func main() {
	os.Exit(run(os.Args[1:], newConsole()))
}

// run is main without the process, but for --help, which exits.
func run(args []string, c *console) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, stop := interruptible()
	defer stop()
	c.in = &interruptibleReader{ctx, c.in}
	parsed, err := parser(ctx, c).Parse(args)
	if err == nil {
		err = parsed.Run()
	}
	return c.exit(err)
}

// interruptible returns a context that the first signal ends. The second ends
// the process. The caller calls stop.
func interruptible() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stopped := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for _, act := range []func(){func() { cancel(errInterrupted) }, func() { os.Exit(exitError) }} {
			select {
			case <-signals:
				act()
			case <-stopped:
				return
			}
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(stopped)
		watching.Wait()
	}
}

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted")

// parser returns the command line's grammar.
func parser(ctx context.Context, c *console) *kong.Kong {
	from := new(settings)
	return kong.Must(new(commands),
		kong.Name("tidings"),
		kong.Description(description),
		kong.Writers(c.out, c.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 80}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(c, from),
		kong.Resolvers(from),
		vars,
	)
}

// vars stand in the tags of flags.
var vars = kong.Vars{"subscribe_url": load.SubscribeURL, "publish_url": load.PublishURL, "batch_url": load.BatchURL}

// A usageError is a command line that makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// usage returns a *usageError.
func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// exit prints the error, if any, and returns the exit code.
func (c *console) exit(err error) int {
	if err == nil {
		return exitOK
	}
	for _, leaf := range leaves(err) {
		fmt.Fprintf(c.err, "tidings: %s\n", explain(leaf))
	}
	_, parse := errors.AsType[*kong.ParseError](err)
	_, usage := errors.AsType[*usageError](err)
	if parse || usage {
		return exitUsage
	}
	return exitError
}
