package agui

// ToolCallStartEvent opens a call of a tool whose arguments come bit by bit.
// (schema.json ToolCallStartEvent)
type ToolCallStartEvent struct {
	BaseEvent
	Attributable
	ToolCallID      string
	ToolCallName    string // the tool's
	ParentMessageID string // the assistant's message that makes the call; empty leaves it out
}

// NewToolCallStart returns the TOOL_CALL_START of a call.
func NewToolCallStart(toolCallID, toolCallName string) *ToolCallStartEvent {
	return &ToolCallStartEvent{ToolCallID: toolCallID, ToolCallName: toolCallName}
}

func (e *ToolCallStartEvent) members(c *codec) {
	c.id("toolCallId", &e.ToolCallID)
	c.id("toolCallName", &e.ToolCallName)
	c.optional("parentMessageId", &e.ParentMessageID)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ToolCallArgsEvent adds to the arguments of a call that is open.
// (schema.json ToolCallArgsEvent)
type ToolCallArgsEvent struct {
	BaseEvent
	Attributable
	ToolCallID string
	Delta      string // a piece of JSON; may be empty
}

// NewToolCallArgs returns a TOOL_CALL_ARGS that adds delta.
func NewToolCallArgs(toolCallID, delta string) *ToolCallArgsEvent {
	return &ToolCallArgsEvent{ToolCallID: toolCallID, Delta: delta}
}

func (e *ToolCallArgsEvent) members(c *codec) {
	c.id("toolCallId", &e.ToolCallID)
	c.text("delta", &e.Delta)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ToolCallEndEvent says that the arguments of a call are complete.
// (schema.json ToolCallEndEvent)
type ToolCallEndEvent struct {
	BaseEvent
	Attributable
	ToolCallID string
}

// NewToolCallEnd returns the TOOL_CALL_END of a call.
func NewToolCallEnd(toolCallID string) *ToolCallEndEvent {
	return &ToolCallEndEvent{ToolCallID: toolCallID}
}

func (e *ToolCallEndEvent) members(c *codec) {
	c.id("toolCallId", &e.ToolCallID)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ToolCallChunkEvent stands for start, args and end, as
// [TextMessageChunkEvent] does for a message.
// (schema.json ToolCallChunkEvent)
type ToolCallChunkEvent struct {
	BaseEvent
	Attributable
	ToolCallID      string // required on the first chunk of a call; empty leaves it out
	ToolCallName    string // the same
	ParentMessageID string // as in ToolCallStartEvent
	Delta           string // a piece of JSON; empty leaves it out
}

// NewToolCallChunk returns a TOOL_CALL_CHUNK. The id and the name may be empty
// on all but the first chunk of a call.
func NewToolCallChunk(toolCallID, toolCallName, delta string) *ToolCallChunkEvent {
	return &ToolCallChunkEvent{ToolCallID: toolCallID, ToolCallName: toolCallName, Delta: delta}
}

func (e *ToolCallChunkEvent) members(c *codec) {
	c.optional("toolCallId", &e.ToolCallID)
	c.optional("toolCallName", &e.ToolCallName)
	c.optional("parentMessageId", &e.ParentMessageID)
	c.optional("delta", &e.Delta)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ToolCallResultEvent is what a call came to. It is a message of its own.
// (schema.json ToolCallResultEvent; content of parts is new in 1.0)
type ToolCallResultEvent struct {
	BaseEvent
	Attributable
	MessageID  string // of the result
	ToolCallID string
	Content    Content
	Role       Role // tool, or empty, which leaves it out
}

// NewToolCallResult returns the TOOL_CALL_RESULT of a call. For other content
// than text set Content: e.Content = agui.Parts(…).
func NewToolCallResult(messageID, toolCallID, content string) *ToolCallResultEvent {
	return &ToolCallResultEvent{MessageID: messageID, ToolCallID: toolCallID, Content: Text(content)}
}

func (e *ToolCallResultEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.id("toolCallId", &e.ToolCallID)
	c.content("content", &e.Content)
	optionalEnum(c, "role", &e.Role, RoleTool)
	c.attributed(&e.Attributable, &e.BaseEvent)
}
