package agui

import (
	"errors"
	"fmt"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// ErrInvalid is matched by every error of [Peek] and [Decode], and of encoding
// what is not valid. The error's text says what was found and what is wanted.
var ErrInvalid = errors.New("agui: invalid event")

// Peeked is what routing needs to know of an event. What the event does not
// say is empty.
type Peeked struct {
	Type     string // one of this package's constants, or another
	ThreadID string // the conversation: the session of the event
	RunID    string
}

// The members that Peek looks for. About a quarter of recorded real agents
// write the ids of a run in snake case.
const (
	typeName = iota
	threadID
	runID
	threadIDSnake
	runIDSnake
	memberCount
)

var memberNames = [memberCount]string{"type", "threadId", "runId", "thread_id", "run_id"}

// Peek reads the type, thread and run of the event that data holds, and
// nothing else. It does not keep data. Where threadId or runId is absent, null
// or empty, thread_id or run_id counts instead. Of a name that occurs twice the
// last one counts.
//
// Data should be one valid JSON object. Of what is not, Peek refuses what it
// cannot walk over and may accept the rest; it never panics. An object without
// a type, and ids that are not strings, are refused, because to guess would be
// to send the event astray.
func Peek(data []byte) (Peeked, error) {
	if kind := jsonscan.Kind(data); kind != jsonscan.Object {
		return Peeked{}, fmt.Errorf("%w: found %s, want one JSON object for each event", ErrInvalid, kind)
	}
	var values [memberCount][]byte
	if err := jsonscan.Pick(data, memberNames[:], values[:]); err != nil {
		return Peeked{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return read(&values)
}

// read decodes the members that were found.
func read(values *[memberCount][]byte) (p Peeked, err error) {
	if p.Type, err = eventType(values[typeName]); err != nil {
		return Peeked{}, err
	}
	if p.ThreadID, err = id(values, threadID, threadIDSnake); err != nil {
		return Peeked{}, err
	}
	if p.RunID, err = id(values, runID, runIDSnake); err != nil {
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
		return "", fmt.Errorf("%w: type %w such as %q", ErrInvalid, err, RunStarted)
	}
	if t == "" {
		return "", fmt.Errorf("%w: found no type, want a member %q such as %q", ErrInvalid, "type", RunStarted)
	}
	return t, nil
}

// id decodes the first of the members that holds something.
func id(values *[memberCount][]byte, members ...int) (string, error) {
	for _, m := range members {
		s, err := jsonscan.Optional(values[m])
		if err != nil {
			return "", fmt.Errorf("%w: %s %w", ErrInvalid, memberNames[m], err)
		}
		if s != "" {
			return s, nil
		}
	}
	return "", nil
}
