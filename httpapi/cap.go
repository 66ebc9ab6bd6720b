package httpapi

import (
	"crypto/rand"
	"strings"

	"github.com/tidings-dev/tidings"
)

// admit lets a stream begin, and counts its connection. The caller calls
// release when it has ended.
func (h *Handler) admit(a *Access, asked *streaming) (*tidings.Guard, *lease, error) {
	if !h.drain.enter() {
		return nil, nil, draining()
	}
	subject := asked.sel.User
	if a.Subject != subject { // or it may be a part of the request
		subject = strings.Clone(a.Subject)
	}
	id := strings.Clone(rand.Text()[:16])
	guard, err := h.hub.Connections(asked.name).Register(tidings.Connection{
		ID: id, User: asked.sel.User, Subject: subject,
	})
	if err != nil {
		h.drain.leave()
		return nil, nil, err
	}
	l := h.newLease(a, id)
	if l == nil {
		return guard, nil, nil
	}
	l.carries(asked.name, &asked.sel)
	if err := h.hold(l); err != nil {
		h.release(guard, l)
		return nil, nil, err
	}
	return guard, l, nil
}

// release gives back what admit took.
func (h *Handler) release(guard *tidings.Guard, l *lease) {
	h.leases.remove(l)
	guard.Release()
	h.drain.leave()
}
