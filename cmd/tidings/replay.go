package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

// replay is "tidings replay".
type replay struct {
	remote
	Files    []string      `arg:"" name:"file" type:"existingfile" help:"Recorded runs: JSON lines with the member _offset_ms."`
	Channel  string        `default:"agui" placeholder:"NAME" help:"What to publish on (${default})."`
	Users    int           `placeholder:"N" help:"Spread the files over the owners user-1 to user-N."`
	KeepIDs  bool          `name:"keep-ids" help:"Keep the threads that the events name, instead of a session for each file."`
	Speed    speed         `default:"1x" placeholder:"FACTOR" help:"How much faster than it happened; max is as fast as can be (${default})."`
	Rate     float64       `placeholder:"N" help:"Publish N events a second instead, all files together."`
	Parallel int           `default:"4" placeholder:"N" help:"How many files to play at the same time (${default})."`
	MaxGap   time.Duration `default:"5s" help:"Shorten pauses that are longer (${default})."`
	Patience time.Duration `default:"30s" help:"How long to go on trying when the server does not answer (${default})."`
	JSON     bool          `name:"json" help:"Print the summary as JSON."`
}

// Help is shown by --help.
func (replay) Help() string {
	return `Each file is played at its natural pace into a session that has the file's name, byte for byte. Every event has a key, so what has to be sent again is not published twice; a second replay is.

Examples:

    tidings replay --user alice run.jsonl
    tidings replay --users 20 --parallel 20 testdata/runs/agui/*.jsonl
    tidings replay --user alice --speed 0.1x run.jsonl   # to watch it
    tidings replay --user alice --rate 500 --parallel 8 *.jsonl

"tidings tail" shows what arrives. Ctrl-C stops it; the summary tells what was published until then.`
}

// Run replays.
func (p *replay) Run(ctx context.Context, c *console) error {
	if err := p.check(); err != nil {
		return err
	}
	recordings, err := p.read()
	if err != nil {
		return err
	}
	hub, err := p.client(c, client.Options{Patience: p.Patience, Hooks: client.Hooks{Retrying: p.retrying(c)}})
	if err != nil {
		return err
	}
	defer hub.Close()
	s := newSummary(recordings)
	err = p.play(ctx, hub, recordings, s, progress(c, s))
	s.Seconds = time.Since(s.began).Seconds()
	if printed := s.print(c.out, p.JSON); err == nil {
		err = printed
	}
	if ctx.Err() != nil {
		return errors.New("stopped before the end")
	}
	return p.at(err)
}

// check reports flags that make no sense.
func (p *replay) check() error {
	switch {
	case p.Users < 0:
		return usage("--users %d: want 1 or more", p.Users)
	case p.Users > 0 && p.User != "":
		return usage("--user and --users exclude each other")
	case p.Rate < 0 || p.Rate > 1e7:
		return usage("--rate %v: want from 1 to 10000000 events a second", p.Rate)
	case p.Parallel < 1:
		return usage("--parallel %d: want 1 or more", p.Parallel)
	case p.MaxGap < 0:
		return usage("--max-gap %s: want 0s or more", p.MaxGap)
	}
	return nil
}

// read reads all files, before anything is published.
func (p *replay) read() ([]*recording, error) {
	var all []*recording
	id := rand.Text()
	for i, path := range p.Files {
		place := &placer{channel: tidings.Channel(p.Channel)}
		if !p.KeepIDs {
			place.session = sessionOf(path)
		}
		r, err := readRecording(path, place, p.owner(i), fmt.Sprintf("%s-%d", id, i), p.MaxGap)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// owner returns the owner of file i.
func (p *replay) owner(i int) string {
	if p.Users > 0 {
		return fmt.Sprintf("user-%d", i%p.Users+1)
	}
	return p.User
}

// play plays recordings, several at the same time. A recording that the server
// refuses does not stop the others; a server that does not answer does.
func (p *replay) play(ctx context.Context, hub *client.Client, recordings []*recording, s *summary, bar *progressbar.ProgressBar) error {
	defer bar.Exit()
	pace := newPace(p.Speed, p.Rate)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.Parallel)
	for i, r := range recordings {
		group.Go(func() error {
			err := pace.play(ctx, r, func(batch []tidings.Event) error {
				receipts, err := hub.PublishBatch(ctx, batch)
				s.count(i, receipts)
				return errors.Join(err, bar.Add(len(receipts)))
			})
			return s.end(i, p.at(err))
		})
	}
	return errors.Join(group.Wait(), s.refused())
}

// progress returns a bar that is seen only on a terminal.
func progress(c *console, s *summary) *progressbar.ProgressBar {
	return progressbar.NewOptions(s.total,
		progressbar.OptionSetWriter(c.err), progressbar.OptionSetVisibility(c.errTTY),
		progressbar.OptionSetDescription("replaying"), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("events"), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())
}
