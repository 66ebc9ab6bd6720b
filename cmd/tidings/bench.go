package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tidings-dev/tidings/internal/load"
)

// bench is "tidings bench".
type bench struct {
	Scenario string `arg:"" optional:"" default:"broadcast" enum:"broadcast,owners,herd,stalled,idle" help:"What to do: broadcast, owners, herd, stalled or idle (${default})."`

	URL          string `default:"http://127.0.0.1:8080" env:"TIDINGS_URL" placeholder:"URL" help:"The server (${default})."`
	SubscribeURL string `placeholder:"TEMPLATE" help:"Where streams are, a path or a URL in which {user} stands for an owner and {channel} for the channel (${subscribe_url})."`
	PublishURL   string `placeholder:"TEMPLATE" help:"Where to publish; a template without {user} takes lines as POST ${batch_url} does (${publish_url}, for batches ${batch_url})."`
	Channel      string `default:"agui" placeholder:"NAME" help:"The channel, which is also the stream (${default})."`
	PID          []int  `name:"pid" placeholder:"PID" help:"The server's process, whose CPU and memory are measured; may be given more than once."`

	Connections int `short:"n" default:"1000" placeholder:"N" help:"How many streams (${default})."`
	Owners      int `placeholder:"N" help:"How many owners they belong to (1; of the scenarios owners and idle one each)."`
	Stalled     int `placeholder:"N" help:"How many of them never read (of the scenario stalled a tenth)."`
	Owed        int `placeholder:"N" help:"How many events each connection of a herd is owed (100)."`
	Connecting  int `placeholder:"N" help:"How many connections are opened at a time (100, of a herd 1000)."`

	Window     int     `short:"w" placeholder:"N" help:"Events outstanding at most (1; of the scenario owners as many as the publishers can send at a time)."`
	Rate       float64 `short:"r" placeholder:"N" help:"Events per second, instead of a window (of the scenario stalled 100, beside a herd 500)."`
	Publishers int     `short:"p" placeholder:"N" help:"Connections that publish (64 with a rate and of the scenario owners, else one for each event of the window, at most 16)."`
	Batch      int     `short:"b" placeholder:"N" help:"Events in each request (1)."`
	NDJSON     bool    `name:"ndjson" help:"Each publisher has one request, which stays open."`
	Size       int     `placeholder:"BYTES" help:"Bytes of each payload (148, which makes frames of about 190)."`

	Duration time.Duration `short:"d" placeholder:"TIME" help:"How long to measure (5s, of the scenario idle 20s)."`
	Warmup   time.Duration `placeholder:"TIME" help:"How long before that (1s)."`
	Patience time.Duration `placeholder:"TIME" help:"How long to wait for what does not come (10s)."`

	JSON    bool `name:"json" help:"Print the report as JSON."`
	GoBench bool `help:"Print the report as Go's benchmarks do, for benchstat."`
}

// Help is shown by --help.
func (bench) Help() string {
	return `It puts a server under load from one thread and reports what came of it. Every stream is verified: an event that is missing, repeated or out of order, or a stream that ends, is an error, and then there are no figures. It needs Linux.

broadcast has one owner, whose every event goes to all connections; owners has an owner for each connection; herd connects all at once, after a position since which each is owed events; stalled has readers that do not read beside others that do; idle sends nothing and measures what connections cost, memory at the end of it.

A window keeps so many events outstanding, each until all its subscribers have it: that measures cost and throughput. A rate sends at fixed times, and latency counts from when an event was due, sent or not: that measures latency.

Give the server one CPU and this another, and name the server's process:

    taskset -c 0 tidings serve --log memory --max-connections 20000 &
    taskset -c 1 tidings bench -n 10000 --pid $!                 # CPU of one delivery
    taskset -c 1 tidings bench -n 10000 --pid $! --window 16     # deliveries per second
    taskset -c 1 tidings bench -n 10000 --pid $! --rate 10       # latency

More examples:

    tidings bench owners -n 10000 --batch 100        # one connection each, 64 publishers
    tidings bench owners -n 10000 --rate 5000        # the same, latency
    tidings bench herd -n 10000 --owed 100           # all reconnect at once
    tidings bench stalled -n 10000 --stalled 1000 --size 1000 -d 40s
    tidings bench idle -n 18000 -d 30s --pid 4711
    tidings bench --go-bench >> old.txt              # several times, then benchstat old.txt new.txt

Another server is measured by its own addresses:

    tidings bench --url http://127.0.0.1:80 --subscribe-url '/sub/{user}' --publish-url '/pub/{user}'

A process may have open only as many files as "ulimit -n" says, which both ends need.`
}

// Run puts the server under load.
func (b *bench) Run(ctx context.Context, c *console) error {
	if err := b.check(); err != nil {
		return err
	}
	report, err := load.Run(ctx, b.options())
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	switch {
	case b.JSON:
		return c.printJSON(report)
	case b.GoBench:
		return report.WriteGoBench(c.out)
	}
	return report.WriteTable(c.out)
}

// check reports flags that make no sense.
func (b *bench) check() error {
	if b.JSON && b.GoBench {
		return usage("--json and --go-bench are two forms of one report: leave one out")
	}
	if err := b.options().Check(); err != nil {
		return usage("%v", err)
	}
	return nil
}

// options returns what the flags say.
func (b *bench) options() *load.Options {
	return &load.Options{
		Scenario: load.Scenario(b.Scenario), Server: b.URL,
		SubscribeURL: b.SubscribeURL, PublishURL: b.PublishURL, Channel: b.Channel, PIDs: b.PID,
		Connections: b.Connections, Owners: b.Owners, Stalled: b.Stalled, Owed: b.Owed, Connecting: b.Connecting,
		Window: b.Window, Rate: b.Rate, Publishers: b.Publishers, Batch: b.Batch, NDJSON: b.NDJSON, Size: b.Size,
		Duration: b.Duration, Warmup: b.Warmup, Patience: b.Patience,
	}
}
