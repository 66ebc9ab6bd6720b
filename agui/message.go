package agui

import (
	"encoding/json"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// A Role says whose message it is. (schema.json Role)
type Role string

// The roles of messages.
const (
	RoleDeveloper Role = "developer"
	RoleSystem    Role = "system"
	RoleAssistant Role = "assistant"
	RoleUser      Role = "user"
	RoleTool      Role = "tool"
	RoleActivity  Role = "activity"
	RoleReasoning Role = "reasoning"
)

// A Message is one message of a thread, whole: one of this package's seven
// types, by role, or an [*UnknownMessage]. In all of them strings that are not
// said to be required are left out when empty, and Metadata encodes as an
// object and is left out when nil. (schema.json Message)
type Message interface {
	Object
	// MessageRole returns whose message it is.
	MessageRole() Role
	// MessageID returns the id of the message.
	MessageID() string
}

// DeveloperMessage is an instruction by who made the application.
// (schema.json DeveloperMessage)
type DeveloperMessage struct {
	ID             string // required
	Content        string // required, may be empty
	Name           string
	EncryptedValue string
	Metadata       any
	SubagentRunID  string
}

// NewDeveloperMessage returns a message of the role developer.
func NewDeveloperMessage(id, content string) *DeveloperMessage {
	return &DeveloperMessage{ID: id, Content: content}
}

func (m *DeveloperMessage) members(c *codec) {
	c.head(&m.ID, RoleDeveloper)
	c.text("content", &m.Content)
	c.optional("name", &m.Name)
	c.tail(&m.EncryptedValue, &m.Metadata, &m.SubagentRunID)
}

// SystemMessage is an instruction to the model. (schema.json SystemMessage)
type SystemMessage struct {
	ID             string // required
	Content        string // required, may be empty
	Name           string
	EncryptedValue string
	Metadata       any
	SubagentRunID  string
}

// NewSystemMessage returns a message of the role system.
func NewSystemMessage(id, content string) *SystemMessage {
	return &SystemMessage{ID: id, Content: content}
}

func (m *SystemMessage) members(c *codec) {
	c.head(&m.ID, RoleSystem)
	c.text("content", &m.Content)
	c.optional("name", &m.Name)
	c.tail(&m.EncryptedValue, &m.Metadata, &m.SubagentRunID)
}

// AssistantMessage is what the agent says and the tools it calls.
// (schema.json AssistantMessage)
type AssistantMessage struct {
	ID             string // required
	Content        string
	ToolCalls      []ToolCall // nil leaves it out
	Name           string
	EncryptedValue string
	Metadata       any
	SubagentRunID  string
}

// NewAssistantMessage returns a message of the role assistant. The content may
// be empty, the more so if there are calls.
func NewAssistantMessage(id, content string, calls ...ToolCall) *AssistantMessage {
	return &AssistantMessage{ID: id, Content: content, ToolCalls: calls}
}

func (m *AssistantMessage) members(c *codec) {
	c.head(&m.ID, RoleAssistant)
	c.optional("content", &m.Content)
	optionalList(c, "toolCalls", &m.ToolCalls)
	c.optional("name", &m.Name)
	c.tail(&m.EncryptedValue, &m.Metadata, &m.SubagentRunID)
}

// A ToolCall is one call of an [AssistantMessage]. Its type is always
// "function". (schema.json ToolCall, FunctionCall)
type ToolCall struct {
	ID             string       // required
	Function       FunctionCall // required
	EncryptedValue string       // empty leaves it out
	Metadata       any          // encodes as an object; nil leaves it out
}

// NewToolCall returns a call of a tool with arguments, which are a JSON text.
func NewToolCall(id, name, arguments string) ToolCall {
	return ToolCall{ID: id, Function: FunctionCall{Name: name, Arguments: arguments}}
}

func (t *ToolCall) members(c *codec) {
	c.id("id", &t.ID)
	c.constant("type", "function")
	inner(c, "function", &t.Function)
	c.optional("encryptedValue", &t.EncryptedValue)
	c.optionalObject("metadata", &t.Metadata)
}

// A FunctionCall is which tool a [ToolCall] calls, and how.
// (schema.json FunctionCall)
type FunctionCall struct {
	Name      string
	Arguments string // a JSON text as the model wrote it; may be empty
}

func (f *FunctionCall) members(c *codec) {
	c.id("name", &f.Name)
	c.text("arguments", &f.Arguments)
}

// UserMessage is what the user says. (schema.json UserMessage)
type UserMessage struct {
	ID             string  // required
	Content        Content // required
	Name           string
	EncryptedValue string
	Metadata       any
	SubagentRunID  string
}

// NewUserMessage returns a message of the role user. For other content than
// text set Content: m.Content = agui.Parts(…).
func NewUserMessage(id, text string) *UserMessage {
	return &UserMessage{ID: id, Content: Text(text)}
}

func (m *UserMessage) members(c *codec) {
	c.head(&m.ID, RoleUser)
	c.content("content", &m.Content)
	c.optional("name", &m.Name)
	c.tail(&m.EncryptedValue, &m.Metadata, &m.SubagentRunID)
}

// ToolMessage is what a tool call came to. (schema.json ToolMessage; content of
// parts is new in 1.0)
type ToolMessage struct {
	ID             string  // required
	Content        Content // required
	ToolCallID     string  // required
	Error          string
	EncryptedValue string
	Metadata       any
	SubagentRunID  string
}

// NewToolMessage returns a message of the role tool.
func NewToolMessage(id, toolCallID, content string) *ToolMessage {
	return &ToolMessage{ID: id, ToolCallID: toolCallID, Content: Text(content)}
}

func (m *ToolMessage) members(c *codec) {
	c.head(&m.ID, RoleTool)
	c.content("content", &m.Content)
	c.id("toolCallId", &m.ToolCallID)
	c.optional("error", &m.Error)
	c.tail(&m.EncryptedValue, &m.Metadata, &m.SubagentRunID)
}

// ActivityMessage is an activity as [ActivitySnapshotEvent] shows it.
// (schema.json ActivityMessage)
type ActivityMessage struct {
	ID            string // required
	ActivityType  string // required
	Content       any    // required; encodes as an object
	Metadata      any
	SubagentRunID string
}

// NewActivityMessage returns a message of the role activity.
func NewActivityMessage(id, activityType string, content any) *ActivityMessage {
	return &ActivityMessage{ID: id, ActivityType: activityType, Content: content}
}

func (m *ActivityMessage) members(c *codec) {
	c.head(&m.ID, RoleActivity)
	c.id("activityType", &m.ActivityType)
	c.needObject("content", &m.Content)
	c.optionalObject("metadata", &m.Metadata)
	c.optional("subagentRunId", &m.SubagentRunID)
}

// ReasoningMessage is what the agent thought. (schema.json ReasoningMessage)
type ReasoningMessage struct {
	ID             string // required
	Content        string // required, may be empty
	EncryptedValue string
	Metadata       any
	SubagentRunID  string
}

// NewReasoningMessage returns a message of the role reasoning.
func NewReasoningMessage(id, content string) *ReasoningMessage {
	return &ReasoningMessage{ID: id, Content: content}
}

func (m *ReasoningMessage) members(c *codec) {
	c.head(&m.ID, RoleReasoning)
	c.text("content", &m.Content)
	c.tail(&m.EncryptedValue, &m.Metadata, &m.SubagentRunID)
}

// An UnknownMessage is a message of a role that this package does not know.
// Only decoding makes one. It is encoded as it came; [Validate] reports it.
type UnknownMessage struct {
	ID   string          // as far as it could be read
	Role Role            // may be empty
	Data json.RawMessage // the whole message
}

// members reads what can be read. Writing takes Data instead.
func (m *UnknownMessage) members(c *codec) {
	c.optional("id", &m.ID)
	c.err = nil
}

// head is what messages begin with, and tail what most end with.
func (c *codec) head(id *string, role Role) {
	c.id("id", id)
	c.constant("role", string(role))
}

func (c *codec) tail(encrypted *string, metadata *any, subagentRunID *string) {
	c.optional("encryptedValue", encrypted)
	c.optionalObject("metadata", metadata)
	c.optional("subagentRunId", subagentRunID)
}

// messages is a required list of messages.
func (c *codec) messages(name string, list *[]Message) {
	if c.reading {
		*list = nil
		c.elements(name, func() { *list = []Message{} }, func(i int, raw []byte) {
			*list = append(*list, c.message(place(name, i), raw))
		})
		return
	}
	c.key(name)
	c.out = append(c.out, '[')
	for i, m := range *list {
		c.element()
		if m == nil {
			c.fail(place(name, i), "is nil, want a message")
			return
		}
		c.within(func() string { return place(name, i) }, m, nil)
	}
	c.out = append(c.out, ']')
}

// message reads one message.
func (c *codec) message(place string, raw []byte) Message {
	var role [1][]byte
	_ = jsonscan.Pick(raw, []string{"role"}, role[:]) // what is no object is found below
	name, _ := jsonscan.Optional(role[0])
	m := newMessage(Role(name))
	c.within(func() string { return place }, m, raw)
	return m
}

// newMessage returns an empty message of a role.
func newMessage(role Role) Message {
	switch role {
	case RoleDeveloper:
		return new(DeveloperMessage)
	case RoleSystem:
		return new(SystemMessage)
	case RoleAssistant:
		return new(AssistantMessage)
	case RoleUser:
		return new(UserMessage)
	case RoleTool:
		return new(ToolMessage)
	case RoleActivity:
		return new(ActivityMessage)
	case RoleReasoning:
		return new(ReasoningMessage)
	}
	return &UnknownMessage{Role: role}
}
