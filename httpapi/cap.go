package httpapi

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/tidings-dev/tidings"
)

// A place is what a stream holds as long as it lasts.
type place struct {
	guard *tidings.Guard // among the connections of its subject
	party *party         // and of its address
	lease *lease         // nil without authentication
}

// connectionBytes is the length of a connection's id, which nobody guesses.
const connectionBytes = 16

// admit lets a stream begin, and counts its connection. The caller calls
// release when it has ended. A ticket is used before the oldest connection may have
// to make room: one that was used ends nothing.
func (h *Handler) admit(r *http.Request, a *Access, asked *streaming) (p place, err error) {
	if p.party, err = h.enter(r); err != nil {
		return place{}, err
	}
	id := strings.Clone(rand.Text()[:connectionBytes])
	if err = h.use(r.Context(), a); err == nil {
		p.guard, err = h.register(a, asked, id)
	}
	if err != nil {
		h.exit(p.party)
		return place{}, err
	}
	if err = h.begin(); err == nil {
		p.lease, err = h.grant(a, asked, id)
	}
	if err != nil {
		h.release(p)
		return place{}, err
	}
	return p, nil
}

// register counts a connection of a subject.
func (h *Handler) register(a *Access, asked *streaming, id string) (*tidings.Guard, error) {
	subject := asked.sel.User
	if a.Subject != subject { // or it may be a part of the request
		subject = strings.Clone(a.Subject)
	}
	return h.hub.Connections(asked.name).Register(tidings.Connection{ID: id, User: asked.sel.User, Subject: subject})
}

// grant returns the lease of a stream, or nil without authentication.
func (h *Handler) grant(a *Access, asked *streaming, id string) (*lease, error) {
	l := h.newLease(a, id)
	if l == nil {
		return nil, nil
	}
	l.carries(asked.name, &asked.sel)
	return l, h.hold(l)
}

// release gives back what admit took.
func (h *Handler) release(p place) {
	h.leases.remove(p.lease)
	p.guard.Release()
	h.exit(p.party)
}
