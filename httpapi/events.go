package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

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
	place := newPlacement(false)
	named, trace := q.get(wire.User), trace(r.Header)
	read := func(item []byte) (tidings.Event, error) { return h.parseEvent(item, place, named, a, trace) }
	if byLine(r.Header) {
		return h.servePublishing(w, r, a, &publishing{read: read, place: place})
	}
	b, err := h.readBody(w, r, a)
	if err != nil {
		return err
	}
	if err := b.unpack(); err != nil {
		return err
	}
	events, err := b.events(read)
	if err != nil {
		return err
	}
	return h.publish(r.Context(), w, b, events, a)
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

// parseEvent reads a publication.
func (h *Handler) parseEvent(item []byte, place *placement, named string, a *Access, trace string) (tidings.Event, error) {
	e, err := parsePublication(item)
	if err == nil {
		err = h.own(&e, named, a)
	}
	if err == nil {
		err = place.fill(&e)
	}
	if err == nil {
		err = a.checkPublish(&e)
	}
	e.Trace = cmp.Or(e.Trace, trace)
	return e, err
}

// own gives an event its owner.
func (h *Handler) own(e *tidings.Event, named string, a *Access) (err error) {
	if e.User != "" && named != "" && e.User != named {
		return refusal(wire.Forbidden, "the event's user is %q and ?%s= says %q", shorten(e.User), wire.User, shorten(named))
	}
	e.User, err = h.owner(a, cmp.Or(e.User, named))
	return err
}

// events returns the events that a body holds, each as read makes it of its item.
func (b *body) events(read func([]byte) (tidings.Event, error)) ([]tidings.Event, error) {
	events := make([]tidings.Event, len(b.items))
	for i, item := range b.items {
		var err error
		if events[i], err = read(item); err != nil {
			return nil, b.at(i, err)
		}
	}
	return events, nil
}

// publish hands events to the hub and answers with their receipts.
func (h *Handler) publish(ctx context.Context, w http.ResponseWriter, b *body, events []tidings.Event, a *Access) error {
	if err := h.spend(a, len(events)); err != nil {
		return err
	}
	if b.one {
		receipt, err := h.hub.Publish(ctx, events[0])
		if err != nil {
			return err
		}
		h.send(w, append(appendReceipt(make([]byte, 0, receiptSize), receipt), '\n'))
		return nil
	}
	receipts, err := h.hub.PublishBatch(ctx, events)
	if err != nil {
		return b.located(err)
	}
	h.send(w, appendReceipts(make([]byte, 0, (1+len(receipts))*receiptSize), receipts))
	return nil
}

// receiptSize is what a receipt takes, but for unusual ones.
const receiptSize = 96

// appendReceipts appends receipts as package wire's Receipts describes them.
func appendReceipts(dst []byte, receipts []tidings.Receipt) []byte {
	dst = append(dst, `{"receipts":[`...)
	for i, r := range receipts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendReceipt(dst, r)
	}
	return append(dst, "]}\n"...)
}

// appendReceipt appends a receipt as package wire's Receipt describes it.
func appendReceipt(dst []byte, r tidings.Receipt) []byte {
	dst = append(dst, `{"id":"`...)
	dst, _ = r.ID.AppendText(dst) // never an error
	dst = append(dst, `","duplicate":`...)
	dst = strconv.AppendBool(dst, r.Duplicate)
	dst = append(dst, `,"subscribers":`...)
	dst = strconv.AppendInt(dst, int64(r.Subscribers), 10)
	return append(dst, '}')
}

// answer writes v as JSON.
func (h *Handler) answer(w http.ResponseWriter, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h.send(w, append(text, '\n'))
	return nil
}

// send answers with JSON. An error of writing means that nobody reads it.
func (h *Handler) send(w http.ResponseWriter, text []byte) {
	answerHeader(w.Header())
	_ = h.write(w, text)
}
