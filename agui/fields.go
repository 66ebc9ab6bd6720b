package agui

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// snake holds the names under which a quarter of recorded real agents send
// their ids. They count where the right name has nothing, as in [Peek].
var snake = map[string]string{"threadId": "thread_id", "runId": "run_id", "messageId": "message_id"}

// id is a required string that must not be empty: an id or a name.
func (c *codec) id(name string, s *string) {
	if c.reading {
		c.readString(name, s)
		if other := snake[name]; *s == "" && other != "" {
			c.readString(other, s)
		}
		return
	}
	if *s == "" {
		c.fail(name, "is empty")
	}
	c.writeString(name, *s)
}

// text is a required string that may be empty.
func (c *codec) text(name string, s *string) {
	if c.reading {
		c.readString(name, s)
		return
	}
	c.writeString(name, *s)
}

// optional is a string that is left out when it is empty.
func (c *codec) optional(name string, s *string) {
	if c.reading {
		c.readString(name, s)
	} else if *s != "" {
		c.writeString(name, *s)
	}
}

func (c *codec) readString(name string, s *string) {
	got, err := jsonscan.Optional(c.find(name))
	if err != nil {
		c.fail(name, err.Error())
	}
	*s = got
}

func (c *codec) writeString(name, s string) {
	c.key(name)
	c.out = jsontext.AppendString(c.out, s)
}

// constant is a required string that is always the same. What is read may lack
// it.
func (c *codec) constant(name, want string) {
	if !c.reading {
		c.writeString(name, want)
		return
	}
	var got string
	if c.readString(name, &got); got != "" && got != want {
		c.fail(name, fmt.Sprintf("is %q, want %q", clip(got), want))
	}
}

// enum is a required string that is one of a few. What is read may be another.
func enum[T ~string](c *codec, name string, s *T, allowed ...T) {
	if c.reading {
		var got string
		c.readString(name, &got)
		*s = T(got)
		return
	}
	if !slices.Contains(allowed, *s) {
		c.fail(name, fmt.Sprintf("is %q, want one of %q", clip(*s), allowed))
	}
	c.writeString(name, string(*s))
}

// optionalEnum is enum for what is left out when it is empty.
func optionalEnum[T ~string](c *codec, name string, s *T, allowed ...T) {
	if c.reading || *s != "" {
		enum(c, name, s, allowed...)
	}
}

// flag is an optional boolean.
func (c *codec) flag(name string, b **bool) {
	if !c.reading {
		if *b != nil {
			c.key(name)
			c.out = strconv.AppendBool(c.out, **b)
		}
		return
	}
	switch raw := c.present(name); jsonscan.Kind(raw) {
	case jsonscan.Boolean:
		*b = new(raw[0] == 't')
	case jsonscan.Nothing:
		*b = nil
	default:
		c.fail(name, "is "+jsonscan.Kind(raw)+", want a boolean")
	}
}

// safe is the greatest integer that JavaScript keeps exactly; the protocol
// allows no greater ones.
const safe = 1<<53 - 1

// count is an optional integer that is not negative.
func (c *codec) count(name string, n **int64) {
	if c.reading {
		*n = c.readInteger(name)
		return
	}
	if *n == nil {
		return
	}
	if **n < 0 || **n > safe {
		c.fail(name, fmt.Sprintf("is %d, want 0 to %d", **n, int64(safe)))
	}
	c.key(name)
	c.out = strconv.AppendInt(c.out, **n, 10)
}

// time is an optional time in whole milliseconds.
func (c *codec) time(name string, t *time.Time) {
	if c.reading {
		*t = time.Time{}
		if n := c.readInteger(name); n != nil {
			*t = time.UnixMilli(*n).UTC()
		}
		return
	}
	if t.IsZero() {
		return
	}
	ms := t.UnixMilli() // overflows where the seconds alone are too many
	if s := t.Unix(); s < -safe/1000-1 || s > safe/1000 || ms < -safe || ms > safe {
		c.fail(name, "is too far from 1970 for a count of milliseconds")
	}
	c.key(name)
	c.out = strconv.AppendInt(c.out, ms, 10)
}

// readInteger reads an optional integer. Producers whose numbers are floating
// write it as 1.0 or 1e0.
func (c *codec) readInteger(name string) *int64 {
	raw := c.present(name)
	if raw == nil {
		return nil
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil && -safe <= n && n <= safe {
		return &n
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != float64(int64(f)) || f < -safe || f > safe {
		c.fail(name, "is "+jsonscan.Kind(raw)+", want a whole number of at most 53 bits")
		return nil
	}
	return new(int64(f))
}

// strings is an optional list of strings: nil is left out, empty is not.
func (c *codec) strings(name string, list *[]string) {
	if !c.reading {
		if *list != nil {
			c.key(name)
			c.out = append(c.out, '[')
			for _, s := range *list {
				c.element()
				c.out = jsontext.AppendString(c.out, s)
			}
			c.out = append(c.out, ']')
		}
		return
	}
	*list = nil
	c.elements(name, func() { *list = []string{} }, func(i int, raw []byte) {
		s, ok := jsonscan.String(raw)
		if !ok {
			c.fail(place(name, i), "is "+jsonscan.Kind(raw)+", want a string")
		}
		*list = append(*list, s)
	})
}

// list is a required list of objects.
func list[T any, P interface {
	*T
	Object
}](c *codec, name string, items *[]T) {
	if !c.reading {
		c.key(name)
		c.out = append(c.out, '[')
		for i := range *items {
			c.element()
			c.within(func() string { return place(name, i) }, P(&(*items)[i]), nil)
		}
		c.out = append(c.out, ']')
		return
	}
	*items = nil
	c.elements(name, func() { *items = []T{} }, func(i int, raw []byte) {
		item := P(new(T))
		c.within(func() string { return place(name, i) }, item, raw)
		*items = append(*items, *item)
	})
}

// optionalList is list for what is left out when it is nil. An empty one is
// written.
func optionalList[T any, P interface {
	*T
	Object
}](c *codec, name string, items *[]T) {
	if c.reading || *items != nil {
		list[T, P](c, name, items)
	}
}

// elements reads a list: it calls start if there is one and then item for each
// element. What is missing is as if it were null.
func (c *codec) elements(name string, start func(), item func(i int, raw []byte)) {
	raw := c.present(name)
	if raw == nil {
		return
	}
	if kind := jsonscan.Kind(raw); kind != jsonscan.Array {
		c.fail(name, "is "+kind+", want an array")
		return
	}
	start()
	i := 0
	for element := range jsonscan.Elements(raw) {
		item(i, element)
		i++
	}
}

// place names an element of a list.
func place(name string, i int) string { return name + "[" + strconv.Itoa(i) + "]" }

// part is an optional object inside of another.
func part[T any, P interface {
	*T
	Object
}](c *codec, name string, p **T) {
	if !c.reading {
		if *p != nil {
			c.key(name)
			c.within(func() string { return name }, P(*p), nil)
		}
		return
	}
	*p = nil
	if raw := c.present(name); raw != nil {
		*p = new(T)
		c.within(func() string { return name }, P(*p), raw)
	}
}

// inner is a required object inside of another.
func inner(c *codec, name string, o Object) {
	if !c.reading {
		c.key(name)
		c.within(func() string { return name }, o, nil)
	} else if raw := c.present(name); raw != nil {
		c.within(func() string { return name }, o, raw)
	}
}
