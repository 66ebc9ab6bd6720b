package sse

import "unicode/utf8"

// appendText appends b as the standard's "UTF-8 decode" reads it: every
// maximal part of a broken character becomes one U+FFFD (Encoding Standard
// 4.1, "UTF-8 decoder"). Go's own conversions differ: range replaces every byte
// of "\xe2\x82", strings.ToValidUTF8 joins all neighbours into one.
//
// Decoding line by line is exact: CR and LF are never inside a character.
func appendText(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = brokenLen(b)
		}
		dst = utf8.AppendRune(dst, r)
		b = b[n:]
	}
	return dst
}

// brokenLen returns the length of the broken character at the start of b: the
// longest proper prefix of a character, or else one byte.
func brokenLen(b []byte) int {
	n := 1
	for n < len(b) && !utf8.FullRune(b[:n+1]) { // not full: a valid prefix
		n++
	}
	return n
}

// text returns b as a string of valid UTF-8.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return string(appendText(nil, b))
}
