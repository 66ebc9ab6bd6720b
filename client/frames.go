package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/wire"
)

// event returns the event that a frame of the stream carries.
func (s *Stream) event(id tidings.ID, data []byte, known *names) (tidings.Event, error) {
	switch {
	case s.Name == tidings.FeedStream:
		return feedEvent(id, data, known)
	case s.Envelope || s.Name == contexts:
		return s.unwrap(id, data, known)
	}
	e := tidings.Event{ID: id, User: s.User, Data: data}
	switch c := tidings.Channel(s.Name); c {
	case tidings.AGUI, tidings.A2A, tidings.Analytics:
		e.Channel = c
	}
	return e, nil
}

// contexts is the stream that always has an envelope.
const contexts = "contexts"

// figures reports whether the stream has events that are in no log.
func (s *Stream) figures() bool {
	return s.Name == tidings.FeedStream || s.Name == string(tidings.Analytics)
}

// envelopeMembers are those of an envelope. The last need not be there.
var envelopeMembers = []string{"protocol", "event", "session"}

// unwrap takes the payload out of its envelope. An event of the channel system
// also gets the type that its payload tells: a snapshot is to be known as one.
func (s *Stream) unwrap(id tidings.ID, data []byte, known *names) (tidings.Event, error) {
	var values [3][]byte
	err := jsonscan.Pick(data, envelopeMembers, values[:])
	channel, ok := known.get(values[0])
	session, isText := known.get(values[2])
	if err != nil || !ok || !isText || channel == "" || values[1] == nil {
		return tidings.Event{}, fmt.Errorf("%s: found %.80q, want an envelope", about(id), data)
	}
	e := tidings.Event{ID: id, User: s.User, Channel: tidings.Channel(channel), Session: session}
	if e.Channel == tidings.System {
		e.Type = known.typeOf(values[1])
	}
	e.Data = padded(data, values[1], values[2])
	return e, nil
}

// padded returns the payload with the spaces around it, where the envelope is
// as servers write it: a prefix, the payload, the session if there is one.
func padded(data, payload, session []byte) []byte {
	const between = `","event":`
	i := bytes.Index(data, []byte(between))
	whole, closed := bytes.CutSuffix(data, []byte("}"))
	if session != nil && closed {
		whole, _ = bytes.CutSuffix(whole, session)
		whole, closed = bytes.CutSuffix(whole, []byte(`,"session":`))
	}
	if i < 0 || !closed || i+len(between) > len(whole) {
		return payload
	}
	if whole = whole[i+len(between):]; !bytes.Equal(bytes.TrimSpace(whole), payload) {
		return payload
	}
	return whole[:len(whole):len(whole)]
}

// feedMembers are those of an event of the feed that are read. The last has to
// be the payload.
var feedMembers = []string{"user", "channel", "session", "type", "trace", "data"}

// feedEvent reads an event of the feed.
func feedEvent(id tidings.ID, data []byte, known *names) (tidings.Event, error) {
	var values [6][]byte
	var texts [5]string
	err := jsonscan.Pick(data, feedMembers, values[:])
	for i := range texts {
		var ok bool
		if texts[i], ok = known.get(values[i]); !ok {
			err = errNoText
		}
	}
	if err != nil || texts[1] == "" || values[5] == nil {
		return tidings.Event{}, fmt.Errorf("%s: found %.80q, want an event of the feed", about(id), data)
	}
	return tidings.Event{
		ID: id, User: texts[0], Channel: tidings.Channel(texts[1]), Session: texts[2], Type: texts[3],
		Trace: texts[4], Data: values[5],
	}, nil
}

// errNoText is a member that is no string.
var errNoText = errors.New("no string")

// about says which event an error is about.
func about(id tidings.ID) string {
	if id.IsZero() {
		return "event without an id"
	}
	return "event " + id.String()
}

// names are strings that were read before. A stream repeats a few, so each is
// allocated once.
type names map[string]string

// mostNames bounds names. Sessions and traces come and go.
const mostNames = 1000

// get returns the string that a JSON token stands for: empty if there is no
// token or null, and false if it is not a string.
func (n *names) get(token []byte) (string, bool) {
	if token == nil || string(token) == "null" {
		return "", true
	}
	if s, ok := (*n)[string(token)]; ok {
		return s, true
	}
	s, ok := jsonscan.String(token)
	if !ok {
		return "", false
	}
	if *n == nil || len(*n) >= mostNames {
		*n = make(names)
	}
	(*n)[string(token)] = s
	return s, true
}

// typeOf returns the member type of a payload, empty if that is none or no
// string.
func (n *names) typeOf(payload []byte) string {
	var value [1][]byte
	if jsonscan.Pick(payload, typeMember, value[:]) != nil {
		return ""
	}
	kind, _ := n.get(value[0])
	return kind
}

// typeMember is where payloads of the channel system say what they are.
var typeMember = []string{"type"}

// parseLost reads a notice of loss. Without a position of the frame its own
// says where the stream goes on.
func parseLost(id tidings.ID, data []byte) (*tidings.LostError, error) {
	var l wire.Lost
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("%.80q: %w", data, err)
	}
	after, err := tidings.ParseID(l.After)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	if id.IsZero() {
		if id, err = tidings.ParseID(l.Oldest); err != nil {
			return nil, fmt.Errorf("oldest: %w", err)
		}
	}
	return &tidings.LostError{After: after, Oldest: id, Reason: l.Reason}, nil
}
