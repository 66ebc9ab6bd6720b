package analytics

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// What strings may hold is what [tidings.CheckName] accepts of at most so many
// bytes. A URL of 8000 must be possible everywhere (RFC 9110 section 4.1).
const (
	nameLimit = 256
	urlLimit  = 8000
)

// id is a required name.
func (c *codec) id(name string, s *string) { c.text(name, s, nameLimit, "an id") }

// optional is a name that is left out when it is empty.
func (c *codec) optional(name string, s *string) { c.text(name, s, nameLimit, "") }

// url is a required URL. That it is one is not looked at: apps have addresses
// of their own.
func (c *codec) url(name string, s *string) { c.text(name, s, urlLimit, "a URL") }

// optionalURL is a URL that is left out when it is empty.
func (c *codec) optionalURL(name string, s *string) { c.text(name, s, urlLimit, "") }

// text is a string of at most limit bytes. It must not be empty if it is said
// what it has to be.
func (c *codec) text(name string, s *string, limit int, required string) {
	switch {
	case c.reading:
		c.readString(name, s)
	case *s != "":
		c.writeString(name, *s, limit)
	case required != "":
		c.fail(name, "is empty, want "+required)
	}
}

func (c *codec) readString(name string, s *string) {
	got, err := jsonscan.Optional(c.present(name))
	if err != nil {
		c.fail(name, err.Error())
	}
	*s = got
}

func (c *codec) writeString(name, s string, limit int) {
	if err := tidings.CheckName(name, s, limit); err != nil {
		invalid, _ := errors.AsType[*tidings.InvalidError](err)
		c.failed(name, fmt.Sprintf("is %q, want %s", clip(s), invalid.Want), err)
		return
	}
	c.key(name)
	c.out = jsontext.AppendString(c.out, s)
}

// key writes the name of a member that is not the first.
func (c *codec) key(name string) {
	c.out = append(append(append(c.out, `,"`...), name...), `":`...)
}

// time is a time of RFC 3339, always in UTC. The zero time is now.
func (c *codec) time(name string, t *time.Time) {
	if c.reading {
		*t = c.readTime(name)
		return
	}
	at := *t
	if at.IsZero() {
		at = time.Now()
	}
	if at = at.UTC(); at.Year() < 0 || at.Year() > 9999 {
		c.fail(name, fmt.Sprintf("is in the year %d, want 0 to 9999", at.Year()))
	}
	c.key(name)
	c.out = append(at.AppendFormat(append(c.out, '"'), time.RFC3339Nano), '"')
}

func (c *codec) readTime(name string) time.Time {
	var s string
	if c.readString(name, &s); s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		c.failed(name, fmt.Sprintf("is %q, want a time such as %q", clip(s), "2026-11-20T22:07:43Z"), err)
		return time.Time{}
	}
	return t.UTC()
}

// flag is a boolean.
func (c *codec) flag(name string, b *bool) {
	if !c.reading {
		c.key(name)
		c.out = strconv.AppendBool(c.out, *b)
		return
	}
	raw := c.present(name)
	*b = string(raw) == "true"
	if raw != nil && jsonscan.Kind(raw) != jsonscan.Boolean {
		c.fail(name, "is "+jsonscan.Kind(raw)+", want a boolean")
	}
}

// safe is the greatest integer that JavaScript keeps exactly.
const safe = 1<<53 - 1

// count is a whole number. Producers whose numbers are floating write it as
// 1.0.
func (c *codec) count(name string, n *int64) {
	if c.reading {
		f := c.readNumber(name)
		if f != math.Trunc(f) || math.Abs(f) > safe {
			c.fail(name, fmt.Sprintf("is %v, want a whole number of at most 53 bits", f))
			f = 0
		}
		*n = int64(f)
		return
	}
	if *n < 0 || *n > safe {
		c.fail(name, fmt.Sprintf("is %d, want 0 to %d", *n, int64(safe)))
	}
	c.key(name)
	c.out = strconv.AppendInt(c.out, *n, 10)
}

// duration is written as whole milliseconds. Browsers measure fractions, which
// are read.
func (c *codec) duration(name string, d *time.Duration) {
	if c.reading {
		const most = float64(math.MaxInt64 / int64(time.Millisecond))
		whole, part := math.Modf(c.readNumber(name))
		if math.Abs(whole) >= most {
			c.fail(name, fmt.Sprintf("is %v, want milliseconds of less than 292 years", whole))
			whole = 0
		}
		*d = time.Duration(whole)*time.Millisecond + time.Duration(part*float64(time.Millisecond))
		return
	}
	if *d < 0 {
		c.fail(name, fmt.Sprintf("is %s, want 0 or more", *d))
	}
	c.key(name)
	c.out = strconv.AppendInt(c.out, d.Milliseconds(), 10)
}

// number is any number that is not negative.
func (c *codec) number(name string, f *float64) {
	if c.reading {
		*f = c.readNumber(name)
		return
	}
	if !(*f >= 0) || math.IsInf(*f, 0) { // not a number is not 0 or more
		c.fail(name, fmt.Sprintf("is %v, want 0 or more", *f))
		return
	}
	data, _ := json.Marshal(*f) // it is finite
	c.key(name)
	c.out = append(c.out, data...)
}

func (c *codec) readNumber(name string) float64 {
	raw := c.present(name)
	if raw == nil {
		return 0
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case jsonscan.Kind(raw) != jsonscan.Number:
		c.fail(name, "is "+jsonscan.Kind(raw)+", want a number")
		return 0
	case err != nil:
		c.fail(name, "is "+clip(raw)+", want a number of 64 bits")
		return 0
	}
	return f
}
