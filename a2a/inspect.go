package a2a

import (
	"errors"
	"fmt"

	sdk "github.com/a2aproject/a2a-go/v2/a2a"
)

// carried holds what an event of the SDK carries: messages and artifacts, some
// of which may be nil.
type carried struct {
	messages  []*sdk.Message
	artifacts []*sdk.Artifact
}

// inspect returns the type of an event and what it carries. The type is empty
// for nil, and for what the SDK cannot encode.
func inspect(e sdk.Event) (name string, c carried) {
	switch e := e.(type) {
	case *sdk.Task:
		if e != nil {
			return Task, carried{append(e.History[:len(e.History):len(e.History)], e.Status.Message), e.Artifacts}
		}
	case *sdk.Message:
		if e != nil {
			return Message, carried{messages: []*sdk.Message{e}}
		}
	case *sdk.TaskStatusUpdateEvent:
		if e != nil {
			return StatusUpdate, carried{messages: []*sdk.Message{e.Status.Message}}
		}
	case *sdk.TaskArtifactUpdateEvent:
		if e != nil {
			return ArtifactUpdate, carried{artifacts: []*sdk.Artifact{e.Artifact}}
		}
	}
	return "", carried{}
}

// check reports a part without content. The SDK writes one and refuses to read
// it, which ends the stream of a client that does.
func (c carried) check() error {
	for _, m := range c.messages {
		if m != nil {
			if err := checkParts(m.Parts); err != nil {
				return fmt.Errorf("message %.80q: %w", m.ID, err)
			}
		}
	}
	for _, a := range c.artifacts {
		if a != nil {
			if err := checkParts(a.Parts); err != nil {
				return fmt.Errorf("artifact %.80q: %w", a.ID, err)
			}
		}
	}
	return nil
}

// checkParts reports the first part without content.
func checkParts(parts sdk.ContentParts) error {
	for i, p := range parts {
		if p == nil || p.Content == nil || p.Content == sdk.URL("") {
			return fmt.Errorf("part %d: %w", i, errNoContent)
		}
	}
	return nil
}

var errNoContent = errors.New("found no content, want Text, Raw, Data or URL")
