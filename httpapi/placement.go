package httpapi

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/agui"
	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// A placement gives the events of one body the type and session that their
// payloads say. What the publisher said besides wins. Events of AG-UI inherit
// the session of the run before them, each owner's of its own.
type placement struct {
	runs   runs
	unwrap bool // take away what A2A's JSON-RPC puts around an event
}

// newPlacement returns a placement for one body.
func newPlacement(unwrap bool) *placement { return &placement{unwrap: unwrap} }

// fill fills in what is missing of an event.
func (p *placement) fill(e *tidings.Event) error {
	switch e.Channel {
	case tidings.AGUI:
		return p.fillAGUI(e)
	case tidings.A2A:
		return p.fillA2A(e)
	case tidings.System:
		if peeked, err := contexts.Peek(e.Data); err == nil { // anybody may send something else
			fillOwn(e, peeked.Type, peeked.ContextID)
		}
	case tidings.Analytics:
		if peeked, err := analytics.Peek(e.Data); err == nil {
			fillOwn(e, peeked.Type, peeked.SessionID)
		}
	}
	return nil
}

// fillOwn fills in what an event of Tidings' own says.
func fillOwn(e *tidings.Event, eventType, session string) {
	e.Type, e.Session = cmp.Or(e.Type, eventType), cmp.Or(e.Session, session)
}

func (p *placement) fillAGUI(e *tidings.Event) error {
	peeked, err := agui.Peek(e.Data)
	if err != nil {
		return unlessPlaced(e, err)
	}
	peeked.ThreadID, peeked.RunID = cmp.Or(e.Session, peeked.ThreadID), "" // nobody asks for the run
	if peeked, err = p.runs.of(e.User).Next(peeked); err != nil {
		return err
	}
	e.Type, e.Session = cmp.Or(e.Type, peeked.Type), peeked.ThreadID
	return nil
}

func (p *placement) fillA2A(e *tidings.Event) error {
	peeked, err := a2a.Peek(e.Data)
	if err != nil {
		return unlessPlaced(e, err)
	}
	e.Type, e.Session = cmp.Or(e.Type, peeked.Type), cmp.Or(e.Session, peeked.ContextID)
	if p.unwrap {
		e.Data = peeked.Event
	}
	return nil
}

// unlessPlaced returns err, unless the publisher said all there is to know.
func unlessPlaced(e *tidings.Event, err error) error {
	if e.Type != "" && e.Session != "" {
		return nil
	}
	if jsonscan.Kind(e.Data) == jsonscan.Array {
		return fmt.Errorf("%w; %w", err, errArray)
	}
	return err
}

// errArray helps those who send several events as one.
var errArray = errors.New("send several events as NDJSON, one in each line")
