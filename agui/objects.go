package agui

// What makes each type an [Object], where these methods are explained.
// MarshalJSON of types that are used by value works on values.

func (m *DeveloperMessage) MessageRole() Role                     { return RoleDeveloper }
func (m *DeveloperMessage) MessageID() string                     { return m.ID }
func (m *DeveloperMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *DeveloperMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }
func (m *DeveloperMessage) UnmarshalJSON(data []byte) error       { return unmarshal(data, m) }

func (m *SystemMessage) MessageRole() Role                     { return RoleSystem }
func (m *SystemMessage) MessageID() string                     { return m.ID }
func (m *SystemMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *SystemMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }
func (m *SystemMessage) UnmarshalJSON(data []byte) error       { return unmarshal(data, m) }

func (m *AssistantMessage) MessageRole() Role                     { return RoleAssistant }
func (m *AssistantMessage) MessageID() string                     { return m.ID }
func (m *AssistantMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *AssistantMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }
func (m *AssistantMessage) UnmarshalJSON(data []byte) error       { return unmarshal(data, m) }

func (m *UserMessage) MessageRole() Role                     { return RoleUser }
func (m *UserMessage) MessageID() string                     { return m.ID }
func (m *UserMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *UserMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }
func (m *UserMessage) UnmarshalJSON(data []byte) error       { return unmarshal(data, m) }

func (m *ToolMessage) MessageRole() Role                     { return RoleTool }
func (m *ToolMessage) MessageID() string                     { return m.ID }
func (m *ToolMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *ToolMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }
func (m *ToolMessage) UnmarshalJSON(data []byte) error       { return unmarshal(data, m) }

func (m *ActivityMessage) MessageRole() Role                     { return RoleActivity }
func (m *ActivityMessage) MessageID() string                     { return m.ID }
func (m *ActivityMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *ActivityMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }
func (m *ActivityMessage) UnmarshalJSON(data []byte) error       { return unmarshal(data, m) }

func (m *ReasoningMessage) MessageRole() Role                     { return RoleReasoning }
func (m *ReasoningMessage) MessageID() string                     { return m.ID }
func (m *ReasoningMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *ReasoningMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }
func (m *ReasoningMessage) UnmarshalJSON(data []byte) error       { return unmarshal(data, m) }

func (m *UnknownMessage) MessageRole() Role                     { return m.Role }
func (m *UnknownMessage) MessageID() string                     { return m.ID }
func (m *UnknownMessage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, m) }
func (m *UnknownMessage) MarshalJSON() ([]byte, error)          { return marshal(m) }

func (i *RunAgentInput) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, i) }
func (i RunAgentInput) MarshalJSON() ([]byte, error)           { return marshal(&i) }
func (i *RunAgentInput) UnmarshalJSON(data []byte) error       { return unmarshal(data, i) }

func (t *Tool) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, t) }
func (t Tool) MarshalJSON() ([]byte, error)           { return marshal(&t) }
func (t *Tool) UnmarshalJSON(data []byte) error       { return unmarshal(data, t) }

func (x *Context) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, x) }
func (x Context) MarshalJSON() ([]byte, error)           { return marshal(&x) }
func (x *Context) UnmarshalJSON(data []byte) error       { return unmarshal(data, x) }

func (r *ResumeEntry) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, r) }
func (r ResumeEntry) MarshalJSON() ([]byte, error)           { return marshal(&r) }
func (r *ResumeEntry) UnmarshalJSON(data []byte) error       { return unmarshal(data, r) }

func (i *Interrupt) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, i) }
func (i Interrupt) MarshalJSON() ([]byte, error)           { return marshal(&i) }
func (i *Interrupt) UnmarshalJSON(data []byte) error       { return unmarshal(data, i) }

func (o *RunFinishedOutcome) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, o) }
func (o RunFinishedOutcome) MarshalJSON() ([]byte, error)           { return marshal(&o) }
func (o *RunFinishedOutcome) UnmarshalJSON(data []byte) error       { return unmarshal(data, o) }

func (o *SubagentFinishedOutcome) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, o) }
func (o SubagentFinishedOutcome) MarshalJSON() ([]byte, error)           { return marshal(&o) }
func (o *SubagentFinishedOutcome) UnmarshalJSON(data []byte) error       { return unmarshal(data, o) }

func (u *TokenUsage) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, u) }
func (u TokenUsage) MarshalJSON() ([]byte, error)           { return marshal(&u) }
func (u *TokenUsage) UnmarshalJSON(data []byte) error       { return unmarshal(data, u) }

func (t *ToolCall) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, t) }
func (t ToolCall) MarshalJSON() ([]byte, error)           { return marshal(&t) }
func (t *ToolCall) UnmarshalJSON(data []byte) error       { return unmarshal(data, t) }

func (f *FunctionCall) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, f) }
func (f FunctionCall) MarshalJSON() ([]byte, error)           { return marshal(&f) }
func (f *FunctionCall) UnmarshalJSON(data []byte) error       { return unmarshal(data, f) }

func (p *ContentPart) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, p) }
func (p ContentPart) MarshalJSON() ([]byte, error)           { return marshal(&p) }
func (p *ContentPart) UnmarshalJSON(data []byte) error       { return unmarshal(data, p) }

func (s *Source) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, s) }
func (s Source) MarshalJSON() ([]byte, error)           { return marshal(&s) }
func (s *Source) UnmarshalJSON(data []byte) error       { return unmarshal(data, s) }

func (o *Operation) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, o) }
func (o Operation) MarshalJSON() ([]byte, error)           { return marshal(&o) }
func (o *Operation) UnmarshalJSON(data []byte) error       { return unmarshal(data, o) }
