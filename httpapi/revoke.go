package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/internal/control"
	"github.com/tidings-dev/tidings/internal/wire"
)

// errRevokedAccess is the answer to access that was revoked.
var errRevokedAccess = fmt.Errorf("the access was revoked: %w", ErrUnauthorized)

// defaultLifetime is how long access lasts after it was issued, at most, unless
// Options say otherwise.
const defaultLifetime = 24 * time.Hour

// newControl returns what all servers of a log know of access.
func (h *Handler) newControl() *control.Control {
	return control.New(h.hub, control.Options{
		Remember: h.opts.AccessLifetime, Revoked: h.endRevoked, Extended: h.extended, Logger: h.opts.Logger,
	})
}

// checkRevoked refuses access that was revoked.
func (h *Handler) checkRevoked(ctx context.Context, a *Access) error {
	c := h.control()
	if err := c.Begin(ctx); err != nil {
		return err
	}
	if c.Revoked(a.Subject, a.Token, a.Issued) {
		return errRevokedAccess
	}
	return nil
}

// endRevoked ends what runs on access that was revoked.
func (h *Handler) endRevoked() {
	c := h.control()
	for _, l := range h.leases.among(func(l *lease) bool { return c.Revoked(l.subject, l.token, l.issued) }) {
		h.end(l)
	}
}

// end ends what runs on a lease.
func (h *Handler) end(l *lease) {
	l.over.Store(true)
	if l.cancel != nil {
		l.cancel()
		return
	}
	h.hub.Connections(l.stream).Unregister(l.owner, l.connection)
}

// hold has a lease end when its access is revoked, and reports why it cannot
// begin. The caller removes it.
func (h *Handler) hold(l *lease) error {
	h.leases.add(l)
	if h.control().Revoked(l.subject, l.token, l.issued) { // since it was looked at
		return errRevokedAccess
	}
	return nil
}

// serveRevocation is POST /v1/revocations.
func (h *Handler) serveRevocation(w http.ResponseWriter, r *http.Request, a *Access) error {
	if !a.Admin {
		return refusal(wire.Forbidden, "this request may not revoke access")
	}
	if _, err := parseQuery(r); err != nil {
		return err
	}
	asked := new(wire.Revocation)
	if err := h.readObject(w, r, a, asked); err != nil {
		return err
	}
	if (asked.Subject == "") == (asked.Token == "") {
		return refusal(wire.Invalid, "want either a subject, whose access until now is revoked, or a token, by its id")
	}
	revocation := control.Revocation{Subject: asked.Subject, Token: asked.Token}
	if err := h.control().Revoke(r.Context(), revocation); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// serveExtension is POST /v1/stream/{stream}?connection=: the connection to that
// stream goes on with the access of this request.
func (h *Handler) serveExtension(w http.ResponseWriter, r *http.Request, a *Access) error {
	q, err := parseQuery(r, wire.User, wire.Session, wire.Connection)
	if err != nil {
		return err
	}
	id := q.get(wire.Connection)
	if len(id) != connectionBytes || r.ContentLength != 0 {
		return refusal(wire.Invalid, "want ?%s= with what the frame %s has there, and no body", wire.Connection, wire.ExpiringName)
	}
	if a.Subject == "" {
		return refusal(wire.Forbidden, "this request has no subject, and a connection goes on for its own alone")
	}
	asked := &streaming{name: r.PathValue("stream")}
	sel, err := h.selectStream(a, asked, q)
	if err != nil {
		return err
	}
	if err := h.spend(a, 1); err != nil { // an event tells the other servers
		return err
	}
	x := &control.Extension{
		Connection: id, Subject: a.Subject, Owner: sel.User, Everyone: sel.Everyone, Stream: asked.name,
		Sessions: q.values[wire.Session], Token: a.Token, Issued: a.Issued, Expires: a.Expires,
	}
	if err := h.control().Extend(r.Context(), x); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// extended has a connection go on, if it is here and its new access still good.
func (h *Handler) extended(x *control.Extension) {
	if !h.control().Revoked(x.Subject, x.Token, x.Issued) {
		x.Token = strings.Clone(x.Token)
		if l := h.leases.extend(x); l != nil && h.control().Revoked(x.Subject, x.Token, x.Issued) { // in between
			h.end(l)
		}
	}
}
