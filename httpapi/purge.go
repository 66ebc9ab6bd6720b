package httpapi

import (
	"net/http"

	"github.com/tidings-dev/tidings/internal/wire"
)

// servePurge is DELETE /v1/events: what belongs to the owner that is named goes.
func (h *Handler) servePurge(w http.ResponseWriter, r *http.Request, a *Access) error {
	if !a.Admin {
		return refusal(wire.Forbidden, "this request may not purge")
	}
	q, err := parseQuery(r, wire.User)
	if err != nil {
		return err
	}
	if q.get(wire.User) == "" { // not the subject itself, by mistake
		return refusal(wire.UserMissing, "whose events? Name the owner with ?%s=", wire.User)
	}
	owner, err := h.owner(a, q.get(wire.User))
	if err != nil {
		return err
	}
	id, err := h.hub.Purge(r.Context(), owner)
	if err != nil {
		return err
	}
	return h.answer(w, wire.Purged{ID: id.String()})
}
