package main

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/agui"
)

// A placer finds out of payloads, which follow one another, what they are and
// where they belong. The server does so for the events of one request; what a
// command reads goes out in several.
type placer struct {
	channel tidings.Channel
	session string // of all, if not empty
	runs    agui.Tracker
}

// place returns the type and session of the next payload, as far as it tells.
func (p *placer) place(data []byte) (kind, session string, err error) {
	switch p.channel {
	case tidings.AGUI:
		return p.placeAGUI(data)
	case tidings.A2A:
		peeked, err := a2a.Peek(data)
		return peeked.Type, cmp.Or(p.session, peeked.ContextID), err
	}
	return typeMember(data), p.session, nil
}

func (p *placer) placeAGUI(data []byte) (kind, session string, err error) {
	peeked, err := agui.Peek(data)
	if err != nil {
		return "", "", err
	}
	peeked.ThreadID = cmp.Or(p.session, peeked.ThreadID)
	peeked, err = p.runs.Next(peeked)
	return peeked.Type, peeked.ThreadID, err
}

// typeMember returns the member type of an object, where it is a string.
func typeMember(data []byte) string {
	var e struct{ Type any }
	if json.Unmarshal(data, &e) != nil {
		return "" // whatever it is, it has no type
	}
	kind, _ := e.Type.(string)
	return kind
}

// event returns the payload as an event of the owner.
func (p *placer) event(user string, data []byte) (tidings.Event, error) {
	kind, session, err := p.place(data)
	if err != nil {
		return tidings.Event{}, fmt.Errorf("%.80q: %w", data, err)
	}
	return tidings.Event{User: user, Channel: p.channel, Session: session, Type: kind, Data: data}, nil
}
