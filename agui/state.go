package agui

// StateSnapshotEvent replaces the state that agent and user share.
// (schema.json StateSnapshotEvent)
type StateSnapshotEvent struct {
	BaseEvent
	Attributable
	Snapshot any // anything; nil is null
}

// NewStateSnapshot returns a STATE_SNAPSHOT. The state is encoded when the
// event is.
func NewStateSnapshot(state any) *StateSnapshotEvent {
	return &StateSnapshotEvent{Snapshot: state}
}

func (e *StateSnapshotEvent) members(c *codec) {
	c.value("snapshot", &e.Snapshot)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// StateDeltaEvent changes the shared state by a JSON Patch.
// (schema.json StateDeltaEvent)
type StateDeltaEvent struct {
	BaseEvent
	Attributable
	Delta []Operation // may be empty
}

// NewStateDelta returns a STATE_DELTA:
//
//	agui.NewStateDelta(agui.Replace("/step", 2), agui.Remove("/draft"))
func NewStateDelta(delta ...Operation) *StateDeltaEvent {
	return &StateDeltaEvent{Delta: delta}
}

func (e *StateDeltaEvent) members(c *codec) {
	list(c, "delta", &e.Delta)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// MessagesSnapshotEvent restates the messages of the thread.
// (schema.json MessagesSnapshotEvent)
type MessagesSnapshotEvent struct {
	BaseEvent
	Messages []Message // may be empty
}

// NewMessagesSnapshot returns a MESSAGES_SNAPSHOT.
func NewMessagesSnapshot(messages ...Message) *MessagesSnapshotEvent {
	return &MessagesSnapshotEvent{Messages: messages}
}

func (e *MessagesSnapshotEvent) members(c *codec) {
	c.messages("messages", &e.Messages)
	c.base(&e.BaseEvent)
}
