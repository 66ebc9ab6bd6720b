package contexts

import (
	"slices"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/agui"
	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// The members of AG-UI events that count.
const (
	runID = iota
	runIDSnake
	messageID
	messageIDSnake
	messageList
	runMembers
)

var runNames = [runMembers]string{"runId", "run_id", "messageId", "message_id", "messages"}

// countAGUI counts the tasks and messages that an AG-UI event tells of. Most
// events tell of none, and of these not even the payload is looked at.
func (c *entry) countAGUI(e *tidings.Event) {
	eventType := e.Type
	if eventType == "" {
		eventType = countingType(e.Data)
	}
	if !slices.Contains(counting[:], eventType) {
		return
	}
	var m [runMembers][]byte
	if jsonscan.Pick(e.Data, runNames[:], m[:]) != nil {
		return
	}
	switch eventType {
	case agui.RunStarted:
		c.countTask(either(m[runID], m[runIDSnake]))
	case agui.TextMessageStart, agui.TextMessageChunk:
		c.countMessage(either(m[messageID], m[messageIDSnake]))
	case agui.MessagesSnapshot:
		c.setMessages(m[messageList])
	}
}

// counting are the types of the AG-UI events that count.
var counting = [...]string{agui.RunStarted, agui.TextMessageStart, agui.TextMessageChunk, agui.MessagesSnapshot}

// countingType reads the type of a payload, which is "" if events of it do not
// count.
func countingType(data []byte) string {
	var raw [1][]byte
	if jsonscan.Pick(data, []string{"type"}, raw[:]) != nil {
		return ""
	}
	for _, t := range counting {
		if jsonscan.Equal(raw[0], t) {
			return t
		}
	}
	return ""
}

// either reads an id from the first of two members that holds something; ""
// if there is none, or it is no string.
func either(camel, snake []byte) string {
	id, err := jsonscan.Optional(camel)
	if id == "" && err == nil {
		id, _ = jsonscan.Optional(snake)
	}
	return id
}

// countTask counts a task, unless its id is empty or was seen before.
func (c *entry) countTask(id string) {
	if id != "" && c.tasks.add(id) {
		c.Tasks = min(c.Tasks+1, maxCount)
	}
}

// countMessage counts a message, unless its id is empty or was seen before.
func (c *entry) countMessage(id string) {
	if id != "" && c.messages.add(id) {
		c.Messages = min(c.Messages+1, maxCount)
	}
}

// setMessages takes the number of messages, and their ids, from a list of all.
func (c *entry) setMessages(list []byte) {
	n, seen := 0, slices.Clone(c.messages)
	for element, err := range jsonscan.Elements(list) {
		if err != nil {
			return
		}
		var m [2][]byte
		err = jsonscan.Pick(element, []string{"role", "id"}, m[:])
		if err != nil || !jsonscan.Equal(m[0], "user") && !jsonscan.Equal(m[0], "assistant") {
			continue
		}
		n++
		if id, err := jsonscan.Optional(m[1]); err == nil && id != "" {
			seen.add(id)
		}
	}
	c.Messages, c.messages = min(n, maxCount), seen
}

// countA2A counts the task or message that an A2A event tells of.
func (c *entry) countA2A(e *tidings.Event) {
	p, err := a2a.Peek(e.Data)
	switch {
	case err != nil:
	case p.Type == a2a.Message:
		c.countMessage(a2aMessageID(p.Event))
	default:
		c.countTask(p.TaskID)
	}
}

// a2aMessageID returns the id of a message that a2a.Peek read: it stands in the
// member message in A2A 1.0, and at the top in 0.3.
func a2aMessageID(event []byte) string {
	names := []string{a2a.Message, "messageId"}
	var m [2][]byte
	_ = jsonscan.Pick(event, names, m[:]) // Peek did the same
	if jsonscan.Kind(m[0]) == jsonscan.Object {
		body := m[0]
		m[1] = nil
		_ = jsonscan.Pick(body, names[1:], m[1:])
	}
	id, _ := jsonscan.Optional(m[1])
	return id
}
