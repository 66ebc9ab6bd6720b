package jsonscan

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// String returns the string that a token, with its quotes, stands for, and
// false if it is not a string. It decodes as encoding/json does: what is not
// UTF-8, and half a surrogate pair, becomes U+FFFD. The string is a copy.
func String(token []byte) (string, bool) {
	body, ok := unquote(token)
	if !ok {
		return "", false
	}
	if plain(body) {
		return string(body), true
	}
	return unescape(body)
}

// Equal reports whether a token, with its quotes, stands for s, which is plain
// ASCII. It allocates nothing.
func Equal(token []byte, s string) bool {
	body, ok := unquote(token)
	if !ok || bytes.IndexByte(body, '\\') < 0 {
		return ok && string(body) == s
	}
	for i := range len(s) {
		r, n := next(body)
		if n == 0 || r != rune(s[i]) {
			return false
		}
		body = body[n:]
	}
	return len(body) == 0
}

// unquote returns what stands between the quotes of a token.
func unquote(token []byte) ([]byte, bool) {
	if len(token) < 2 || token[0] != '"' || token[len(token)-1] != '"' {
		return nil, false
	}
	return token[1 : len(token)-1], true
}

// plain reports whether the body of a string stands for itself.
func plain(body []byte) bool {
	ascii := true
	for _, c := range body {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(body)
}

// unescape decodes the body of a string character by character.
func unescape(body []byte) (string, bool) {
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		r, n := next(body)
		if n == 0 {
			return "", false
		}
		out = utf8.AppendRune(out, r)
		body = body[n:]
	}
	return string(out), true
}

// next decodes the first character of the body of a string and returns how
// many bytes it takes, 0 if it is malformed or the body is empty.
func next(body []byte) (rune, int) {
	if len(body) == 0 {
		return 0, 0
	}
	switch c := body[0]; {
	case c == '\\':
		return escape(body)
	case c < ' ' || c == '"':
		return 0, 0
	}
	return utf8.DecodeRune(body)
}

// escape is next for what begins with a backslash.
func escape(body []byte) (rune, int) {
	if len(body) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, body[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	r, ok := hex4(body)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(r):
		return r, 6
	}
	low, _ := hex4(body[6:])
	if whole := utf16.DecodeRune(r, low); whole != unicode.ReplacementChar {
		return whole, 12
	}
	return unicode.ReplacementChar, 6
}

// hex4 reads the \uXXXX at the start of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var unit [2]byte
	if _, err := hex.Decode(unit[:], b[2:6]); err != nil {
		return 0, false
	}
	return rune(binary.BigEndian.Uint16(unit[:])), true
}
