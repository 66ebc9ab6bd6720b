package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/tidings-dev/tidings/internal/wire"
)

// readObject reads a body that is one JSON object with the members of into, and no
// others.
func (h *Handler) readObject(w http.ResponseWriter, r *http.Request, a *Access, into any) error {
	b, err := h.readBody(w, r, a)
	if err != nil {
		return err
	}
	if !b.one {
		return refusal(wire.UnsupportedMedia, "want %s", wire.JSONType)
	}
	decoder := json.NewDecoder(bytes.NewReader(b.items[0]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refusal(wire.Invalid, "the body: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return refusal(wire.Invalid, "the body has more than one JSON object")
	}
	return nil
}
