package a2a

import (
	"errors"
	"fmt"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// ErrInvalid is matched by every error of [Peek], and of broadcasting what is no
// event. The error's text says what was found and what is wanted.
var ErrInvalid = errors.New("a2a: invalid event")

// Peeked is what routing needs to know of an event. What the event does not
// say is empty.
type Peeked struct {
	Type      string // one of this package's constants, as the event writes it
	ContextID string // the conversation: the session of the event
	TaskID    string
	// Event is the part of Peek's input that is the event itself: the result,
	// if that was a JSON-RPC response, whose id concerns none but the client
	// that asked; else all of it.
	Event []byte
}

// The members that tell what an event is, and where.
const (
	task = iota // up to artifactUpdate: 1.0
	message
	statusUpdate
	artifactUpdate
	kind // 0.3
	jsonrpc
	result
	rpcError
	method
	memberCount
)

var (
	memberNames = [memberCount]string{
		Task, Message, StatusUpdate, ArtifactUpdate, "kind", "jsonrpc", "result", "error", "method",
	}
	kinds = [...]string{Task, Message, StatusUpdateKind, ArtifactUpdateKind}
)

// members holds the raw values of the members above, nil where absent.
type members [memberCount][]byte

// Peek reads the type, context and task of the event that data holds, and
// nothing else. Of data, the result keeps only Event. These are events:
//
//   - of A2A 1.0, an object with exactly one of the members task, message,
//     statusUpdate and artifactUpdate;
//   - of A2A 0.3, an object whose kind is task, message, status-update or
//     artifact-update;
//   - a JSON-RPC response whose result is one of these.
//
// A task's own id is its TaskID. A message may be without context or task;
// Peek leaves it to the caller to refuse that. A member that is null counts as
// absent, and of a name that occurs twice the last one counts.
//
// Data should be one valid JSON object. Of what is not, Peek refuses what it
// cannot walk over and may accept the rest; it never panics.
func Peek(data []byte) (Peeked, error) {
	p, err := peek(data)
	if err != nil {
		return Peeked{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return p, nil
}

func peek(data []byte) (Peeked, error) {
	var m members
	if err := pick(data, memberNames[:], m[:]); err != nil {
		return Peeked{}, err
	}
	if !m.has(jsonrpc) {
		return m.event(data)
	}
	if err := m.checkResponse(); err != nil {
		return Peeked{}, err
	}
	p, err := peekResult(m[result])
	if err != nil {
		return Peeked{}, fmt.Errorf("result: %w", err)
	}
	return p, nil
}

// peekResult is peek for the inside of a response, where another is no event.
func peekResult(data []byte) (Peeked, error) {
	var m members
	if err := pick(data, memberNames[:], m[:]); err != nil {
		return Peeked{}, err
	}
	return m.event(data)
}

// pick is jsonscan.Pick with an error for what is no object.
func pick(data []byte, names []string, values [][]byte) error {
	if found := jsonscan.Kind(data); found != jsonscan.Object {
		return fmt.Errorf("found %s, want one JSON object", found)
	}
	return jsonscan.Pick(data, names, values)
}

// has reports whether a member is present and not null.
func (m *members) has(member int) bool {
	return m[member] != nil && jsonscan.Kind(m[member]) != jsonscan.Null
}

// checkResponse refuses JSON-RPC that is no successful response.
func (m *members) checkResponse() error {
	switch {
	case m.has(method):
		return errors.New("found a JSON-RPC request, want the events of its response")
	case m.has(rpcError):
		return errors.New("found a JSON-RPC error, which concerns one request and no context; want a response with a result")
	case !m.has(result):
		return errors.New("found JSON-RPC without a result, want a response with a result")
	}
	return nil
}

// event reads the event that data, whose members m holds, is.
func (m *members) event(data []byte) (Peeked, error) {
	shape, err := m.shape()
	if err != nil {
		return Peeked{}, err
	}
	if shape != kind {
		return read(memberNames[shape], data, m[shape])
	}
	name, err := m.kindName()
	if err != nil {
		return Peeked{}, err
	}
	return read(name, data, data)
}

// shape returns the one member that says what the event is: that of a 1.0
// StreamResponse, or kind.
func (m *members) shape() (int, error) {
	shape := -1
	for i := task; i <= kind; i++ {
		if !m.has(i) {
			continue
		}
		if shape >= 0 {
			return -1, fmt.Errorf("found both %s and %s, want one of them", memberNames[shape], memberNames[i])
		}
		shape = i
	}
	if shape < 0 {
		return -1, fmt.Errorf("found none of the members %q (A2A 1.0) and no kind (0.3), want one of them", memberNames[:kind])
	}
	return shape, nil
}

// kindName returns the constant for the kind of a 0.3 event.
func (m *members) kindName() (string, error) {
	for _, k := range kinds {
		if jsonscan.Equal(m[kind], k) {
			return k, nil
		}
	}
	other, err := jsonscan.Optional(m[kind])
	if err != nil {
		return "", fmt.Errorf("kind %w", err)
	}
	return "", fmt.Errorf("found the kind %.40q, want one of %q", other, kinds)
}

// read takes the ids from body, the object that holds them.
func read(name string, data, body []byte) (Peeked, error) {
	p := Peeked{Type: name, Event: data}
	idNames := [...]string{"contextId", "taskId"}
	if name == Task {
		idNames[1] = "id"
	}
	var values [len(idNames)][]byte
	if err := pick(body, idNames[:], values[:]); err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	for i, id := range [...]*string{&p.ContextID, &p.TaskID} {
		s, err := jsonscan.Optional(values[i])
		if err != nil {
			return p, fmt.Errorf("%s: %s %w", name, idNames[i], err)
		}
		*id = s
	}
	return p, nil
}
