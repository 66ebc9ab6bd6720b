package sse

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A FieldError says why an Append function refused a value. Nothing was
// appended.
type FieldError struct {
	Field string // "kind", "id", "event" or "data"
	Value string // the refused value, shortened
	Want  string // what is accepted, and what to do instead
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("sse: invalid %s %q: want %s", e.Field, e.Value, e.Want)
}

// refuse returns a *FieldError with a shortened value.
func refuse(field, value, want string) *FieldError {
	return &FieldError{Field: field, Value: shorten(value, 80), Want: want}
}

// shorten cuts s to at most n bytes of whole characters, for error messages.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n]) + "…"
}

// A TooLargeError ends a Decoder that met a line, or the data of an event, of
// more bytes than its Options allow. Everything before was yielded, and
// LastEventID is the position before it.
type TooLargeError struct {
	What  string // "line" or "data"
	Limit int    // Options.MaxEvent, or its default
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("sse: %s of more than %d bytes: raise Options.MaxEvent or have the publisher send less at once", e.What, e.Limit)
}
