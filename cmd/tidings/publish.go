package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/internal/wire"
)

// publish is "tidings publish".
type publish struct {
	remote
	Channel  string        `default:"system" placeholder:"NAME" help:"What to publish on (${default})."`
	Session  string        `placeholder:"NAME" help:"The conversation the event belongs to."`
	Type     string        `placeholder:"NAME" help:"The event's type."`
	Key      string        `placeholder:"KEY" help:"Idempotency key: the same again changes nothing."`
	Data     *string       `short:"d" placeholder:"JSON" help:"The payload. Without it, standard input."`
	NDJSON   bool          `name:"ndjson" help:"Every line of standard input is an event."`
	JSON     bool          `name:"json" help:"Print receipts as JSON lines."`
	Patience time.Duration `default:"5s" help:"How long to go on trying (${default})."`
}

// Help is shown by --help.
func (publish) Help() string {
	return `The payload is any JSON value. It is kept and delivered byte for byte.

Examples:

    tidings publish --user alice --data '{"text":"hello"}'
    echo '{"text":"hello"}' | tidings publish --user alice
    tidings publish --user alice --channel agui --ndjson < run.jsonl
    tidings publish --user alice --key order-7 -d '{"paid":true}'   # safe to repeat

"tidings tail --user alice" shows what arrives.`
}

// Run publishes.
func (p *publish) Run(ctx context.Context, c *console) error {
	if err := p.check(); err != nil {
		return err
	}
	hub, err := p.client(c, client.Options{Patience: p.Patience, Hooks: client.Hooks{Retrying: p.retrying(c)}})
	if err != nil {
		return err
	}
	defer hub.Close()
	if p.NDJSON {
		return p.at(p.lines(ctx, c, hub))
	}
	data, err := p.payload(c)
	if err != nil {
		return err
	}
	e, err := p.event(p.placer(), data)
	if err != nil {
		return err
	}
	return p.at(p.send(ctx, c, hub, []tidings.Event{e}))
}

// check reports flags that contradict each other.
func (p *publish) check() error {
	switch {
	case p.NDJSON && p.Data != nil:
		return usage("--ndjson reads standard input: leave out --data")
	case p.NDJSON && p.Key != "":
		return usage("--key is for one event: leave out --ndjson")
	case p.Data != nil && !json.Valid([]byte(*p.Data)):
		return usage("--data %q is not JSON. Text is written '\"so\"'", *p.Data)
	}
	return nil
}

// payload returns the one payload.
func (p *publish) payload(c *console) ([]byte, error) {
	if p.Data != nil {
		return []byte(*p.Data), nil
	}
	if c.inTTY {
		c.note("reading a JSON value from the keyboard; end it with Ctrl-D")
	}
	data, err := io.ReadAll(c.in)
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	data = bytes.TrimSpace(data)
	if !json.Valid(data) {
		return nil, errors.New("standard input is not one JSON value; for one on each line add --ndjson")
	}
	return data, nil
}

// lines publishes the lines of standard input: each as soon as it is there,
// and those that are there together, together.
func (p *publish) lines(ctx context.Context, c *console, hub *client.Client) error {
	in := bufio.NewReaderSize(c.in, 64<<10)
	place := p.placer()
	var batch []tidings.Event
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			e, err := p.event(place, line)
			if err != nil {
				return fmt.Errorf("line %d of standard input: %w", number, err)
			}
			batch = append(batch, e)
		}
		if len(batch) > 0 && (err != nil || in.Buffered() == 0 || full(batch)) {
			if err := p.send(ctx, c, hub, batch); err != nil {
				return err
			}
			batch = nil
		}
		if err != nil {
			return readError(err)
		}
	}
}

// Bounds of what is sent at once.
const (
	mostEvents = 500
	mostBytes  = 4 << 20
)

// full reports whether a batch should not grow.
func full(batch []tidings.Event) bool {
	size := 0
	for i := range batch {
		size += len(batch[i].Data)
	}
	return len(batch) >= mostEvents || size >= mostBytes
}

// readError returns why standard input could not be read; its end is none.
func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read standard input: %w", err)
}

// placer returns what places the payloads.
func (p *publish) placer() *placer {
	return &placer{channel: tidings.Channel(p.Channel), session: p.Session}
}

// event returns a payload as an event.
func (p *publish) event(place *placer, data []byte) (tidings.Event, error) {
	if !json.Valid(data) {
		return tidings.Event{}, fmt.Errorf("%.80q is not JSON", data)
	}
	e, err := place.event(p.User, data)
	if err != nil {
		return e, err
	}
	e.Key, e.Type = p.Key, cmp.Or(p.Type, e.Type)
	return e, nil
}

// send publishes events together and prints their receipts.
func (p *publish) send(ctx context.Context, c *console, hub *client.Client, events []tidings.Event) error {
	receipts, err := send(ctx, hub, events)
	if err != nil {
		return err
	}
	for _, r := range receipts {
		if err := p.print(c.out, r); err != nil {
			return err
		}
	}
	return nil
}

// send publishes events; a refusal of only one need not say which.
func send(ctx context.Context, hub *client.Client, events []tidings.Event) ([]tidings.Receipt, error) {
	if len(events) > 1 {
		return hub.PublishBatch(ctx, events)
	}
	r, err := hub.Publish(ctx, events[0])
	return []tidings.Receipt{r}, err
}

// print writes a receipt.
func (p *publish) print(w io.Writer, r tidings.Receipt) error {
	if p.JSON {
		return json.NewEncoder(w).Encode(wire.Receipt{ID: r.ID.String(), Duplicate: r.Duplicate, Subscribers: r.Subscribers})
	}
	state := "published"
	if r.Duplicate {
		state = "was there already:"
	}
	_, err := fmt.Fprintf(w, "%s %s, %d watching\n", state, r.ID, r.Subscribers)
	return err
}
