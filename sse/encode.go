package sse

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendEvent appends the event to dst and returns the extended slice. On an
// error, a *FieldError, it returns dst as it was.
//
// A Message is written as an id line, an event line and a data line for every
// line of Data, where CR, LF and CRLF end a line; empty ID and Name are left
// out. Refused are: an ID or Name with CR, LF or NUL, text that is not UTF-8,
// and Data without anything but line ends, because clients that parse all data
// as JSON fail on it. To move a client's position without data, use AppendID.
//
// Of a Position only the ID is written, as by AppendID; of a Comment only the
// text, as by AppendComment.
//
// It does not keep e.Data, and allocates only to grow dst or to refuse.
func AppendEvent(dst []byte, e Event) ([]byte, error) {
	switch e.Kind {
	case Message:
		return appendMessage(dst, e)
	case Position:
		return AppendID(dst, e.ID)
	case Comment:
		return append(appendComment(dst, e.Data), '\n'), nil
	}
	return dst, refuse("kind", strconv.Itoa(int(e.Kind)), "Message, Position or Comment")
}

// appendMessage is AppendEvent for a Message.
func appendMessage(dst []byte, e Event) ([]byte, error) {
	if err := checkMessage(e); err != nil {
		return dst, err
	}
	if e.Name != "" {
		dst = appendField(dst, "event: ", e.Name)
	}
	dst = appendLines(dst, "data: ", e.Data)
	if e.ID != "" || e.HasID { // last: there are clients that take an id before its event is whole
		dst = appendField(dst, "id: ", e.ID)
	}
	return append(dst, '\n'), nil
}

// AppendID appends an id-only frame: it moves a client's position and
// dispatches nothing. An empty id makes the client forget its position. On an
// error, a *FieldError because of CR, LF, NUL or invalid UTF-8, it returns dst
// as it was.
//
// Clients present the id in a Last-Event-ID header. One with control
// characters, or with spaces at its ends, is written here as it is but may not
// survive there.
func AppendID(dst []byte, id string) ([]byte, error) {
	if err := checkValue("id", id); err != nil {
		return dst, err
	}
	return append(appendField(dst, "id: ", id), '\n'), nil
}

// AppendComment appends a comment, which clients ignore: a keep-alive, padding
// or a word to whoever reads the stream with curl. Every line of text becomes a
// comment line; bytes that are not UTF-8 become U+FFFD. Empty text is an empty
// comment.
func AppendComment(dst []byte, text string) []byte {
	return append(appendComment(dst, []byte(text)), '\n')
}

// AppendRetry appends a frame that sets the client's reconnection time, in
// milliseconds, rounded up. Zero asks for no wait at all; a negative d appends
// nothing and leaves the client its own.
func AppendRetry(dst []byte, d time.Duration) []byte {
	if d < 0 {
		return dst
	}
	ms := int64(d / time.Millisecond)
	if d%time.Millisecond > 0 {
		ms++
	}
	dst = append(dst, "retry: "...)
	dst = strconv.AppendInt(dst, ms, 10)
	return append(dst, "\n\n"...)
}

// appendField appends one line. The space that ends the prefix is the one that
// a decoder removes, so a value that begins with a space keeps it.
func appendField(dst []byte, prefix, value string) []byte {
	dst = append(dst, prefix...)
	dst = append(dst, value...)
	return append(dst, '\n')
}

// appendComment appends the comment lines of b.
func appendComment(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return appendLines(dst, ": ", b)
	}
	return appendLines(dst, ": ", appendText(nil, b))
}

// appendLines appends every line of b behind the prefix. What follows the last
// line end is a line too, so that a decoder joins them to the same text.
func appendLines(dst []byte, prefix string, b []byte) []byte {
	for {
		dst = append(dst, prefix...)
		i := lineEnd(b)
		if i < 0 {
			dst = append(dst, b...)
			return append(dst, '\n')
		}
		dst = append(dst, b[:i]...)
		dst = append(dst, '\n')
		if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			i++
		}
		b = b[i+1:]
	}
}

// checkMessage refuses what would not read back the same.
func checkMessage(e Event) error {
	if err := checkValue("id", e.ID); err != nil {
		return err
	}
	if err := checkValue("event", e.Name); err != nil {
		return err
	}
	if len(bytes.TrimLeft(e.Data, "\r\n")) == 0 {
		return refuse("data", string(e.Data), "something besides line ends; AppendID moves a position without data")
	}
	if !utf8.Valid(e.Data) {
		return refuse("data", string(e.Data), "valid UTF-8; encode binary data, for example in base64")
	}
	return nil
}

// checkValue refuses an id or a name that could end its line, that decoders
// ignore, or that they would read differently.
func checkValue(field, value string) error {
	if strings.IndexByte(value, '\n') >= 0 || strings.IndexByte(value, '\r') >= 0 || strings.IndexByte(value, 0) >= 0 {
		return refuse(field, value, "one line without CR, LF and NUL")
	}
	if !utf8.ValidString(value) {
		return refuse(field, value, "valid UTF-8")
	}
	return nil
}
