package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// Publish publishes an event and returns its receipt. ID in event is ignored;
// an event without a Key gets a random one, so that it can be tried again.
//
// A *ProblemError says that the server refused. An error that matches
// tidings.ErrUnknownOutcome, also if it is a *ProblemError, says that it is not
// known of an attempt whether the event was kept, and that Patience, ctx or a
// refusal ended the attempts; to publish it again without doubt it needs a Key
// of the caller's.
func (c *Client) Publish(ctx context.Context, event tidings.Event) (tidings.Receipt, error) {
	body, err := appendPublication(nil, &event)
	if err != nil {
		return tidings.Receipt{}, err
	}
	var r wire.Receipt
	if err := c.post(ctx, upload{path: wire.EventsPath, media: wire.JSONType, body: body}, &r); err != nil {
		return tidings.Receipt{}, fmt.Errorf("publish: %w", err)
	}
	return receipt(r)
}

// PublishBatch is Publish for several events, which are kept in their order
// and refused together.
func (c *Client) PublishBatch(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	body := []byte("[")
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		var err error
		if body, err = appendPublication(body, &events[i]); err != nil {
			return nil, &tidings.BatchError{Index: i, Err: err}
		}
	}
	return c.receipts(ctx, upload{path: wire.EventsPath, media: wire.JSONType, body: append(body, ']')}, len(events))
}

// PublishRaw publishes what an agent emits: event.Data is an event of the
// channel's own protocol, and what the rest of event leaves empty the server
// reads from it. In all else it is as Publish. An event of AG-UI that names no
// thread needs a Session.
func (c *Client) PublishRaw(ctx context.Context, event tidings.Event) (tidings.Receipt, error) {
	var r wire.Receipt
	err := c.post(ctx, upload{
		path: wire.PublishPath, name: string(event.Channel), media: wire.JSONType, body: event.Data,
		query: query(wire.User, event.User, wire.Session, event.Session, wire.Type, event.Type, wire.Key, keyOf(&event)),
		trace: event.Trace,
	}, &r)
	if err != nil {
		return tidings.Receipt{}, fmt.Errorf("publish: %w", err)
	}
	return receipt(r)
}

// receipts posts what is answered by n receipts.
func (c *Client) receipts(ctx context.Context, u upload, n int) ([]tidings.Receipt, error) {
	var answer wire.Receipts
	if err := c.post(ctx, u, &answer); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	if len(answer.Receipts) != n {
		return nil, fmt.Errorf("publish: %d receipts for %d events: is this a Tidings server?", len(answer.Receipts), n)
	}
	receipts := make([]tidings.Receipt, n)
	for i, r := range answer.Receipts {
		var err error
		if receipts[i], err = receipt(r); err != nil {
			return nil, err
		}
	}
	return receipts, nil
}

// receipt converts a receipt.
func receipt(r wire.Receipt) (tidings.Receipt, error) {
	id, err := tidings.ParseID(r.ID)
	if err != nil {
		return tidings.Receipt{}, fmt.Errorf("publish: receipt: %w", err)
	}
	return tidings.Receipt{ID: id, Duplicate: r.Duplicate, Subscribers: r.Subscribers}, nil
}

// appendPublication appends an event as POST /v1/events takes it, with the
// payload as it is: encoding/json would compact and escape it. So that a
// payload cannot add members of its own, it has to be one JSON value.
func appendPublication(dst []byte, e *tidings.Event) ([]byte, error) {
	if !json.Valid(e.Data) {
		return nil, &tidings.InvalidError{Field: "data", Want: "one JSON value"}
	}
	head, err := json.Marshal(&wire.Publication{
		User: e.User, Channel: string(e.Channel), Session: e.Session, Type: e.Type,
		Key: keyOf(e), Trace: e.Trace, Data: json.RawMessage("0"),
	})
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	dst = append(dst, head[:len(head)-len("0}")]...) // data is the last member
	return append(append(dst, e.Data...), '}'), nil
}

// keyOf returns the event's key, or a random one.
func keyOf(e *tidings.Event) string {
	if e.Key != "" {
		return e.Key
	}
	return rand.Text()
}

// query returns the parameters that are not empty.
func query(pairs ...string) url.Values {
	q := make(url.Values)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}
