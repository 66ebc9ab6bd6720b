package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidings-dev/tidings"
)

// jsonLine writes an event as a line of JSON with the payload as it is, which
// has no line breaks.
func (c *console) jsonLine(e *tidings.Event) error {
	line := []byte("{")
	for _, m := range []struct{ name, value string }{
		{"id", e.ID.String()}, {"user", e.User}, {"channel", string(e.Channel)}, {"session", e.Session}, {"type", e.Type},
	} {
		if m.value != "" {
			text, _ := json.Marshal(m.value) // strings always can be
			line = append(append(line, `"`+m.name+`":`...), append(text, ',')...)
		}
	}
	line = append(line, `"data":`...)
	line = append(line, e.Data...)
	_, err := c.out.Write(append(line, "}\n"...))
	return err
}

// channelColours tell channels apart.
var channelColours = map[tidings.Channel]colour{
	tidings.AGUI: cyan, tidings.A2A: purple, tidings.System: yellow, tidings.Analytics: blue,
}

// readable writes an event as a line for people, cut to the terminal's width.
func (c *console) readable(e *tidings.Event) error {
	parts := []struct {
		colour colour
		text   string
	}{
		{dim, when(e).Local().Format("15:04:05.000")}, // what a stamp is exact to
		{"", printable(strings.Trim(e.User+"/"+e.Session, "/"))},
		{cmp.Or(channelColours[e.Channel], bold), printable(string(e.Channel))},
		{typeColour(e.Type), printable(e.Type)},
	}
	line, width := "", 0
	for _, p := range parts {
		if p.text != "" {
			line += paint(!c.noColour, p.colour, p.text) + " "
			width += utf8.RuneCountInString(p.text) + 1
		}
	}
	data := cut(printable(oneSpace(e.Data)), max(c.width-width, 40))
	_, err := fmt.Fprintln(c.out, line+paint(!c.noColour, dim, data))
	return err
}

// when returns the time of an event; that of one without an id is now.
func when(e *tidings.Event) time.Time {
	if e.ID.IsZero() {
		return time.Now()
	}
	return e.ID.Time()
}

// typeColour returns the colour of a type.
func typeColour(kind string) colour {
	if strings.Contains(strings.ToUpper(kind), "ERROR") {
		return red
	}
	return green
}

// oneSpace takes the spaces between tokens away, which cost width.
func oneSpace(data []byte) string {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return string(data)
	}
	return b.String()
}

// printable replaces what could steer a terminal: what an event says comes
// from anywhere, and JSON may hold U+009B, which begins a control sequence.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, s)
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
