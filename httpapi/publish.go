package httpapi

import (
	"net/http"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/wire"
)

// servePublish is POST /v1/publish/{channel}: the body is what an agent emits.
func (h *Handler) servePublish(w http.ResponseWriter, r *http.Request, a *Access) error {
	q, err := parseQuery(r, wire.User, wire.Session, wire.Type, wire.Key)
	if err != nil {
		return err
	}
	common, err := h.commonEvent(r, q, a)
	if err != nil {
		return err
	}
	place := newPlacement(true)
	read := func(item []byte) (tidings.Event, error) { return placeRaw(item, place, common, a) }
	if byLine(r.Header) {
		if common.Key != "" {
			return keyOfSeveral()
		}
		return h.servePublishing(w, r, a, &publishing{read: read, place: place})
	}
	b, err := h.readBody(w, r, a)
	if err != nil {
		return err
	}
	if common.Key != "" && !b.one {
		return keyOfSeveral()
	}
	events, err := b.events(read)
	if err != nil {
		return err
	}
	return h.publish(r.Context(), w, b, events, a)
}

// keyOfSeveral refuses one key for what may be several events.
func keyOfSeveral() error {
	return refusal(wire.Invalid, "%s is for one event: several with keys go to %s", wire.Key, wire.EventsPath)
}

// commonEvent returns what the address says of all events.
func (h *Handler) commonEvent(r *http.Request, q query, a *Access) (tidings.Event, error) {
	e := tidings.Event{
		Channel: tidings.Channel(r.PathValue("channel")),
		Session: q.get(wire.Session),
		Type:    q.get(wire.Type),
		Key:     q.get(wire.Key),
		Trace:   trace(r.Header),
	}
	if len(q.values[wire.Session]) > 1 {
		return e, refusal(wire.Invalid, "parameter %s is given more than once: an event has one", wire.Session)
	}
	var err error
	e.User, err = h.owner(a, q.get(wire.User))
	return e, err
}

// placeRaw returns what an agent emits as an event that has what is common to all
// of them, if the request may publish it.
func placeRaw(item []byte, place *placement, common tidings.Event, a *Access) (tidings.Event, error) {
	e := common
	e.Data = item
	if err := place.fill(&e); err != nil {
		return e, err
	}
	nameByMember(&e)
	return e, a.checkPublish(&e)
}

// nameByMember reads the type of an event that has none yet where it is a
// member of that name. On A2A's channel a type is something else.
func nameByMember(e *tidings.Event) {
	if e.Type != "" || e.Channel == tidings.A2A || jsonscan.Kind(e.Data) != jsonscan.Object {
		return
	}
	var value [1][]byte
	if jsonscan.Pick(e.Data, []string{"type"}, value[:]) == nil {
		e.Type, _ = name(value[0])
	}
}

// trace returns the W3C traceparent of a request, empty if there is none or it
// is malformed, which is to be ignored (Trace Context 3.3).
func trace(header http.Header) string {
	given := header.Values(wire.TraceHeader)
	if len(given) != 1 || len(given[0]) < 55 || len(given[0]) > 256 {
		return ""
	}
	for i, part := range strings.Split(given[0][:55], "-") {
		lengths := [...]int{2, 32, 16, 2}
		// #nosec G602 -- the first condition is the bound
		if i >= len(lengths) || len(part) != lengths[i] || strings.Trim(part, "0123456789abcdef") != "" {
			return ""
		}
	}
	return given[0]
}
