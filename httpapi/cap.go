package httpapi

import (
	"crypto/rand"
	"strings"

	"github.com/tidings-dev/tidings"
)

// admit lets a stream begin, and counts its connection. The caller calls
// release when it has ended.
func (h *Handler) admit(a *Access, asked *streaming) (*tidings.Guard, error) {
	if !h.drain.enter() {
		return nil, draining()
	}
	subject := asked.sel.User
	if a.Subject != subject { // or it may be a part of the request
		subject = strings.Clone(a.Subject)
	}
	guard, err := h.hub.Connections(asked.name).Register(tidings.Connection{
		ID: strings.Clone(rand.Text()[:16]), User: asked.sel.User, Subject: subject,
	})
	if err != nil {
		h.drain.leave()
	}
	return guard, err
}

// release gives back what admit took.
func (h *Handler) release(guard *tidings.Guard) {
	guard.Release()
	h.drain.leave()
}
