package analytics

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// A codec writes an event as JSON, or reads it. Each type says once, in a
// method members, what it holds and in which order; the codec's methods, one
// for each kind of member, do both directions and the checks:
//
//	func (e *SessionEnded) members(c *codec) {
//		c.time("timestamp", &e.Timestamp)
//		c.id("session_id", &e.SessionID)
//		…
//	}
//
// Writing is strict: the first fault is kept and nothing is written. Reading
// takes what others send: what is missing, or null, is left at zero, and only
// what is of the wrong kind is a fault.
type codec struct {
	reading bool
	out     []byte            // writing: what is written
	in      []jsonscan.Member // reading: the members of the event
	err     *InvalidError     // the first fault
}

// appendObject is AppendJSON of every event.
func appendObject(dst []byte, o object) ([]byte, error) {
	c := codec{out: dst}
	if dst == nil {
		c.out = make([]byte, 0, 256)
	}
	c.out = append(append(append(c.out, `{"type":"`...), o.EventType()...), '"')
	if o.members(&c); c.err != nil {
		c.err.Object = o.EventType()
		return dst, c.err
	}
	return append(c.out, '}'), nil
}

// readObject reads o from a JSON object that is valid.
func readObject(data []byte, o object) error {
	c := codec{reading: true, in: make([]jsonscan.Member, 0, 12)}
	for m := range jsonscan.Members(data) { // it is valid: there is no error
		c.in = append(c.in, m)
	}
	c.checkType(o.EventType())
	if o.members(&c); c.err != nil {
		c.err.Object = o.EventType()
		return c.err
	}
	return nil
}

// checkType checks that what is read as an event is not another.
func (c *codec) checkType(want string) {
	if raw := c.present("type"); raw != nil && !jsonscan.Equal(raw, want) {
		c.fail("type", "is "+clip(raw)+`, want "`+want+`"`)
	}
}

// present returns the raw value of a member, of several with the name the
// last, or nil if there is none or it is null.
func (c *codec) present(name string) []byte {
	for i := len(c.in) - 1; i >= 0; i-- {
		if m := c.in[i]; jsonscan.Equal(m.Key, name) {
			if jsonscan.Kind(m.Value) == jsonscan.Null {
				return nil
			}
			return m.Value
		}
	}
	return nil
}

// fail keeps a fault of a member, if it is the first.
func (c *codec) fail(field, problem string) { c.failed(field, problem, nil) }

// failed is fail for a fault that has a cause.
func (c *codec) failed(field, problem string, err error) {
	if c.err == nil {
		c.err = &InvalidError{Field: field, Problem: problem, Err: err}
	}
}

// ErrInvalid is matched by every error of [Peek] and [Decode], and of encoding
// what is not valid. The error's text says what was found and what is wanted.
var ErrInvalid = errors.New("analytics: invalid event")

// An InvalidError says which member of which event is not as it must be. It
// matches [ErrInvalid].
type InvalidError struct {
	Object  string // the event's type, such as "PAGE_VIEW"
	Field   string // the member, such as "session_id"
	Problem string // such as "is empty, want an id"
	Err     error  // what caused it, such as the error of [tidings.CheckName], or nil
}

func (e *InvalidError) Error() string {
	return "analytics: invalid " + clip(e.Object) + ": " + strings.TrimSpace(e.Field+" "+e.Problem)
}

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Unwrap returns the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

// clip shortens what goes into an error's text, for somebody may have sent it.
func clip[T ~string | ~[]byte](s T) string {
	const most = 64
	if len(s) <= most {
		return string(s)
	}
	return strings.ToValidUTF8(string(s[:most]), "") + "…"
}

// check reports whether data is a JSON object as the wire wants it.
func check(data []byte) error {
	switch kind := jsonscan.Kind(data); {
	case kind != jsonscan.Object:
		return errors.New("is " + kind + ", want an object")
	case !json.Valid(data):
		return errors.New("is malformed JSON")
	case !utf8.Valid(data):
		return errors.New("is not UTF-8")
	}
	return nil
}
