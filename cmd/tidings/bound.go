package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// unlimited is how a flag says that there is no bound, and none what it is then.
const (
	unlimited = "unlimited"
	none      = -1
)

// A sizeBound is a number of bytes, or none.
type sizeBound int64

// units are what sizes are written in.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// UnmarshalText reads a size such as 16GiB.
func (s *sizeBound) UnmarshalText(text []byte) error {
	if string(text) == unlimited {
		*s = none
		return nil
	}
	for _, u := range units {
		if number, ok := cutUnit(string(text), u.name); ok {
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil || n <= 0 || n > math.MaxInt64/u.bytes {
				break
			}
			*s = sizeBound(n * u.bytes)
			return nil
		}
	}
	return fmt.Errorf("%q: want a size such as 500MB or 16GiB, or %s", text, unlimited)
}

// MarshalText returns the shortest text that UnmarshalText reads as s.
func (s sizeBound) MarshalText() ([]byte, error) {
	if s == none {
		return []byte(unlimited), nil
	}
	shortest := ""
	for _, u := range units {
		text := strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		if int64(s)%u.bytes == 0 && (shortest == "" || len(text) < len(shortest)) {
			shortest = text
		}
	}
	return []byte(shortest), nil
}

// cutUnit cuts a unit off the end of text, whatever its case, and the space
// before it.
func cutUnit(text, unit string) (number string, ok bool) {
	at := len(text) - len(unit)
	if at < 0 || !strings.EqualFold(text[at:], unit) {
		return "", false
	}
	return strings.TrimRight(text[:at], " "), true
}

// An ageBound is a duration, or none.
type ageBound time.Duration

// day is how long a day is for retention.
const day = 24 * time.Hour

// UnmarshalText reads an age such as 7d, 36h or 1h30m.
func (a *ageBound) UnmarshalText(text []byte) error {
	if string(text) == unlimited {
		*a = none
		return nil
	}
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		if n, err := strconv.ParseInt(days, 10, 64); err == nil && n > 0 && n <= math.MaxInt64/int64(day) {
			*a = ageBound(n) * ageBound(day)
			return nil
		}
	}
	if d, err := time.ParseDuration(string(text)); err == nil && d > 0 {
		*a = ageBound(d)
		return nil
	}
	return fmt.Errorf("%q: want an age such as 7d or 12h, or %s", text, unlimited)
}

// MarshalText returns a text that UnmarshalText reads as a.
func (a ageBound) MarshalText() ([]byte, error) {
	d := time.Duration(a)
	switch {
	case a == none:
		return []byte(unlimited), nil
	case d > 0 && d%day == 0:
		return fmt.Appendf(nil, "%dd", d/day), nil
	}
	return []byte(d.String()), nil
}
