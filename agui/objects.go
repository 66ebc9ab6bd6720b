package agui

// What makes each type an [Object].
// MarshalJSON of types that are used by value works on values.

// MessageRole implements [Message].
func (m *DeveloperMessage) MessageRole() Role { return RoleDeveloper }

// MessageID implements [Message].
func (m *DeveloperMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *DeveloperMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *DeveloperMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON reads as [Decode] does.
func (m *DeveloperMessage) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// MessageRole implements [Message].
func (m *SystemMessage) MessageRole() Role { return RoleSystem }

// MessageID implements [Message].
func (m *SystemMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *SystemMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *SystemMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON reads as [Decode] does.
func (m *SystemMessage) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// MessageRole implements [Message].
func (m *AssistantMessage) MessageRole() Role { return RoleAssistant }

// MessageID implements [Message].
func (m *AssistantMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *AssistantMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *AssistantMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON reads as [Decode] does.
func (m *AssistantMessage) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// MessageRole implements [Message].
func (m *UserMessage) MessageRole() Role { return RoleUser }

// MessageID implements [Message].
func (m *UserMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *UserMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *UserMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON reads as [Decode] does.
func (m *UserMessage) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// MessageRole implements [Message].
func (m *ToolMessage) MessageRole() Role { return RoleTool }

// MessageID implements [Message].
func (m *ToolMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *ToolMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *ToolMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON reads as [Decode] does.
func (m *ToolMessage) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// MessageRole implements [Message].
func (m *ActivityMessage) MessageRole() Role { return RoleActivity }

// MessageID implements [Message].
func (m *ActivityMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *ActivityMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *ActivityMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON reads as [Decode] does.
func (m *ActivityMessage) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// MessageRole implements [Message].
func (m *ReasoningMessage) MessageRole() Role { return RoleReasoning }

// MessageID implements [Message].
func (m *ReasoningMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *ReasoningMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *ReasoningMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON reads as [Decode] does.
func (m *ReasoningMessage) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

// MessageRole implements [Message].
func (m *UnknownMessage) MessageRole() Role { return m.Role }

// MessageID implements [Message].
func (m *UnknownMessage) MessageID() string { return m.ID }

// AppendJSON implements [Object].
func (m *UnknownMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }

// MarshalJSON implements [Object].
func (m *UnknownMessage) MarshalJSON() ([]byte, error) { return marshal(m) }

// AppendJSON implements [Object].
func (i *RunAgentInput) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, i) }

// MarshalJSON implements [Object].
func (i RunAgentInput) MarshalJSON() ([]byte, error) { return marshal(&i) }

// UnmarshalJSON reads as [Decode] does.
func (i *RunAgentInput) UnmarshalJSON(data []byte) error { return unmarshal(data, i) }

// AppendJSON implements [Object].
func (t *Tool) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, t) }

// MarshalJSON implements [Object].
func (t Tool) MarshalJSON() ([]byte, error) { return marshal(&t) }

// UnmarshalJSON reads as [Decode] does.
func (t *Tool) UnmarshalJSON(data []byte) error { return unmarshal(data, t) }

// AppendJSON implements [Object].
func (x *Context) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, x) }

// MarshalJSON implements [Object].
func (x Context) MarshalJSON() ([]byte, error) { return marshal(&x) }

// UnmarshalJSON reads as [Decode] does.
func (x *Context) UnmarshalJSON(data []byte) error { return unmarshal(data, x) }

// AppendJSON implements [Object].
func (r *ResumeEntry) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, r) }

// MarshalJSON implements [Object].
func (r ResumeEntry) MarshalJSON() ([]byte, error) { return marshal(&r) }

// UnmarshalJSON reads as [Decode] does.
func (r *ResumeEntry) UnmarshalJSON(data []byte) error { return unmarshal(data, r) }

// AppendJSON implements [Object].
func (i *Interrupt) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, i) }

// MarshalJSON implements [Object].
func (i Interrupt) MarshalJSON() ([]byte, error) { return marshal(&i) }

// UnmarshalJSON reads as [Decode] does.
func (i *Interrupt) UnmarshalJSON(data []byte) error { return unmarshal(data, i) }

// AppendJSON implements [Object].
func (o *RunFinishedOutcome) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, o) }

// MarshalJSON implements [Object].
func (o RunFinishedOutcome) MarshalJSON() ([]byte, error) { return marshal(&o) }

// UnmarshalJSON reads as [Decode] does.
func (o *RunFinishedOutcome) UnmarshalJSON(data []byte) error { return unmarshal(data, o) }

// AppendJSON implements [Object].
func (o *SubagentFinishedOutcome) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, o) }

// MarshalJSON implements [Object].
func (o SubagentFinishedOutcome) MarshalJSON() ([]byte, error) { return marshal(&o) }

// UnmarshalJSON reads as [Decode] does.
func (o *SubagentFinishedOutcome) UnmarshalJSON(data []byte) error { return unmarshal(data, o) }

// AppendJSON implements [Object].
func (u *TokenUsage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, u) }

// MarshalJSON implements [Object].
func (u TokenUsage) MarshalJSON() ([]byte, error) { return marshal(&u) }

// UnmarshalJSON reads as [Decode] does.
func (u *TokenUsage) UnmarshalJSON(data []byte) error { return unmarshal(data, u) }

// AppendJSON implements [Object].
func (t *ToolCall) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, t) }

// MarshalJSON implements [Object].
func (t ToolCall) MarshalJSON() ([]byte, error) { return marshal(&t) }

// UnmarshalJSON reads as [Decode] does.
func (t *ToolCall) UnmarshalJSON(data []byte) error { return unmarshal(data, t) }

// AppendJSON implements [Object].
func (f *FunctionCall) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, f) }

// MarshalJSON implements [Object].
func (f FunctionCall) MarshalJSON() ([]byte, error) { return marshal(&f) }

// UnmarshalJSON reads as [Decode] does.
func (f *FunctionCall) UnmarshalJSON(data []byte) error { return unmarshal(data, f) }

// AppendJSON implements [Object].
func (p *ContentPart) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, p) }

// MarshalJSON implements [Object].
func (p ContentPart) MarshalJSON() ([]byte, error) { return marshal(&p) }

// UnmarshalJSON reads as [Decode] does.
func (p *ContentPart) UnmarshalJSON(data []byte) error { return unmarshal(data, p) }

// AppendJSON implements [Object].
func (s *Source) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, s) }

// MarshalJSON implements [Object].
func (s Source) MarshalJSON() ([]byte, error) { return marshal(&s) }

// UnmarshalJSON reads as [Decode] does.
func (s *Source) UnmarshalJSON(data []byte) error { return unmarshal(data, s) }

// AppendJSON implements [Object].
func (o *Operation) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, o) }

// MarshalJSON implements [Object].
func (o Operation) MarshalJSON() ([]byte, error) { return marshal(&o) }

// UnmarshalJSON reads as [Decode] does.
func (o *Operation) UnmarshalJSON(data []byte) error { return unmarshal(data, o) }
