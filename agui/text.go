package agui

// TextMessageStartEvent opens a message that is said bit by bit.
// (schema.json TextMessageStartEvent; name is new in 1.0)
type TextMessageStartEvent struct {
	BaseEvent
	Attributable
	MessageID string
	Role      Role   // developer, system, assistant or user; empty, which leaves it out, is assistant
	Name      string // of who speaks; empty leaves it out
}

// NewTextMessageStart returns the TEXT_MESSAGE_START of a message of the
// assistant.
func NewTextMessageStart(messageID string) *TextMessageStartEvent {
	return &TextMessageStartEvent{MessageID: messageID, Role: RoleAssistant}
}

func (e *TextMessageStartEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	optionalEnum(c, "role", &e.Role, RoleDeveloper, RoleSystem, RoleAssistant, RoleUser)
	c.optional("name", &e.Name)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// TextMessageContentEvent adds to a message that is open.
// (schema.json TextMessageContentEvent)
type TextMessageContentEvent struct {
	BaseEvent
	Attributable
	MessageID string
	Delta     string // may be empty since 1.0; clients of before fail on that
}

// NewTextMessageContent returns a TEXT_MESSAGE_CONTENT that adds delta.
func NewTextMessageContent(messageID, delta string) *TextMessageContentEvent {
	return &TextMessageContentEvent{MessageID: messageID, Delta: delta}
}

func (e *TextMessageContentEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.text("delta", &e.Delta)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// TextMessageEndEvent ends a message. (schema.json TextMessageEndEvent)
type TextMessageEndEvent struct {
	BaseEvent
	Attributable
	MessageID string
}

// NewTextMessageEnd returns the TEXT_MESSAGE_END of a message.
func NewTextMessageEnd(messageID string) *TextMessageEndEvent {
	return &TextMessageEndEvent{MessageID: messageID}
}

func (e *TextMessageEndEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// TextMessageChunkEvent stands for start, content and end: the first chunk of
// an id opens the message, and the next event that is no chunk of it ends it.
// (schema.json TextMessageChunkEvent; name is new in 1.0)
type TextMessageChunkEvent struct {
	BaseEvent
	Attributable
	MessageID string // required on the first chunk of a message; empty leaves it out
	Role      Role   // as in TextMessageStartEvent
	Delta     string // empty leaves it out
	Name      string // of who speaks; empty leaves it out
}

// NewTextMessageChunk returns a TEXT_MESSAGE_CHUNK. The messageID may be empty
// on all but the first chunk of a message.
func NewTextMessageChunk(messageID, delta string) *TextMessageChunkEvent {
	return &TextMessageChunkEvent{MessageID: messageID, Delta: delta}
}

func (e *TextMessageChunkEvent) members(c *codec) {
	c.optional("messageId", &e.MessageID)
	optionalEnum(c, "role", &e.Role, RoleDeveloper, RoleSystem, RoleAssistant, RoleUser)
	c.optional("delta", &e.Delta)
	c.optional("name", &e.Name)
	c.attributed(&e.Attributable, &e.BaseEvent)
}
