package tidings

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzPayload holds what is kept of a payload against encoding/json: the same
// value, on one line, refused only for what the limits say.
func FuzzPayload(f *testing.F) {
	for _, s := range []string{
		`{"a":1}`, "{\r\n \"a\" :\n1}\r", `"a\nb\\\""`, "[[],[[[[]]]],{}]", `"[[[[[["`, `"\\"`, `{"[":"]"}`, `{"a":[{"b":[]}]}`, "\"\xff\"", "1\n2", "",
	} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		limit = 1 + limit&15
		limits := Limits{Event: 1000, Depth: limit}
		before := bytes.Clone(data)
		kept, err := limits.payload(data)
		if !bytes.Equal(data, before) {
			t.Fatalf("changed its input to %q", data)
		}
		var value bytes.Buffer
		valid := json.Compact(&value, data) == nil && utf8.Valid(data)
		if refuse := !valid || len(data) > limits.Event || nesting(data) > limit; (err != nil) != refuse {
			t.Fatalf("%q, at most %d deep: error %v", data, limit, err)
		}
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		var again bytes.Buffer
		if err := json.Compact(&again, kept); err != nil || !bytes.Equal(again.Bytes(), value.Bytes()) {
			t.Fatalf("kept %q of %q, error %v", kept, data, err)
		}
		if line := strings.NewReplacer("\r", "", "\n", "").Replace(string(data)); string(kept) != line {
			t.Fatalf("kept %q of %q", kept, data)
		}
	})
}

// nesting returns how deep the arrays and objects of valid JSON are nested.
func nesting(data []byte) int {
	deep, deepest := 0, 0
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			deep++
			deepest = max(deepest, deep)
		case json.Delim(']'), json.Delim('}'):
			deep--
		}
	}
}

// FuzzCheckName holds the quick check of names against its definition, rune by
// rune.
func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"", "a", " a", "a ", "a b", "a\n", "\x7f", "\u0085", "a\u2028b", "\u00a0a", "\xff", "日本", "日本 ", "\u3000a"} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		want := len(s) <= limit && utf8.ValidString(s)
		runes := []rune(s)
		for i, r := range runes {
			end := i == 0 || i == len(runes)-1
			want = want && !unicode.IsControl(r) && r != '\u2028' && r != '\u2029' && !(end && unicode.IsSpace(r))
		}
		err := CheckName("name", s, limit)
		if (err == nil) != want {
			t.Fatalf("%q, at most %d bytes: error %v", s, limit, err)
		}
		if err != nil && (!errors.Is(err, ErrInvalid) || errors.Is(err, ErrTooLarge) != (len(s) > limit)) {
			t.Fatalf("%q, at most %d bytes: error %v", s, limit, err)
		}
	})
}
