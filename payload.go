package tidings

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// payload checks the bytes of an event and returns them as they are kept:
// verbatim, but without the CR and LF that stand between tokens, because
// text/event-stream is made of lines. Valid JSON has no other place for them.
// A payload without line breaks is returned as it is, not copied.
func (l *Limits) payload(data []byte) ([]byte, error) {
	switch {
	case len(data) > l.Event:
		err := invalid("data", "", "at most "+itoa(l.Event)+" bytes, not "+itoa(len(data)))
		err.Cause = ErrTooLarge
		return nil, err
	case !json.Valid(data):
		return nil, invalid("data", string(data[:min(len(data), 81)]), "one JSON value")
	case !utf8.Valid(data):
		return nil, invalid("data", "", "valid UTF-8")
	case depth(data, l.Depth) > l.Depth:
		return nil, invalid("data", "", "JSON nested at most "+itoa(l.Depth)+" deep")
	}
	return oneLine(data), nil
}

// depth returns how deep arrays and objects of valid JSON are nested, or more
// than limit as soon as it is.
func depth(data []byte, limit int) int {
	if bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) <= limit {
		return limit // cannot be deeper; spares the walk for nearly every event
	}
	deep, deepest, quoted := 0, 0, false
	for i := 0; i < len(data) && deepest <= limit; i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '[' || c == '{'):
			deep++
			deepest = max(deepest, deep)
		case !quoted && (c == ']' || c == '}'):
			deep--
		}
	}
	return deepest
}

// oneLine returns data without CR and LF.
func oneLine(data []byte) []byte {
	if bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 {
		return data
	}
	line := make([]byte, 0, len(data))
	for _, c := range data {
		if c != '\n' && c != '\r' {
			line = append(line, c)
		}
	}
	return line
}
