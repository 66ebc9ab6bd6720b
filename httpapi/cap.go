package httpapi

import (
	"crypto/rand"

	"github.com/tidings-dev/tidings"
)

// admit lets a stream begin, and counts its connection. The caller calls
// release when it has ended.
func (h *Handler) admit(a *Access, asked *streaming) (*tidings.Guard, error) {
	if !h.drain.enter() {
		return nil, draining()
	}
	guard, err := h.hub.Connections(asked.name).Register(tidings.Connection{
		ID: rand.Text(), User: asked.sel.User, Subject: a.Subject,
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
