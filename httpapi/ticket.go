package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tidings-dev/tidings/internal/control"
	"github.com/tidings-dev/tidings/internal/wire"
)

// ticketLife is how long a ticket can be used.
const ticketLife = 30 * time.Second

// useTimeout is how long it may take to take note that a ticket was used: less than
// logs know a key.
const useTimeout = 10 * time.Second

// serveTicket is POST /v1/tickets.
func (h *Handler) serveTicket(w http.ResponseWriter, r *http.Request, a *Access) error {
	if _, err := parseQuery(r); err != nil {
		return err
	}
	asked := new(wire.TicketRequest)
	if err := h.readObject(w, r, a, asked); err != nil {
		return err
	}
	if slices.Contains(asked.Sessions, "") {
		return refusal(wire.Invalid, "a session's name is empty")
	}
	q := query{map[string][]string{wire.Session: asked.Sessions}}
	if asked.User != "" {
		q.values[wire.User] = []string{asked.User}
	}
	sel, err := h.selectStream(a, &streaming{name: asked.Stream}, q)
	if err != nil {
		return err
	}
	t := &control.Ticket{
		Until: time.Now().Add(ticketLife), Subject: a.Subject, Owner: sel.User, Everyone: sel.Everyone,
		Stream: asked.Stream, Sessions: asked.Sessions, Token: a.Token, Issued: a.Issued, Expires: a.Expires,
	}
	text, err := h.control().Seal(r.Context(), t)
	if err != nil {
		return err
	}
	return h.answer(w, wire.TicketAnswer{Ticket: text, Expires: t.Until.UTC()})
}

// ticketAccess returns the access that a ticket stands for, which is not used by
// that.
func (h *Handler) ticketAccess(r *http.Request, text string) (Access, error) {
	t, err := h.control().Open(r.Context(), text)
	if err != nil {
		return Access{}, ticketError(err)
	}
	return Access{
		Subject: t.Subject, Owner: t.Owner, Feed: t.Everyone,
		Subscribe: func(r Reading) bool { return grantsOf(t, r) }, Publish: func(Writing) bool { return false },
		Expires: t.Expires, Token: t.Token, Issued: t.Issued, ticket: t,
	}, nil
}

// grantsOf reports whether a ticket is for what is asked for.
func grantsOf(t *control.Ticket, r Reading) bool {
	return !t.Everyone && r.Owner == t.Owner && r.Stream == t.Stream && (len(t.Sessions) == 0 || slices.Contains(t.Sessions, r.Session))
}

// bind has a request ask for what its ticket is for, unless it asks for a part of
// that.
func (a *Access) bind(stream string, q query) error {
	t := a.ticket
	if t == nil {
		return nil
	}
	if q.get(wire.User) == "" && t.Owner != "" {
		q.values[wire.User] = []string{t.Owner}
	}
	if len(q.values[wire.Session]) == 0 && len(t.Sessions) > 0 {
		q.values[wire.Session] = slices.Clone(t.Sessions)
	}
	for _, session := range q.values[wire.Session] {
		if len(t.Sessions) > 0 && !slices.Contains(t.Sessions, session) {
			return refusal(wire.Forbidden, "the ticket is for other sessions")
		}
	}
	if stream != t.Stream || t.Everyone != (q.get(wire.User) == "" && a.Feed) {
		return refusal(wire.Forbidden, "the ticket is for another stream, or another owner's")
	}
	return nil
}

// use uses the ticket of a request, if it came with one.
func (h *Handler) use(ctx context.Context, a *Access) error {
	if a.ticket == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, useTimeout)
	defer cancel()
	return ticketError(h.control().Use(ctx, a.ticket))
}

// ticketError is what a client is told of a ticket.
func ticketError(err error) error {
	if errors.Is(err, control.ErrTicket) {
		return fmt.Errorf("%w: %w", ErrUnauthorized, err)
	}
	return err
}
