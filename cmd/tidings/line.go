package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidings-dev/tidings"
)

// jsonLine writes an event as a line of JSON with the payload as it is, which
// has no line breaks.
func (c *console) jsonLine(e *tidings.Event) error {
	line := append([]byte(`{"id":"`), e.ID.String()...)
	line = append(line, '"')
	for _, m := range []struct{ name, value string }{
		{"user", e.User}, {"channel", string(e.Channel)}, {"session", e.Session}, {"type", e.Type},
	} {
		if m.value != "" {
			text, _ := json.Marshal(m.value) // strings always can be
			line = append(append(line, `,"`+m.name+`":`...), text...)
		}
	}
	line = append(line, `,"data":`...)
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
	on := !c.noColour
	kind := green
	if strings.Contains(strings.ToUpper(e.Type), "ERROR") {
		kind = red
	}
	// A stamp of the memory log is exact to the millisecond.
	when := e.ID.Time().Local().Format("15:04:05.000")
	where := printable(strings.Trim(e.User+"/"+e.Session, "/"))
	width := len(when) + len(where) + len(e.Channel) + len(e.Type) + 4
	data := cut(printable(oneSpace(e.Data)), max(c.width-width, 40))
	channel, has := channelColours[e.Channel]
	if !has {
		channel = bold
	}
	_, err := fmt.Fprintln(c.out, strings.Join(compact(
		paint(on, dim, when), where, paint(on, channel, printable(string(e.Channel))),
		paint(on, kind, printable(e.Type)), paint(on, dim, data)), " "))
	return err
}

// compact returns the parts that are not empty.
func compact(parts ...string) []string {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return kept
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
