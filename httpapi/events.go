package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/wire"
)

// serveEvents is POST /v1/events.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, a *Access) error {
	q, err := parseQuery(r, wire.User)
	if err != nil {
		return err
	}
	b, err := h.readBody(w, r)
	if err != nil {
		return err
	}
	if err := b.unpack(); err != nil {
		return err
	}
	events, err := h.parseEvents(b, q.get(wire.User), a, trace(r.Header))
	if err != nil {
		return err
	}
	return h.publish(r.Context(), w, b, events)
}

// unpack makes the elements of an array the items of a body.
func (b *body) unpack() error {
	if !b.one || jsonscan.Kind(b.items[0]) != jsonscan.Array {
		return nil
	}
	data := b.items[0]
	b.items, b.one = nil, false
	for item, err := range jsonscan.Elements(data) {
		if err != nil {
			return refusal(wire.Invalid, "%v", err)
		}
		b.items = append(b.items, item)
	}
	return nil
}

// parseEvents reads the publications that a body holds.
func (h *Handler) parseEvents(b *body, named string, a *Access, trace string) ([]tidings.Event, error) {
	events, place := make([]tidings.Event, len(b.items)), newPlacement(false)
	for i, item := range b.items {
		e, err := parsePublication(item)
		if err == nil {
			err = h.own(&e, named, a)
		}
		if err == nil {
			err = place.fill(&e)
		}
		if err != nil {
			return nil, b.at(i, err)
		}
		e.Trace = cmp.Or(e.Trace, trace)
		events[i] = e
	}
	return events, nil
}

// own gives an event its owner, if the request may publish there.
func (h *Handler) own(e *tidings.Event, named string, a *Access) (err error) {
	if e.User != "" && named != "" && e.User != named {
		return refusal(wire.Forbidden, "the event's user is %q and ?%s= says %q", shorten(e.User), wire.User, shorten(named))
	}
	e.User, err = h.publisher(a, cmp.Or(e.User, named))
	return err
}

// publish hands events to the hub and answers with their receipts.
func (h *Handler) publish(ctx context.Context, w http.ResponseWriter, b *body, events []tidings.Event) error {
	if b.one {
		receipt, err := h.hub.Publish(ctx, events[0])
		if err != nil {
			return err
		}
		return h.answer(w, receiptOf(receipt))
	}
	receipts, err := h.hub.PublishBatch(ctx, events)
	if err != nil {
		return b.located(err)
	}
	all := wire.Receipts{Receipts: make([]wire.Receipt, len(receipts))}
	for i, receipt := range receipts {
		all.Receipts[i] = receiptOf(receipt)
	}
	return h.answer(w, all)
}

// receiptOf returns a receipt as the wire has it.
func receiptOf(r tidings.Receipt) wire.Receipt {
	return wire.Receipt{ID: r.ID.String(), Duplicate: r.Duplicate, Subscribers: r.Subscribers}
}

// answer writes v as JSON. An error of writing means that nobody reads it.
func (h *Handler) answer(w http.ResponseWriter, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	answerHeader(w.Header())
	_ = h.write(w, append(text, '\n'))
	return nil
}
