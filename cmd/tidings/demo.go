package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidings-dev/tidings"
)

// demo is "tidings demo".
type demo struct {
	Addr  string `default:"127.0.0.1:8080" env:"TIDINGS_ADDR" placeholder:"HOST:PORT" help:"Where to listen (${default}); port 0 takes a free one."`
	Users int    `default:"3" placeholder:"N" help:"How many owners there are: alice, bob, carol, user-4 and so on (${default})."`
	Speed speed  `default:"0.02x" placeholder:"FACTOR" help:"How much faster than recorded, which is an event each millisecond; max is as fast as can be (${default})."`
}

// Help is shown by --help.
func (demo) Help() string {
	return `It is "tidings serve" with something to see: runs of agents of several frameworks, which are part of the program, are played again and again, each time in a new session, for several owners at the same time. Open the page that it names, reload it in the middle of an answer, cut a curl and continue: nothing is missing and nothing is repeated.

The runs are as they were recorded, an error and an unknown event included, but slowed down so that one can read along. Each session has a CONTEXT_CREATED event on the channel system, which names it, a task on the channel a2a, and a PAGE_VIEW on the channel analytics.

Examples:

    tidings demo
    tidings demo --users 1 --speed 0.005x          # one owner, slowly
    tidings demo --users 200 --speed 1x            # more than anybody can read
    tidings tail contexts --user alice             # in another terminal

Like serve it serves programs on this machine only. Events are kept in memory and are gone when it ends, which Ctrl-C does.`
}

const (
	demoMostUsers   = 10_000
	demoPause       = 3 * time.Second // between two runs of an owner
	demoDrain       = 2 * time.Second // nobody depends on it
	demoConnections = 10
	demoSocketMode  = 0o600
)

// Run plays until a signal comes.
func (d *demo) Run(ctx context.Context, c *console) error {
	server := &serve{Addr: d.Addr, Log: memoryLog, Drain: demoDrain, Retry: time.Second, MaxConnections: demoConnections, Listen: listening{SocketMode: demoSocketMode}}
	if err := cmp.Or(d.check(), server.check()); err != nil {
		return err
	}
	r, err := server.open(ctx, c, nil)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	c.invite(d.owners(), r.url())
	playing, stop := context.WithCancel(ctx)
	defer stop()
	group, playing := errgroup.WithContext(playing)
	d.play(playing, group, r.hub)
	err = server.listen(playing, c, r)
	stop()
	return errors.Join(err, group.Wait())
}

// check reports flags that make no sense.
func (d *demo) check() error {
	if d.Users < 1 || d.Users > demoMostUsers {
		return usage("--users %d: want from 1 to %d", d.Users, demoMostUsers)
	}
	return nil
}

// owners returns the names of the owners.
func (d *demo) owners() []string {
	names := []string{"alice", "bob", "carol"}
	for n := len(names) + 1; n <= d.Users; n++ {
		names = append(names, fmt.Sprintf("user-%d", n))
	}
	return names[:d.Users]
}

// play starts what plays for each owner, which ends with ctx.
func (d *demo) play(ctx context.Context, group *errgroup.Group, hub *tidings.Hub) {
	s := &show{hub: hub, pace: newPace(d.Speed, 0), pause: demoPause}
	for i, owner := range d.owners() {
		group.Go(func() error { return s.play(ctx, owner, i) })
	}
}
