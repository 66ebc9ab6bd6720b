package client

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// event returns the event that a frame of the stream carries.
func (s *Stream) event(id tidings.ID, data []byte) (tidings.Event, error) {
	switch {
	case s.Name == tidings.FeedStream:
		return feedEvent(id, data)
	case s.Envelope || s.Name == contexts:
		return s.unwrap(id, data)
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

// unwrap takes the payload out of its envelope. Where that is a prefix and a
// suffix, the spaces around a payload survive, too.
func (s *Stream) unwrap(id tidings.ID, data []byte) (tidings.Event, error) {
	const before, between, after = `{"protocol":"`, `","event":`, `}`
	rest, found := bytes.CutPrefix(data, []byte(before))
	channel, payload, split := bytes.Cut(rest, []byte(between))
	payload, closed := bytes.CutSuffix(payload, []byte(after))
	if found && split && closed && json.Valid(payload) {
		return tidings.Event{ID: id, User: s.User, Channel: tidings.Channel(channel), Data: payload}, nil
	}
	var e wire.Envelope
	if err := json.Unmarshal(data, &e); err != nil || e.Protocol == "" || e.Event == nil {
		return tidings.Event{}, fmt.Errorf("event %s: found %.80q, want an envelope", id, data)
	}
	return tidings.Event{ID: id, User: s.User, Channel: tidings.Channel(e.Protocol), Data: e.Event}, nil
}

// feedEvent reads an event of the feed.
func feedEvent(id tidings.ID, data []byte) (tidings.Event, error) {
	var e wire.Event
	if err := json.Unmarshal(data, &e); err != nil || e.Channel == "" || e.Data == nil {
		return tidings.Event{}, fmt.Errorf("event %s: found %.80q, want an event of the feed", id, data)
	}
	return tidings.Event{
		ID: id, User: e.User, Channel: tidings.Channel(e.Channel), Session: e.Session, Type: e.Type,
		Trace: e.Trace, Data: e.Data,
	}, nil
}

// parseLost reads a notice of loss.
func parseLost(data []byte) (*tidings.LostError, error) {
	var l wire.Lost
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("%.80q: %w", data, err)
	}
	after, err := tidings.ParseID(l.After)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	return &tidings.LostError{After: after, Reason: l.Reason}, nil
}
