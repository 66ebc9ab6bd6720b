package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// object returns the members of a JSON object, by their exact names. No object
// in it has two members of one name.
func object(data []byte) (map[string]json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' || !utf8.Valid(data) {
		return nil, errors.New("want a JSON object in UTF-8")
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil, errors.New("want a JSON object in UTF-8")
	}
	return members, unique(data)
}

// unique reports a name that an object in data has twice. Who reads the first and
// who reads the last would not read the same (RFC 8725, 2.4). data is valid JSON.
func unique(data []byte) error {
	type level struct {
		names map[string]bool // nil in an array
		value bool            // a member's value comes next
	}
	var levels []level
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("want JSON: %w", err)
		}
		if t == json.Delim('}') || t == json.Delim(']') {
			levels = levels[:len(levels)-1]
			continue
		}
		if n := len(levels) - 1; n >= 0 && levels[n].names != nil {
			if name, ok := t.(string); ok && !levels[n].value {
				if levels[n].names[name] {
					return fmt.Errorf("two members are named %q", shorten(name))
				}
				levels[n].names[name], levels[n].value = true, true
				continue
			}
			levels[n].value = false
		}
		switch t {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}

// shorten cuts a name to a length that fits into an error.
func shorten(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
