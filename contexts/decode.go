package contexts

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// Decode reads one event. It does not keep data. An event of a type that this
// package does not know is an [*UnknownEvent], and no error.
//
// A member that is missing, or null, is zero, and so is encoded only after it
// was filled in. An error, which matches [ErrInvalid], is returned for what is
// not a JSON object with a type, and for a member that is of the wrong kind,
// such as a timestamp that is a number. Members that this package does not know
// are dropped.
func Decode(data []byte) (Event, error) {
	r := reader{object: "event"}
	if problem := check(data); problem != "" {
		r.fail("", problem, nil)
		return nil, r.err
	}
	m := r.members(data)
	r.object = r.text("type", m[typeMember])
	if r.err == nil && r.object == "" {
		r.fail("type", `is missing, want a type such as "`+TypeCreated+`"`, nil)
	}
	if r.err != nil {
		r.err.Object = "event"
		return nil, r.err
	}
	return r.event(data, m)
}

// event reads the event whose type is r.object.
func (r *reader) event(data []byte, m *members) (e Event, err error) {
	at, id, name := r.time("timestamp", m[timestampMember]), r.text("contextId", m[contextMember]), ""
	switch r.object {
	case TypeCreated:
		name = r.text("name", m[nameMember])
		e = &Created{Timestamp: at, ContextID: id, Name: name}
	case TypeUpdated:
		name = r.text("name", m[nameMember])
		e = &Updated{Timestamp: at, ContextID: id, Name: name}
	case TypeDeleted:
		e = &Deleted{Timestamp: at, ContextID: id}
	case TypeSnapshot:
		e = &Snapshot{Timestamp: at, Contexts: r.contexts(m[contextsMember]), Deleted: r.marks(m[deletedMember])}
	case TypeConnected:
		e = &Connected{Timestamp: at, ConnectionID: r.text("connectionId", m[connectionMember])}
	case TypeHeartbeat:
		e = &Heartbeat{Timestamp: at}
	default:
		return &UnknownEvent{Timestamp: at, Type: r.object, ContextID: id, Data: bytes.TrimSpace(bytes.Clone(data))}, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	return e, nil
}

// The members of system events.
const (
	typeMember = iota
	timestampMember
	contextMember
	nameMember
	contextsMember
	deletedMember
	connectionMember
	memberCount
)

var memberNames = [memberCount]string{"type", "timestamp", "contextId", "name", "contexts", "deleted", "connectionId"}

// members holds the raw values of the members above, nil where absent.
type members [memberCount][]byte

// A reader reads the members of an object. What is missing or null is zero;
// what cannot be read is zero as well, and the first such fault is kept.
type reader struct {
	object string // what errors call the object
	err    *InvalidError
}

// fail keeps a fault, if it is the first.
func (r *reader) fail(field, problem string, cause error) {
	if r.err == nil {
		r.err = &InvalidError{Object: r.object, Field: field, Problem: problem, Err: cause}
	}
}

// members finds the members of a system event.
func (r *reader) members(data []byte) *members {
	m := new(members)
	r.pick(data, memberNames[:], m[:])
	return m
}

// pick is jsonscan.Pick with a fault for what is no object.
func (r *reader) pick(data []byte, names []string, values [][]byte) {
	if kind := jsonscan.Kind(data); kind != jsonscan.Object {
		r.fail("", "is "+kind+", want an object", nil)
	} else if err := jsonscan.Pick(data, names, values); err != nil {
		r.fail("", "is "+err.Error(), err)
	}
}

// text reads a string.
func (r *reader) text(field string, raw []byte) string {
	s, err := jsonscan.Optional(raw)
	if err != nil {
		r.fail(field, err.Error(), nil)
	}
	return s
}

// time reads a time.
func (r *reader) time(field string, raw []byte) time.Time {
	text := r.text(field, raw)
	if text == "" {
		return time.Time{}
	}
	var t time.Time
	err := t.UnmarshalText([]byte(text)) // stricter than time.Parse
	if t = t.UTC(); err != nil || !writable(t) {
		r.fail(field, `is "`+clip(text)+`", want a time such as "2026-01-02T03:04:05Z"`, err)
		return time.Time{}
	}
	return t
}

// count reads a whole number that is not negative. As in JavaScript, 1.0 is
// one.
func (r *reader) count(field string, raw []byte) int {
	kind := jsonscan.Kind(raw)
	if kind == jsonscan.Nothing || kind == jsonscan.Null {
		return 0
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	if kind != jsonscan.Number || err != nil || n < 0 || n > maxCount || n != math.Trunc(n) {
		r.fail(field, "is "+clip(string(raw))+", want a number from 0 to "+strconv.Itoa(maxCount), nil)
		return 0
	}
	return int(n)
}

// The members of a context.
var itemNames = [...]string{"context_id", "name", "created_at", "updated_at", "message_count", "task_count", "seen"}

// context reads an item of a snapshot.
func (r *reader) context(data []byte) Context {
	var m [len(itemNames)][]byte
	r.pick(data, itemNames[:], m[:])
	return Context{
		ID: r.text(itemNames[0], m[0]), Name: r.text(itemNames[1], m[1]),
		Created: r.time(itemNames[2], m[2]), Updated: r.time(itemNames[3], m[3]),
		Messages: r.count(itemNames[4], m[4]), Tasks: r.count(itemNames[5], m[5]),
		Seen: r.text(itemNames[6], m[6]),
	}
}

// contexts reads the items of a snapshot.
func (r *reader) contexts(raw []byte) (items []Context) {
	if !r.list("contexts", raw) {
		return nil
	}
	for element := range jsonscan.Elements(raw) { // it is valid
		item := reader{object: r.object}
		items = append(items, item.context(element))
		if item.err != nil {
			r.fail(joined(place("contexts", len(items)-1), item.err.Field), item.err.Problem, item.err.Err)
			return nil
		}
	}
	return items
}

// list reports whether there is an array.
func (r *reader) list(field string, raw []byte) bool {
	kind := jsonscan.Kind(raw)
	if kind != jsonscan.Array && kind != jsonscan.Nothing && kind != jsonscan.Null {
		r.fail(field, "is "+kind+", want an array", nil)
	}
	return kind == jsonscan.Array
}

// marks reads the ids of deleted contexts.
func (r *reader) marks(raw []byte) (ids []string) {
	if !r.list("deleted", raw) {
		return nil
	}
	for element := range jsonscan.Elements(raw) { // it is valid
		ids = append(ids, r.text(place("deleted", len(ids)), element))
	}
	return ids
}

// joined names a member of an item.
func joined(place, field string) string {
	if field == "" {
		return place
	}
	return place + "." + field
}
