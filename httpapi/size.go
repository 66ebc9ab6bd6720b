package httpapi

import (
	"net/http"

	"github.com/tidings-dev/tidings/internal/wire"
)

// checkSize refuses a request whose address or header is too large.
func (h *Handler) checkSize(r *http.Request) error {
	l := &h.opts.Limits
	if n := len(r.URL.Path) + len(r.URL.RawQuery); exceeds(n, l.URL) {
		h.overruns.url.Add(1)
		return refusal(wire.URITooLong, "path and query have %d bytes: want at most %d", n, l.URL)
	}
	fields, bytes := 0, 0
	for name, values := range r.Header {
		fields += len(values)
		for _, value := range values {
			bytes += len(name) + len(value)
		}
	}
	if exceeds(fields, l.HeaderFields) {
		h.overruns.fields.Add(1)
		return refusal(wire.HeaderTooLarge, "the header has %d fields: want at most %d", fields, l.HeaderFields)
	}
	if exceeds(bytes, l.HeaderBytes) {
		h.overruns.header.Add(1)
		return refusal(wire.HeaderTooLarge, "the header has %d bytes: want at most %d", bytes, l.HeaderBytes)
	}
	return nil
}
