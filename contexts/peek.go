package contexts

// Peeked is what routing needs to know of a system event. What the event does
// not say is empty.
type Peeked struct {
	Type      string // one of this package's constants, or another
	ContextID string // the conversation: the session of the event
}

// known holds the types as tokens, so that reading one allocates nothing.
var known = map[string]string{
	`"` + TypeCreated + `"`: TypeCreated, `"` + TypeUpdated + `"`: TypeUpdated, `"` + TypeDeleted + `"`: TypeDeleted,
	`"` + TypeSnapshot + `"`: TypeSnapshot, `"` + TypeConnected + `"`: TypeConnected, `"` + TypeHeartbeat + `"`: TypeHeartbeat,
}

// Peek reads the type and the context of the event that data holds, and nothing
// else. It does not keep data. An object without a type or a contextId is no
// error, for publishers can say both beside the payload. Of a name that occurs
// twice the last one counts.
//
// Data should be one valid JSON object. Of what is not, Peek refuses what it
// cannot walk over and may accept the rest; it never panics. A type or contextId
// that is neither a string nor null is refused, because to guess would be to
// send the event astray. Errors match [ErrInvalid].
func Peek(data []byte) (Peeked, error) {
	r := reader{object: "event"}
	m := r.members(data)
	p := Peeked{Type: r.eventType(m[typeMember]), ContextID: r.text("contextId", m[contextMember])}
	if r.err != nil {
		return Peeked{}, r.err
	}
	return p, nil
}

// eventType reads the type of an event.
func (r *reader) eventType(raw []byte) string {
	if t, ok := known[string(raw)]; ok {
		return t
	}
	return r.text("type", raw)
}
