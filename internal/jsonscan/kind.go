package jsonscan

import "fmt"

// Kinds of a JSON value, worded for the middle of a sentence.
const (
	Nothing = "nothing"
	Object  = "an object"
	Array   = "an array"
	Text    = "a string"
	Number  = "a number"
	Boolean = "a boolean"
	Null    = "null"
	NoJSON  = "no JSON"
)

// Kind says what kind of value begins data, by its first byte.
func Kind(data []byte) string {
	s := scanner{data: data}
	if s.space(); s.pos == len(data) {
		return Nothing
	}
	switch c := data[s.pos]; {
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '"':
		return Text
	case c == 't' || c == 'f':
		return Boolean
	case c == 'n':
		return Null
	case startsScalar(c):
		return Number
	}
	return NoJSON
}

// Optional returns the string that the value of a member stands for: empty if
// the value is nil, for a member that is absent, or null, because many
// producers write null for what they do not have. Any other value is an error
// that says what it is.
func Optional(value []byte) (string, error) {
	kind := Kind(value)
	if kind == Nothing || kind == Null {
		return "", nil
	}
	if s, ok := String(value); ok {
		return s, nil
	}
	if kind == Text {
		kind = "a malformed string"
	}
	return "", fmt.Errorf("is %s, want a string", kind)
}
