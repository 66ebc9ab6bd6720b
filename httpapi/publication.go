package httpapi

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/wire"
)

// The members of a publication; of package wire's Publication.
var publicationMembers = []string{"user", "channel", "session", "type", "key", "trace", "data"}

// parsePublication reads one publication. It is strict, because a member that
// is misspelt, given twice or of another type would publish something else
// than what was meant. The payload is kept as the bytes that it is; the hub
// checks it.
func parsePublication(data []byte) (tidings.Event, error) {
	var e tidings.Event
	if kind := jsonscan.Kind(data); kind != jsonscan.Object {
		return e, refusal(wire.Invalid, "found %s, want an object with the members %s", kind, listed(publicationMembers))
	}
	values := make([][]byte, len(publicationMembers))
	for m, err := range jsonscan.Members(data) {
		if err == nil {
			err = assign(values, m)
		} else {
			err = refusal(wire.Invalid, "%v", err)
		}
		if err != nil {
			return e, err
		}
	}
	return e, decode(&e, values)
}

// assign puts the value of a member into its place.
func assign(values [][]byte, m jsonscan.Member) error {
	i := slices.IndexFunc(publicationMembers, func(name string) bool { return jsonscan.Equal(m.Key, name) })
	if i < 0 {
		return refusal(wire.Invalid, "unknown member %s: want %s", shorten(strings.ToValidUTF8(string(m.Key), "\ufffd")), listed(publicationMembers))
	}
	if values[i] != nil {
		return refusal(wire.Invalid, "member %q is given twice", publicationMembers[i])
	}
	values[i] = m.Value
	return nil
}

// decode reads the values of the members.
func decode(e *tidings.Event, values [][]byte) error {
	var channel string
	for i, field := range []*string{&e.User, &channel, &e.Session, &e.Type, &e.Key, &e.Trace} {
		if values[i] == nil {
			continue
		}
		var ok bool
		if *field, ok = name(values[i]); !ok {
			return refusal(wire.Invalid, "member %q is %s: want a string of valid Unicode; leave it out if there is none", publicationMembers[i], jsonscan.Kind(values[i]))
		}
	}
	e.Channel, e.Data = tidings.Channel(channel), values[len(values)-1]
	if e.Data == nil {
		return refusal(wire.Invalid, "member %q is missing", "data")
	}
	return nil
}

// name decodes a string. What cannot be decoded without loss is none: two
// names that differ must not become the same one.
func name(value []byte) (string, bool) {
	s, ok := jsonscan.String(value)
	return s, ok && !strings.ContainsRune(s, utf8.RuneError)
}
