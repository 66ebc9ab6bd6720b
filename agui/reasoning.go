package agui

// ReasoningStartEvent opens a span of reasoning, which may hold messages.
// (schema.json ReasoningStartEvent)
type ReasoningStartEvent struct {
	BaseEvent
	Attributable
	MessageID string // of the span
}

// NewReasoningStart returns the REASONING_START of a span.
func NewReasoningStart(messageID string) *ReasoningStartEvent {
	return &ReasoningStartEvent{MessageID: messageID}
}

func (e *ReasoningStartEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ReasoningEndEvent ends a span of reasoning. (schema.json ReasoningEndEvent)
type ReasoningEndEvent struct {
	BaseEvent
	Attributable
	MessageID string // of the span
}

// NewReasoningEnd returns the REASONING_END of a span.
func NewReasoningEnd(messageID string) *ReasoningEndEvent {
	return &ReasoningEndEvent{MessageID: messageID}
}

func (e *ReasoningEndEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ReasoningMessageStartEvent opens a message of reasoning that people may read.
// Its role is always "reasoning". (schema.json ReasoningMessageStartEvent)
type ReasoningMessageStartEvent struct {
	BaseEvent
	Attributable
	MessageID string
}

// NewReasoningMessageStart returns the REASONING_MESSAGE_START of a message.
func NewReasoningMessageStart(messageID string) *ReasoningMessageStartEvent {
	return &ReasoningMessageStartEvent{MessageID: messageID}
}

func (e *ReasoningMessageStartEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.constant("role", string(RoleReasoning))
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ReasoningMessageContentEvent adds to a message of reasoning.
// (schema.json ReasoningMessageContentEvent)
type ReasoningMessageContentEvent struct {
	BaseEvent
	Attributable
	MessageID string
	Delta     string // may be empty
}

// NewReasoningMessageContent returns a REASONING_MESSAGE_CONTENT that adds
// delta.
func NewReasoningMessageContent(messageID, delta string) *ReasoningMessageContentEvent {
	return &ReasoningMessageContentEvent{MessageID: messageID, Delta: delta}
}

func (e *ReasoningMessageContentEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.text("delta", &e.Delta)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ReasoningMessageEndEvent ends a message of reasoning.
// (schema.json ReasoningMessageEndEvent)
type ReasoningMessageEndEvent struct {
	BaseEvent
	Attributable
	MessageID string
}

// NewReasoningMessageEnd returns the REASONING_MESSAGE_END of a message.
func NewReasoningMessageEnd(messageID string) *ReasoningMessageEndEvent {
	return &ReasoningMessageEndEvent{MessageID: messageID}
}

func (e *ReasoningMessageEndEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ReasoningMessageChunkEvent stands for start, content and end, as
// [TextMessageChunkEvent] does. (schema.json ReasoningMessageChunkEvent)
type ReasoningMessageChunkEvent struct {
	BaseEvent
	Attributable
	MessageID string // required on the first chunk of a message; empty leaves it out
	Delta     string // empty leaves it out
}

// NewReasoningMessageChunk returns a REASONING_MESSAGE_CHUNK. The messageID may
// be empty on all but the first chunk of a message.
func NewReasoningMessageChunk(messageID, delta string) *ReasoningMessageChunkEvent {
	return &ReasoningMessageChunkEvent{MessageID: messageID, Delta: delta}
}

func (e *ReasoningMessageChunkEvent) members(c *codec) {
	c.optional("messageId", &e.MessageID)
	c.optional("delta", &e.Delta)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ReasoningEncryptedValueEvent hands over reasoning that only the model's
// provider can read, to be given back to it with the next run.
// (schema.json ReasoningEncryptedValueEvent)
type ReasoningEncryptedValueEvent struct {
	BaseEvent
	Attributable
	Subtype        EncryptedValueSubtype
	EntityID       string // the tool call or message that it belongs to
	EncryptedValue string
}

// An EncryptedValueSubtype says what an encrypted value belongs to.
type EncryptedValueSubtype string

// What an encrypted value belongs to. (schema.json
// ReasoningEncryptedValueSubtype)
const (
	EncryptedToolCall EncryptedValueSubtype = "tool-call"
	EncryptedMessage  EncryptedValueSubtype = "message"
)

// NewReasoningEncryptedValue returns a REASONING_ENCRYPTED_VALUE.
func NewReasoningEncryptedValue(subtype EncryptedValueSubtype, entityID, encryptedValue string) *ReasoningEncryptedValueEvent {
	return &ReasoningEncryptedValueEvent{Subtype: subtype, EntityID: entityID, EncryptedValue: encryptedValue}
}

func (e *ReasoningEncryptedValueEvent) members(c *codec) {
	enum(c, "subtype", &e.Subtype, EncryptedToolCall, EncryptedMessage)
	c.id("entityId", &e.EntityID)
	c.text("encryptedValue", &e.EncryptedValue)
	c.attributed(&e.Attributable, &e.BaseEvent)
}
