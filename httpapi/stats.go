package httpapi

import (
	"net/http"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// serveStats is GET /v1/stats.
func (h *Handler) serveStats(w http.ResponseWriter, r *http.Request, a *Access) error {
	q, err := parseQuery(r, wire.User)
	if err != nil {
		return err
	}
	if !a.Stats {
		return refusal(wire.Forbidden, "this request may not read the figures")
	}
	s := statsOf(h.hub.Stats())
	if s.Rings, err = h.rings(a, q.get(wire.User)); err != nil {
		return err
	}
	return h.answer(w, s)
}

// rings returns the sizes of the sessions of the owner who is meant, whose
// names are the owner's; nil if that is nobody, or not to be read and not
// asked for by name.
func (h *Handler) rings(a *Access, named string) (map[string]int, error) {
	owner, err := h.owner(a, named)
	switch {
	case err == nil && (a.Feed || a.maySubscribe(owner)):
		return h.hub.Rings(owner), nil
	case named == "":
		return nil, nil
	}
	_, err = h.reader(a, named)
	return nil, err
}

// statsOf returns figures as the wire has them.
func statsOf(s tidings.Stats) wire.Stats {
	w := wire.Stats{
		Published: s.Published, Duplicates: s.Duplicates, Delivered: s.Delivered, Dropped: s.Dropped,
		Lost: s.Lost, Refused: s.Refused, Subscribers: s.Subscribers, Users: s.Users, Sessions: s.Sessions,
		Events: s.Events, Bytes: s.Bytes, Floor: s.Floor.String(), Head: s.Head.String(),
		Log: wire.LogHealth{OK: s.Tail == nil},
	}
	if s.Tail != nil {
		w.Log.Error = s.Tail.Error()
	}
	return w
}

// serveLive is GET /health/live: the process answers.
func (h *Handler) serveLive(w http.ResponseWriter, _ *http.Request) error {
	return h.answer(w, map[string]string{"status": "live"})
}

// serveReady is GET /health/ready: new streams belong here. Why the log is not
// followed is for those who may read the figures.
func (h *Handler) serveReady(w http.ResponseWriter, _ *http.Request) error {
	if h.drain.on() {
		return draining()
	}
	if h.hub.Stats().Tail != nil {
		return refusal(wire.Unavailable, "the log cannot be followed now; %s says why", wire.StatsPath)
	}
	return h.answer(w, map[string]string{"status": "ready"})
}
