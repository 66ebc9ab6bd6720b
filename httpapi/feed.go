package httpapi

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// serveFeed is GET /v1/feed: the newest events of the owner that is named, of
// everyone for who may read that, else of the subject.
func (h *Handler) serveFeed(w http.ResponseWriter, r *http.Request, a *Access) error {
	q, err := parseQuery(r, wire.User, wire.Session, wire.Types, wire.Stream, wire.Limit)
	if err != nil {
		return err
	}
	sel, err := h.selectNewest(a, q)
	if err != nil {
		return err
	}
	return h.snapshot(w, r, q, sel)
}

// selectNewest is selectFeed, but for the subject's own where neither an owner
// is named nor everything granted.
func (h *Handler) selectNewest(a *Access, q query) (tidings.Selector, error) {
	if q.get(wire.User) != "" || a.Feed {
		return h.selectFeed(a, q, q.streamOfSnapshot())
	}
	owner, err := h.reader(a, "", q.streamOfSnapshot(), q.values[wire.Session])
	return tidings.Selector{User: owner}, err
}

// serveSessionFeed is GET /v1/sessions/{session}/feed: the newest events of an
// owner's session.
func (h *Handler) serveSessionFeed(w http.ResponseWriter, r *http.Request, a *Access) error {
	q, err := parseQuery(r, wire.User, wire.Types, wire.Stream, wire.Limit)
	if err != nil {
		return err
	}
	q.values[wire.Session] = []string{r.PathValue("session")}
	owner, err := h.reader(a, q.get(wire.User), q.streamOfSnapshot(), q.values[wire.Session])
	if err != nil {
		return err
	}
	return h.snapshot(w, r, q, tidings.Selector{User: owner})
}

// streamOfSnapshot returns the stream that a snapshot is of.
func (q query) streamOfSnapshot() string { return cmp.Or(q.get(wire.Stream), tidings.FeedStream) }

// Limits of a snapshot.
const (
	defaultLimit = 500
	maxLimit     = 5000
)

// snapshot answers with the newest events of what is selected.
func (h *Handler) snapshot(w http.ResponseWriter, r *http.Request, q query, sel tidings.Selector) error {
	limit, err := q.limit()
	if err != nil {
		return err
	}
	if err := q.narrow(&sel); err != nil {
		return err
	}
	if sel.Channels, err = h.channels(q.get(wire.Stream)); err != nil {
		return err
	}
	snapshot, err := h.hub.Snapshot(r.Context(), sel, limit)
	if err != nil {
		return err
	}
	return h.writeSnapshot(w, &snapshot)
}

// limit returns how many events are asked for.
func (q query) limit() (int, error) {
	text := q.get(wire.Limit)
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, refusal(wire.Invalid, "%s is %q: want a number from 1 to %d", wire.Limit, shorten(text), maxLimit)
	}
	return n, nil
}

// channels returns the channels that a stream carries; none, for all, if none
// is named.
func (h *Handler) channels(stream string) ([]tidings.Channel, error) {
	if stream == "" || stream == tidings.FeedStream {
		return nil, nil
	}
	row, ok := h.hub.Router().Stream(stream)
	if !ok {
		return nil, h.unknownStream(stream)
	}
	return row.Channels, nil
}

// writeSnapshot writes the answer without holding all of it in memory again.
// An error of writing means that nobody reads it.
func (h *Handler) writeSnapshot(w http.ResponseWriter, s *tidings.Snapshot) error {
	answerHeader(w.Header())
	b := []byte(`{"events":[`)
	for i := range s.Events {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendRecord(b, &s.Events[i]), s.Events[i].Data...)
		if b = append(b, '}'); len(b) >= chunk {
			if err := h.write(w, b); err != nil {
				return nil
			}
			b = b[:0]
		}
	}
	b = append(b, `],"cursor":"`...)
	b, _ = s.Cursor.AppendText(b) // never an error
	_ = h.write(w, append(b, `"}`...))
	return nil
}

// answerHeader sets the header of an answer in JSON.
func answerHeader(header http.Header) {
	values := [...]string{wire.JSONType, "no-store", "nosniff"} // three slices cost three times as much
	header["Content-Type"], header["Cache-Control"], header["X-Content-Type-Options"] = values[0:1:1], values[1:2:2], values[2:3:3]
}
