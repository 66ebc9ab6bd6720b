package agui

// What makes each type an [Event], where these methods are explained. An event
// read by UnmarshalJSON must be of the type, or say none.

func (e *RunStartedEvent) EventType() string                     { return RunStarted }
func (e *RunStartedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *RunStartedEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *RunStartedEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *RunFinishedEvent) EventType() string                     { return RunFinished }
func (e *RunFinishedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *RunFinishedEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *RunFinishedEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *RunErrorEvent) EventType() string                     { return RunError }
func (e *RunErrorEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *RunErrorEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *RunErrorEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *StepStartedEvent) EventType() string                     { return StepStarted }
func (e *StepStartedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *StepStartedEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *StepStartedEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *StepFinishedEvent) EventType() string                     { return StepFinished }
func (e *StepFinishedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *StepFinishedEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *StepFinishedEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *TextMessageStartEvent) EventType() string                     { return TextMessageStart }
func (e *TextMessageStartEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *TextMessageStartEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *TextMessageStartEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *TextMessageContentEvent) EventType() string                     { return TextMessageContent }
func (e *TextMessageContentEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *TextMessageContentEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *TextMessageContentEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *TextMessageEndEvent) EventType() string                     { return TextMessageEnd }
func (e *TextMessageEndEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *TextMessageEndEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *TextMessageEndEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *TextMessageChunkEvent) EventType() string                     { return TextMessageChunk }
func (e *TextMessageChunkEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *TextMessageChunkEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *TextMessageChunkEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ToolCallStartEvent) EventType() string                     { return ToolCallStart }
func (e *ToolCallStartEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ToolCallStartEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ToolCallStartEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ToolCallArgsEvent) EventType() string                     { return ToolCallArgs }
func (e *ToolCallArgsEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ToolCallArgsEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ToolCallArgsEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ToolCallEndEvent) EventType() string                     { return ToolCallEnd }
func (e *ToolCallEndEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ToolCallEndEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ToolCallEndEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ToolCallChunkEvent) EventType() string                     { return ToolCallChunk }
func (e *ToolCallChunkEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ToolCallChunkEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ToolCallChunkEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ToolCallResultEvent) EventType() string                     { return ToolCallResult }
func (e *ToolCallResultEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ToolCallResultEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ToolCallResultEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *StateSnapshotEvent) EventType() string                     { return StateSnapshot }
func (e *StateSnapshotEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *StateSnapshotEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *StateSnapshotEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *StateDeltaEvent) EventType() string                     { return StateDelta }
func (e *StateDeltaEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *StateDeltaEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *StateDeltaEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *MessagesSnapshotEvent) EventType() string                     { return MessagesSnapshot }
func (e *MessagesSnapshotEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *MessagesSnapshotEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *MessagesSnapshotEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ActivitySnapshotEvent) EventType() string                     { return ActivitySnapshot }
func (e *ActivitySnapshotEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ActivitySnapshotEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ActivitySnapshotEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ActivityDeltaEvent) EventType() string                     { return ActivityDelta }
func (e *ActivityDeltaEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ActivityDeltaEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ActivityDeltaEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ReasoningStartEvent) EventType() string                     { return ReasoningStart }
func (e *ReasoningStartEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ReasoningStartEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ReasoningStartEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ReasoningEndEvent) EventType() string                     { return ReasoningEnd }
func (e *ReasoningEndEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *ReasoningEndEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *ReasoningEndEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *ReasoningMessageStartEvent) EventType() string { return ReasoningMessageStart }
func (e *ReasoningMessageStartEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}
func (e *ReasoningMessageStartEvent) MarshalJSON() ([]byte, error)    { return marshal(e) }
func (e *ReasoningMessageStartEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

func (e *ReasoningMessageContentEvent) EventType() string { return ReasoningMessageContent }
func (e *ReasoningMessageContentEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}
func (e *ReasoningMessageContentEvent) MarshalJSON() ([]byte, error)    { return marshal(e) }
func (e *ReasoningMessageContentEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

func (e *ReasoningMessageEndEvent) EventType() string { return ReasoningMessageEnd }
func (e *ReasoningMessageEndEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}
func (e *ReasoningMessageEndEvent) MarshalJSON() ([]byte, error)    { return marshal(e) }
func (e *ReasoningMessageEndEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

func (e *ReasoningMessageChunkEvent) EventType() string { return ReasoningMessageChunk }
func (e *ReasoningMessageChunkEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}
func (e *ReasoningMessageChunkEvent) MarshalJSON() ([]byte, error)    { return marshal(e) }
func (e *ReasoningMessageChunkEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

func (e *ReasoningEncryptedValueEvent) EventType() string { return ReasoningEncryptedValue }
func (e *ReasoningEncryptedValueEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}
func (e *ReasoningEncryptedValueEvent) MarshalJSON() ([]byte, error)    { return marshal(e) }
func (e *ReasoningEncryptedValueEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

func (e *SubagentStartedEvent) EventType() string                     { return SubagentStarted }
func (e *SubagentStartedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *SubagentStartedEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *SubagentStartedEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *SubagentFinishedEvent) EventType() string                     { return SubagentFinished }
func (e *SubagentFinishedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *SubagentFinishedEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *SubagentFinishedEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *SubagentErrorEvent) EventType() string                     { return SubagentError }
func (e *SubagentErrorEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *SubagentErrorEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *SubagentErrorEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *RawEvent) EventType() string                     { return Raw }
func (e *RawEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *RawEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *RawEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

func (e *CustomEvent) EventType() string                     { return Custom }
func (e *CustomEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *CustomEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
func (e *CustomEvent) UnmarshalJSON(data []byte) error       { return unmarshal(data, e) }

// EventType returns e.Type.
func (e *UnknownEvent) EventType() string                     { return e.Type }
func (e *UnknownEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }
func (e *UnknownEvent) MarshalJSON() ([]byte, error)          { return marshal(e) }
