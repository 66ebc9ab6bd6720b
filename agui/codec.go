package agui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// A codec writes an object as JSON, or reads it. Each type says once, in a
// method members, what it holds and in which order; the codec's methods, one
// for each kind of member, do both directions and the checks:
//
//	func (e *ToolCallArgsEvent) members(c *codec) {
//		c.id("toolCallId", &e.ToolCallID)
//		c.text("delta", &e.Delta)
//		c.attributed(&e.Attributable, &e.BaseEvent)
//	}
//
// Writing is strict: the first fault is kept and nothing is written. Reading
// takes what real agents send: what is missing, or null, is left at zero, and
// only what is of the wrong kind is a fault.
type codec struct {
	reading bool
	strict  bool              // writing: what this version does not know is a fault
	out     []byte            // writing: what is written
	in      []jsonscan.Member // reading: the members of the object at hand
	stack   []jsonscan.Member // reading: in, after those of the objects around it
	err     *InvalidError     // the first fault
}

// codecs are kept because a codec handed to an interface is on the heap.
var codecs = sync.Pool{New: func() any { return new(codec) }}

// free gives c back, without what it would keep alive.
func (c *codec) free() {
	stack := c.stack[:cap(c.stack)]
	if len(stack) > 256 {
		stack = nil
	}
	clear(stack)
	*c = codec{stack: stack[:0]}
	codecs.Put(c)
}

// Validate reports what keeps an object from being valid AG-UI 1.0, with an
// [*InvalidError], or returns nil. Encoding does the same checks, so there is
// no need to call Validate before it. Unlike encoding it also reports what this
// package does not know, such as an [*UnknownEvent], which encoding passes on.
//
// It looks at one object: whether events may follow each other is not checked.
func Validate(o Object) error {
	c := codecs.Get().(*codec)
	defer c.free()
	c.strict = true
	return c.write(o)
}

// appendObject is AppendJSON of every object.
func appendObject(dst []byte, o Object) ([]byte, error) {
	c := codecs.Get().(*codec)
	defer c.free()
	c.out = dst
	if err := c.write(o); err != nil {
		return dst, err
	}
	return c.out, nil
}

// marshal is MarshalJSON of every object.
func marshal(o Object) ([]byte, error) {
	return appendObject(nil, o)
}

// write writes o and returns the first fault.
func (c *codec) write(o Object) error {
	if c.out == nil {
		c.out = make([]byte, 0, 160)
	}
	c.object(o)
	if c.err != nil {
		c.err.Object = nameOf(o)
		return c.err
	}
	return nil
}

// object writes o: an event with its type before all else, and what is not
// known as it came.
func (c *codec) object(o Object) {
	switch o := o.(type) {
	case *UnknownEvent:
		c.unknown(o.Type, o.Data)
		return
	case *UnknownMessage:
		c.unknown(string(o.Role), o.Data)
		return
	case *ContentPart:
		if o.Raw != nil {
			c.unknown(string(o.Type), o.Raw)
			return
		}
	}
	if e, ok := o.(Event); ok {
		c.out = append(append(append(c.out, `{"type":"`...), e.EventType()...), '"')
	} else {
		c.out = append(c.out, '{')
	}
	o.members(c)
	c.out = append(c.out, '}')
}

// nameOf is what errors call an object.
func nameOf(o Object) string {
	if e, ok := o.(Event); ok {
		return e.EventType()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", o), "*agui.")
}

// An InvalidError says which member of which object is not as AG-UI wants it.
// It matches [ErrInvalid].
type InvalidError struct {
	Object  string // an event's type, such as "RUN_FINISHED", or a name such as "RunAgentInput"
	Field   string // where in it, such as "outcome.interrupts[0].id"
	Problem string // such as "is empty, want an id"
	Err     error  // what caused it, such as json.Marshal's error for a value, or nil
}

func (e *InvalidError) Error() string {
	return "agui: invalid " + clip(e.Object) + ": " + strings.TrimSpace(e.Field+" "+e.Problem)
}

// clip shortens what goes into an error's text, for somebody may have sent it.
func clip[T ~string | ~[]byte](s T) string {
	const most = 64
	if len(s) <= most {
		return string(s)
	}
	return strings.ToValidUTF8(string(s[:most]), "") + "…"
}

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Unwrap returns the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

// fail keeps a fault of a member, if it is the first.
func (c *codec) fail(field, problem string) {
	if c.err == nil {
		c.err = &InvalidError{Field: field, Problem: problem}
	}
}

// within writes or reads an object that is inside of another at the given
// place, so that faults in it say where they are. raw is for reading.
func (c *codec) within(place func() string, o Object, raw []byte) {
	if c.err != nil {
		return
	}
	if c.reading {
		c.read(o, raw)
	} else {
		c.object(o)
	}
	if c.err != nil {
		c.err.Field = strings.TrimSuffix(place()+"."+c.err.Field, ".")
	}
}

// read reads the members of o from an object.
func (c *codec) read(o Object, raw []byte) {
	if kind := jsonscan.Kind(raw); kind != jsonscan.Object {
		c.fail("", "is "+kind+", want an object")
		return
	}
	outer, depth := c.in, len(c.stack)
	for m, err := range jsonscan.Members(raw) {
		if err != nil {
			c.fail("", err.Error())
			return
		}
		c.stack = append(c.stack, m)
	}
	c.in = c.stack[depth:]
	c.checkType(o)
	o.members(c)
	keep(o, raw)
	c.in, c.stack = outer, c.stack[:depth]
}

// checkType checks that what is read as an event is not another.
func (c *codec) checkType(o Object) {
	e, ok := o.(Event)
	if _, any := o.(*UnknownEvent); !ok || any {
		return
	}
	if raw := c.present("type"); raw != nil && !jsonscan.Equal(raw, e.EventType()) {
		c.fail("type", fmt.Sprintf("is %s, want %q", clip(raw), e.EventType()))
	}
}

// keep keeps what o was read from if o is of a kind that is not known.
func keep(o Object, raw []byte) {
	switch o := o.(type) {
	case *UnknownEvent:
		o.Data = bytes.Clone(raw)
	case *UnknownMessage:
		o.Data = bytes.Clone(raw)
	case *ContentPart:
		if !slices.Contains(partTypes, o.Type) {
			o.Raw = bytes.Clone(raw)
		}
	}
}

// find returns the raw value of a member, of several with the name the last,
// or nil.
func (c *codec) find(name string) []byte {
	for i := len(c.in) - 1; i >= 0; i-- {
		if jsonscan.Equal(c.in[i].Key, name) {
			return c.in[i].Value
		}
	}
	return nil
}

// present is find for members where null means nothing.
func (c *codec) present(name string) []byte {
	raw := c.find(name)
	if jsonscan.Kind(raw) == jsonscan.Null {
		return nil
	}
	return raw
}

// unknown writes an object that was kept whole because its type is not known.
func (c *codec) unknown(typ string, data json.RawMessage) {
	if c.strict {
		c.fail("", fmt.Sprintf("is of type %q, which AG-UI %s does not have", clip(typ), ProtocolVersion))
	}
	c.raw("", data, jsonscan.Object)
}

// check reports whether data is JSON as the wire wants it.
func check(data []byte) error {
	switch {
	case !json.Valid(data):
		return errors.New("is malformed JSON")
	case !utf8.Valid(data):
		return errors.New("is not UTF-8")
	}
	return nil
}
