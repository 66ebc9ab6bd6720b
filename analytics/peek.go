package analytics

import (
	"fmt"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// Peeked is what routing needs to know of an event. What the event does not
// say is empty.
type Peeked struct {
	Type      string // one of this package's constants, or another
	SessionID string // the session of the event
}

// The members that are looked for without decoding the rest: those of Peek, and
// then those that only a Fold needs.
const (
	typeName = iota
	sessionID
	userID
	isBot
	memberCount
)

var memberNames = [memberCount]string{"type", "session_id", "user_id", "is_bot"}

// Peek reads the type and session of the event that data holds, and nothing
// else. It does not keep data. Of a name that occurs twice the last one counts.
//
// Data should be one valid JSON object. Of what is not, Peek refuses what it
// cannot walk over and may accept the rest; it never panics. An object that
// lacks the one or the other, or has null there, is fine: what it does not say
// is empty. What is there but is not a string is refused, because to guess
// would be to send the event astray.
func Peek(data []byte) (Peeked, error) {
	var values [memberCount][]byte
	if err := pick(data, values[:userID]); err != nil {
		return Peeked{}, err
	}
	return read(&values)
}

// pick finds as many members as values is long.
func pick(data []byte, values [][]byte) error {
	if kind := jsonscan.Kind(data); kind != jsonscan.Object {
		return fmt.Errorf("%w: found %s, want one JSON object for each event", ErrInvalid, kind)
	}
	if err := jsonscan.Pick(data, memberNames[:len(values)], values); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// read decodes what Peek tells.
func read(values *[memberCount][]byte) (p Peeked, err error) {
	if p.Type, err = eventType(values[typeName]); err != nil {
		return Peeked{}, err
	}
	if p.SessionID, err = text(values, sessionID); err != nil {
		return Peeked{}, err
	}
	return p, nil
}

// eventType decodes the member type.
func eventType(value []byte) (string, error) {
	if t, ok := known[string(value)]; ok {
		return t, nil
	}
	t, err := jsonscan.Optional(value)
	if err != nil {
		return "", fmt.Errorf("%w: type %w such as %q", ErrInvalid, err, TypePageView)
	}
	return t, nil
}

// text decodes a member that is a string if it is there.
func text(values *[memberCount][]byte, member int) (string, error) {
	s, err := jsonscan.Optional(values[member])
	if err != nil {
		return "", fmt.Errorf("%w: %s %w", ErrInvalid, memberNames[member], err)
	}
	return s, nil
}
