package sse

// A Kind says what an [Event] stands for.
type Kind uint8

const (
	// Message is an event that the standard dispatches: a block with at least
	// one data line. It is the zero Kind.
	Message Kind = iota
	// Position is an id-only frame: a block with an id and no data. Nothing is
	// dispatched, but the last event ID is set.
	Position
	// Comment is one comment line, usually a keep-alive.
	Comment
)

// An Event is one thing of an event stream, read or to be written. The zero
// Event is a Message without data, which cannot be written.
type Event struct {
	// Kind says what this is. A Decoder yields only Messages unless its
	// Options ask for more.
	Kind Kind

	// ID is the last event ID in force: what a client that has received this
	// event presents to resume. An event without an id of its own has that of
	// an event before it.
	//
	// To be written: the event's id; empty means none, unless HasID is set.
	ID string

	// HasID reports whether the ID was set by this very event and not by one
	// before. Whoever drops repeated ids must look at it.
	//
	// To be written: an empty ID is written too, which makes clients forget
	// their position. It is not needed with an ID that is not empty.
	HasID bool

	// Name is the event's type, of a Message only. Empty is what browsers call
	// "message".
	Name string

	// Data is the payload of a Message, its lines joined by LF, or the text of
	// a Comment. The Decoder keeps no reference to it: the receiver owns it.
	Data []byte
}
