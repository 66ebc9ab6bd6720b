// Command peers measures Tidings beside others with the same load generator:
//
//   - limit, a program in C that walks its sockets and writes, and does nothing
//     else: what the machine allows;
//   - nchan, a module of nginx, with one worker;
//   - naive, the usual server in Go: net/http, a goroutine and a channel for
//     each connection;
//   - tidings serve, with --delivery raw and with --delivery portable where it
//     has these.
//
// "go run ./bench/peers" builds what it needs and prints Markdown; see
// docs/benchmarks/delivery.md. It needs Linux, gcc and nginx with nchan, and of
// PostgreSQL the programs, for the scenarios with its log.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	scenarios   *regexp.Regexp
	peers       []string
	rounds      int
	connections int
	duration    time.Duration
	serverCPU   int
	loadCPU     int
	others      float64
	list        bool
}

// parse reads the flags.
func parse(args []string, errs io.Writer) (*settings, error) {
	s, flags := &settings{}, flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.SetOutput(errs)
	pattern := flags.String("scenario", "", "only scenarios whose names match this regular expression")
	peers := flags.String("peers", "", "only these, with commas: limit,nchan,naive,portable,raw")
	flags.IntVar(&s.rounds, "rounds", 3, "how often each is measured, in turn with the others")
	flags.IntVar(&s.connections, "connections", 10_000, "connections of most scenarios")
	flags.DurationVar(&s.duration, "duration", 3*time.Second, "how long each is measured")
	flags.IntVar(&s.serverCPU, "server-cpu", 0, "the CPU of the servers, -1 for any")
	flags.IntVar(&s.loadCPU, "load-cpu", 1, "the CPU of the load generator, -1 for any")
	flags.Float64Var(&s.others, "others", 15, "drop what was measured while other processes took more than this percentage of a CPU")
	flags.BoolVar(&s.list, "list", false, "only list the scenarios")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var err error
	if s.scenarios, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-scenario: %w", err)
	}
	if *peers != "" {
		s.peers = strings.Split(*peers, ",")
	}
	if s.rounds < 1 || s.connections < 10 || s.duration <= 0 {
		return nil, errors.New("want at least one round, ten connections and some time")
	}
	return s, nil
}

// run measures what the arguments say and prints what came of it.
func run(ctx context.Context, args []string, out, errs io.Writer) error {
	s, err := parse(args, errs)
	if err != nil {
		return err
	}
	chosen := s.chosen()
	if s.list {
		for _, sc := range chosen {
			fmt.Fprintln(out, sc.name)
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "tidings-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{settings: s, dir: dir, errs: errs, results: results{}}
	if err := b.prepare(ctx, chosen); err != nil {
		return err
	}
	defer b.database.stop()
	err = b.measure(ctx, chosen)
	b.print(out, chosen) // what there is, also if it was interrupted
	if err == nil && len(b.failures) > 0 {
		err = fmt.Errorf("%d measurements failed", len(b.failures))
	}
	return err
}

// chosen returns the scenarios that the flags ask for.
func (s *settings) chosen() (chosen []scenario) {
	for _, sc := range scenarios(s) {
		if s.scenarios.MatchString(sc.name) {
			chosen = append(chosen, sc)
		}
	}
	return chosen
}
