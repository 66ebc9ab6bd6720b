package httpapi

import (
	"errors"
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
	owner, meant, err := h.meant(a, q.get(wire.User))
	if err != nil {
		return err
	}
	s := statsOf(h.hub.Stats())
	s.Connections, s.Delivery, s.Limits = h.connections(owner, meant), h.delivery(), h.limits()
	if meant {
		s.Rings = h.hub.Rings(owner)
	}
	return h.answer(w, s)
}

// meant returns the owner whose own figures are told too, because the names of
// his sessions are his: nobody, if he is not to be read and not asked for by
// name.
func (h *Handler) meant(a *Access, named string) (owner string, meant bool, err error) {
	owner, err = h.owner(a, named)
	switch {
	case err == nil && (a.Feed || a.maySubscribe(Reading{Owner: owner, Stream: tidings.FeedStream})):
		return owner, true, nil
	case named == "":
		return "", false, nil
	}
	_, err = h.reader(a, named, tidings.FeedStream, nil)
	return "", false, err
}

// connections returns how many connections there are to each stream, and of
// them how many of an owner who is meant.
func (h *Handler) connections(owner string, meant bool) map[string]wire.Connections {
	all := make(map[string]wire.Connections)
	for _, stream := range append(h.hub.Router().Streams(), tidings.FeedStream) {
		registry := h.hub.Connections(stream)
		c := wire.Connections{}
		c.Users, c.Connections = registry.Counts()
		if meant {
			own := registry.ConnectionCount(owner)
			c.Own = &own
		}
		if c.Connections > 0 {
			all[stream] = c
		}
	}
	return all
}

// delivery returns how many streams are written to in which way.
func (h *Handler) delivery() wire.Delivery {
	return wire.Delivery{Raw: int(h.paths.raw.Load()), Portable: int(h.paths.portable.Load())}
}

// limits returns the limits as the wire has them.
func (h *Handler) limits() map[string]wire.Usage {
	all := make(map[string]wire.Usage)
	for _, u := range h.Usage() {
		l := wire.Usage{Refused: u.Refused, Waiting: u.Waiting}
		if u.Limit >= 0 {
			l.Limit = &u.Limit
		}
		if u.Used >= 0 {
			l.Used = &u.Used
		}
		all[u.Name] = l
	}
	return all
}

// statsOf returns figures as the wire has them.
func statsOf(s tidings.Stats) wire.Stats {
	w := wire.Stats{
		Published: s.Published, Duplicates: s.Duplicates, Delivered: s.Delivered, Dropped: s.Dropped,
		Lost: s.Lost, Refused: s.Refused, Subscribers: s.Subscribers, Users: s.Users, Sessions: s.Sessions,
		Events: s.Events, Bytes: s.Bytes, Floor: s.Floor.String(), Head: s.Head.String(),
		Log: wire.LogHealth{OK: s.Tail == nil, Figures: s.Log.Figures},
	}
	if s.Tail != nil {
		w.Log.Error = s.Tail.Error()
	}
	if s.Log.Err != nil {
		w.Log.Warning = s.Log.Err.Error()
	}
	return w
}

// serveLive is GET /health/live: the process answers.
func (h *Handler) serveLive(w http.ResponseWriter, _ *http.Request) error {
	return h.answer(w, map[string]string{"status": "live"})
}

// serveReady is GET /health/ready: new streams and events belong here. What
// exactly is wrong with the log is for those who may read the figures.
func (h *Handler) serveReady(w http.ResponseWriter, _ *http.Request) error {
	if h.drain.on() {
		return draining()
	}
	s, ready := h.hub.Stats(), wire.Ready{Status: "ready"}
	switch {
	case s.Tail != nil:
		return refusal(wire.Unavailable, "the log cannot be followed now; %s says why", wire.StatsPath)
	case errors.Is(s.Log.Err, tidings.ErrReadOnly):
		return refusal(wire.Unavailable, "the log is read-only and takes no events; %s says more", wire.StatsPath)
	case s.Log.Err != nil:
		ready.Warning = "the log is followed, but something of it does not work as it should; " + wire.StatsPath + " says what"
	}
	return h.answer(w, ready)
}
