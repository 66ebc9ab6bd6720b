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

// unwrap takes the payload out of its envelope. Where that is a prefix and a
// suffix, the spaces around a payload survive, too.
func (s *Stream) unwrap(id tidings.ID, data []byte, known *names) (tidings.Event, error) {
	members, values := [2]string{"protocol", "event"}, [2][]byte{}
	err := jsonscan.Pick(data, members[:], values[:])
	channel, ok := known.get(values[0])
	if err != nil || !ok || channel == "" || values[1] == nil {
		return tidings.Event{}, fmt.Errorf("%s: found %.80q, want an envelope", about(id), data)
	}
	return tidings.Event{ID: id, User: s.User, Channel: tidings.Channel(channel), Data: padded(data, values[1])}, nil
}

// padded returns the payload, the last member of data, with the spaces around
// it.
func padded(data, payload []byte) []byte {
	const between, after = `","event":`, `}`
	i := bytes.Index(data, []byte(between))
	whole, closed := bytes.CutSuffix(data, []byte(after))
	if i < 0 || !closed {
		return payload
	}
	if whole = whole[i+len(between):]; string(bytes.TrimSpace(whole)) != string(payload) {
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
