package httpapi

import (
	"net/http"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A streaming is what a request for a stream asks for.
type streaming struct {
	name      string
	sel       tidings.Selector
	start     tidings.Start
	presented tidings.ID         // zero unless the client resumes
	opening   *opening           // what it begins with, besides events
	head      []byte             // and before everything, where the connection is taken over
	anew      *tidings.LostError // for which it begins anew
	format    format
	heartbeat bool
}

// serveStream is GET /v1/stream/{stream}.
func (h *Handler) serveStream(w http.ResponseWriter, r *http.Request, a *Access) error {
	asked, err := h.parseStream(r, a)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead { // which takes nobody's place
		party, err := h.enter(r)
		if err != nil {
			return err
		}
		h.exit(party)
		streamHeader(w.Header())
		return nil
	}
	place, err := h.admit(r, a, asked)
	if err != nil {
		return err
	}
	return h.stream(w, r, &stream{
		h: h, ctx: r.Context(), place: place, asked: asked, format: asked.format, heartbeat: asked.heartbeat,
	})
}

// stream opens a stream and delivers until it ends.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, s *stream) (err error) {
	ended := errPanic
	defer func() {
		if ended != errTaken {
			s.Close(ended)
		}
	}()
	to, way := h.taker(w, r)
	s.way = way
	out, err := newWriter(w, h.opts.WriteTimeout)
	if err == nil {
		err = s.open(r.Context())
	}
	if err != nil {
		ended = err
		return err
	}
	streamHeader(w.Header())
	if r.ProtoMajor == 1 { // who kept the connection would come back to a server that is about to stop
		w.Header().Set("Connection", "close")
	}
	ended = s.deliver(w, r, out, to)
	return nil
}

// deliver delivers until the stream ends, and returns why, or errTaken.
func (s *stream) deliver(w http.ResponseWriter, r *http.Request, out *writer, to taker) error {
	s.counted = true
	s.path().Add(1)
	if to == nil {
		return s.attend(r.Context(), out)
	}
	if err := s.take(w, r, to); err != nil {
		return err
	}
	return errTaken
}

// streamHeader sets the header of a stream.
func streamHeader(header http.Header) {
	header.Set("Content-Type", wire.StreamType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	header.Set("X-Content-Type-Options", "nosniff")
}

// parseStream reads what is asked for, and checks that it may be.
func (h *Handler) parseStream(r *http.Request, a *Access) (*streaming, error) {
	if err := acceptsStream(r.Header); err != nil {
		return nil, err
	}
	if r.ContentLength != 0 { // while it is unread, the server does not see the client go
		return nil, refusal(wire.Invalid, "the request has a body: want none")
	}
	q, err := parseQuery(r, wire.User, wire.Session, wire.Types, wire.After, wire.From, wire.Names, wire.Heartbeat, wire.Ticket)
	if err != nil {
		return nil, err
	}
	asked := &streaming{name: r.PathValue("stream")}
	if err := a.bind(asked.name, q); err != nil {
		return nil, err
	}
	if asked.sel, err = h.selectStream(a, asked, q); err != nil {
		return nil, err
	}
	if err := q.narrow(&asked.sel); err != nil {
		return nil, err
	}
	asked.sel = owned(asked.sel)
	if asked.start, asked.presented, err = q.start(r); err != nil {
		return nil, err
	}
	return asked, asked.choose(q)
}

// owned returns a selector whose names are no part of the request, which would
// be kept as long as the stream.
func owned(sel tidings.Selector) tidings.Selector {
	sel.User = strings.Clone(sel.User)
	for _, names := range [][]string{sel.Sessions, sel.Types} {
		for i, name := range names {
			names[i] = strings.Clone(name)
		}
	}
	return sel
}

// selectStream returns what the stream carries of the owner.
func (h *Handler) selectStream(a *Access, asked *streaming, q query) (tidings.Selector, error) {
	if asked.name == tidings.FeedStream {
		asked.format = feedFormat{}
		return h.selectFeed(a, q, asked.name)
	}
	row, ok := h.hub.Router().Stream(asked.name)
	if !ok {
		return tidings.Selector{}, h.unknownStream(asked.name)
	}
	owner, err := h.reader(a, q.get(wire.User), asked.name, q.values[wire.Session])
	asked.format = plainFormat{}
	if row.Envelope {
		asked.format = h.envelopes
	}
	return row.Of(owner), err
}

// selectFeed returns what the feed, or the part of it that a stream has, carries:
// everything, or what belongs to the owner that is named.
func (h *Handler) selectFeed(a *Access, q query, stream string) (tidings.Selector, error) {
	named := q.get(wire.User)
	if named == "" && h.opts.Authenticate == nil {
		named = a.Owner // the header names it
	}
	switch {
	case named == "" && a.Feed:
		return tidings.Selector{Everyone: true}, nil
	case named != "" && a.Feed:
		return tidings.Selector{User: named}, nil
	case named != "":
		owner, err := h.reader(a, named, stream, q.values[wire.Session])
		return tidings.Selector{User: owner}, err
	}
	return tidings.Selector{}, refusal(wire.Forbidden, "this request may not read what belongs to everyone: name an owner with ?%s=", wire.User)
}

// unknownStream says which streams there are.
func (h *Handler) unknownStream(name string) error {
	known := append(h.hub.Router().Streams(), tidings.FeedStream)
	return refusal(wire.NotFound, "there is no stream %q: want one of %s", shorten(name), listed(known))
}

// choose reads what the frames are to look like.
func (s *streaming) choose(q query) error {
	named, err := q.flag(wire.Names, wire.NamesType)
	if err != nil {
		return err
	}
	if named {
		s.format = namedFormat{s.format}
	}
	if s.heartbeat, err = q.flag(wire.Heartbeat, wire.JSON); err != nil {
		return err
	}
	if s.heartbeat && s.name != contextsStream && s.name != analyticsStream {
		return refusal(wire.Invalid, "%s=%s is for the streams contexts and analytics: clients of other streams take every frame with data for an event of their protocol", wire.Heartbeat, wire.JSON)
	}
	return nil
}
