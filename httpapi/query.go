package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A query is a query string that was checked: every parameter is known to the
// route and has a value, and only those that may are given more than once. A
// mistyped parameter would otherwise show or publish something else than what
// was meant.
type query struct{ values url.Values }

// repeatable are the parameters that may be given more than once.
var repeatable = []string{wire.Session, wire.Types}

// parseQuery reads the query of a route that knows these parameters.
func parseQuery(r *http.Request, known ...string) (query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{}, refusal(wire.Invalid, "the query cannot be read: %v", err)
	}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			return query{}, refusal(wire.Invalid, "unknown parameter %q: want one of %s", shorten(name), listed(known))
		case len(given) > 1 && !slices.Contains(repeatable, name):
			return query{}, refusal(wire.Invalid, "parameter %s is given more than once", name)
		case slices.Contains(given, ""):
			return query{}, refusal(wire.Invalid, "parameter %s is empty: leave it out", name)
		}
	}
	return query{values}, nil
}

// listed joins names for a sentence.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// get returns the value of a parameter, empty where it is not given.
func (q query) get(name string) string { return q.values.Get(name) }

// flag reports whether a parameter is given, whose one value can only be want.
func (q query) flag(name, want string) (bool, error) {
	switch q.get(name) {
	case "":
		return false, nil
	case want:
		return true, nil
	}
	return false, refusal(wire.Invalid, "parameter %s is %q: want %s", name, shorten(q.get(name)), want)
}

// list returns the comma-separated values of a parameter.
func (q query) list(name string) ([]string, error) {
	var all []string
	for _, v := range q.values[name] {
		all = append(all, strings.Split(v, ",")...)
	}
	if slices.Contains(all, "") {
		return nil, refusal(wire.Invalid, "parameter %s has an empty element", name)
	}
	return all, nil
}

// narrow puts the sessions and types that are asked for into the selector.
func (q query) narrow(sel *tidings.Selector) (err error) {
	sel.Sessions = q.values[wire.Session]
	sel.Types, err = q.list(wire.Types)
	return err
}

// start returns where a stream begins. A Last-Event-ID is newer than what the
// address says, which does not change when a browser connects again.
func (q query) start(r *http.Request) (start tidings.Start, presented tidings.ID, err error) {
	oldest, err := q.flag(wire.From, wire.FromStart)
	if err != nil {
		return tidings.Live, tidings.ID{}, err
	}
	if oldest && q.get(wire.After) != "" {
		return tidings.Live, tidings.ID{}, refusal(wire.Invalid, "%s and %s are both given: want one of them", wire.From, wire.After)
	}
	presented, err = q.position(r)
	switch {
	case err != nil:
		return tidings.Live, tidings.ID{}, err
	case !presented.IsZero():
		return tidings.After(presented), presented, nil
	case oldest:
		return tidings.Oldest, tidings.ID{}, nil
	}
	return tidings.Live, tidings.ID{}, nil
}

// position returns the position that a request presents, or zero.
func (q query) position(r *http.Request) (tidings.ID, error) {
	after, err := parsePosition(wire.After, q.get(wire.After))
	if err != nil {
		return tidings.ID{}, err
	}
	header := r.Header.Values(wire.LastEventIDHeader)
	if len(header) > 1 {
		return tidings.ID{}, refusal(wire.BadPosition, "%s is given more than once", wire.LastEventIDHeader)
	}
	if len(header) == 0 || header[0] == "" {
		return after, nil
	}
	return parsePosition(wire.LastEventIDHeader, header[0])
}

// parsePosition reads the position that was given in a place.
func parsePosition(place, text string) (tidings.ID, error) {
	if text == "" {
		return tidings.ID{}, nil
	}
	id, err := tidings.ParseID(text)
	if err != nil {
		return id, refusal(wire.BadPosition, "%s is %q: want the id of an event or a cursor, as it was received", place, shorten(text))
	}
	return id, nil
}
