package agui

import (
	"bytes"
	"encoding/json"

	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// As returns what a decoded member of type any holds, such as
// StateSnapshotEvent.Snapshot, as a T:
//
//	state, err := agui.As[State](e.Snapshot)
//
// It works as well on members that were set in Go. A member that was left out
// is like null: the zero T.
func As[T any](value any) (T, error) {
	var into T
	data, err := json.Marshal(value)
	if raw, ok := value.(json.RawMessage); ok {
		data, err = raw, nil
	}
	if err != nil || len(data) == 0 {
		return into, err
	}
	err = json.Unmarshal(data, &into)
	return into, err
}

// anything is no kind: any will do.
const anything = ""

// value is a required member of any kind: nil is null.
func (c *codec) value(name string, v *any) {
	if c.reading {
		*v = json.RawMessage(bytes.Clone(c.find(name)))
		return
	}
	c.key(name)
	c.writeValue(name, *v, anything)
}

// optionalValue is a member of any kind but null: nil is left out.
func (c *codec) optionalValue(name string, v *any) {
	c.open(name, v, anything)
}

// optionalObject is an object that is open for members of any name: nil is left
// out.
func (c *codec) optionalObject(name string, v *any) {
	c.open(name, v, jsonscan.Object)
}

// needObject is optionalObject for what must be there.
func (c *codec) needObject(name string, v *any) {
	if !c.reading && *v == nil {
		c.fail(name, "is missing, want an object")
	}
	c.open(name, v, jsonscan.Object)
}

// open is an optional member that is not null and, if kind is not anything, of
// that kind.
func (c *codec) open(name string, v *any, kind string) {
	if !c.reading {
		if *v != nil {
			c.key(name)
			start := len(c.out)
			c.writeValue(name, *v, kind)
			if jsonscan.Kind(c.out[start:]) == jsonscan.Null {
				c.fail(name, "is null, which is left out by leaving it nil")
			}
		}
		return
	}
	*v = nil
	if raw := c.present(name); raw != nil {
		if got := jsonscan.Kind(raw); kind != anything && got != kind {
			c.fail(name, "is "+got+", want "+kind)
		}
		*v = json.RawMessage(bytes.Clone(raw))
	}
}

// writeValue writes what a caller put into a member.
func (c *codec) writeValue(name string, v any, kind string) {
	switch v := v.(type) {
	case nil:
		c.out = append(c.out, "null"...)
	case string:
		c.kind(name, jsonscan.Text, kind)
		c.out = jsontext.AppendString(c.out, v)
	case json.RawMessage:
		c.raw(name, v, kind)
	default:
		c.marshal(name, v, kind)
	}
}

// marshal writes v by encoding/json, without escaping for HTML.
func (c *codec) marshal(name string, v any, kind string) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		c.fail(name, "cannot be encoded: "+err.Error())
		c.err.Err = err
		return
	}
	c.raw(name, bytes.TrimSuffix(b.Bytes(), []byte("\n")), kind)
}

// raw writes JSON as it is, except that a line break between its tokens goes:
// an event is one line.
func (c *codec) raw(name string, data json.RawMessage, kind string) {
	if len(data) == 0 {
		c.fail(name, "is missing")
		return
	}
	if err := check(data); err != nil {
		c.fail(name, err.Error())
		return
	}
	c.kind(name, jsonscan.Kind(data), kind)
	if bytes.ContainsAny(data, "\r\n") {
		b := bytes.NewBuffer(c.out)
		_ = json.Compact(b, data) // it is valid
		c.out = b.Bytes()
		return
	}
	c.out = append(c.out, data...)
}

// kind checks that what is written is of the kind that is wanted.
func (c *codec) kind(name, got, want string) {
	if want != anything && got != want {
		c.fail(name, "is "+got+", want "+want)
	}
}

// key writes the name of a member, which needs no escapes, after a comma if it
// is not the first.
func (c *codec) key(name string) {
	c.element()
	c.out = append(append(append(c.out, '"'), name...), '"', ':')
}

// element writes the comma before all but the first member or element.
func (c *codec) element() {
	if last := c.out[len(c.out)-1]; last != '{' && last != '[' {
		c.out = append(c.out, ',')
	}
}
