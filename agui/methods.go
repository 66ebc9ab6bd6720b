package agui

// What makes each type an [Event]. An event read by UnmarshalJSON must be of the
// type, or say none.

// EventType implements [Event].
func (e *RunStartedEvent) EventType() string { return RunStarted }

// AppendJSON implements [Object].
func (e *RunStartedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *RunStartedEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *RunStartedEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *RunFinishedEvent) EventType() string { return RunFinished }

// AppendJSON implements [Object].
func (e *RunFinishedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *RunFinishedEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *RunFinishedEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *RunErrorEvent) EventType() string { return RunError }

// AppendJSON implements [Object].
func (e *RunErrorEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *RunErrorEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *RunErrorEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *StepStartedEvent) EventType() string { return StepStarted }

// AppendJSON implements [Object].
func (e *StepStartedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *StepStartedEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *StepStartedEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *StepFinishedEvent) EventType() string { return StepFinished }

// AppendJSON implements [Object].
func (e *StepFinishedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *StepFinishedEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *StepFinishedEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *TextMessageStartEvent) EventType() string { return TextMessageStart }

// AppendJSON implements [Object].
func (e *TextMessageStartEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *TextMessageStartEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *TextMessageStartEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *TextMessageContentEvent) EventType() string { return TextMessageContent }

// AppendJSON implements [Object].
func (e *TextMessageContentEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *TextMessageContentEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *TextMessageContentEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *TextMessageEndEvent) EventType() string { return TextMessageEnd }

// AppendJSON implements [Object].
func (e *TextMessageEndEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *TextMessageEndEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *TextMessageEndEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *TextMessageChunkEvent) EventType() string { return TextMessageChunk }

// AppendJSON implements [Object].
func (e *TextMessageChunkEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *TextMessageChunkEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *TextMessageChunkEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ToolCallStartEvent) EventType() string { return ToolCallStart }

// AppendJSON implements [Object].
func (e *ToolCallStartEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ToolCallStartEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ToolCallStartEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ToolCallArgsEvent) EventType() string { return ToolCallArgs }

// AppendJSON implements [Object].
func (e *ToolCallArgsEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ToolCallArgsEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ToolCallArgsEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ToolCallEndEvent) EventType() string { return ToolCallEnd }

// AppendJSON implements [Object].
func (e *ToolCallEndEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ToolCallEndEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ToolCallEndEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ToolCallChunkEvent) EventType() string { return ToolCallChunk }

// AppendJSON implements [Object].
func (e *ToolCallChunkEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ToolCallChunkEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ToolCallChunkEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ToolCallResultEvent) EventType() string { return ToolCallResult }

// AppendJSON implements [Object].
func (e *ToolCallResultEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ToolCallResultEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ToolCallResultEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *StateSnapshotEvent) EventType() string { return StateSnapshot }

// AppendJSON implements [Object].
func (e *StateSnapshotEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *StateSnapshotEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *StateSnapshotEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *StateDeltaEvent) EventType() string { return StateDelta }

// AppendJSON implements [Object].
func (e *StateDeltaEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *StateDeltaEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *StateDeltaEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *MessagesSnapshotEvent) EventType() string { return MessagesSnapshot }

// AppendJSON implements [Object].
func (e *MessagesSnapshotEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *MessagesSnapshotEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *MessagesSnapshotEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ActivitySnapshotEvent) EventType() string { return ActivitySnapshot }

// AppendJSON implements [Object].
func (e *ActivitySnapshotEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ActivitySnapshotEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ActivitySnapshotEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ActivityDeltaEvent) EventType() string { return ActivityDelta }

// AppendJSON implements [Object].
func (e *ActivityDeltaEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ActivityDeltaEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ActivityDeltaEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ReasoningStartEvent) EventType() string { return ReasoningStart }

// AppendJSON implements [Object].
func (e *ReasoningStartEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ReasoningStartEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ReasoningStartEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ReasoningEndEvent) EventType() string { return ReasoningEnd }

// AppendJSON implements [Object].
func (e *ReasoningEndEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *ReasoningEndEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ReasoningEndEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ReasoningMessageStartEvent) EventType() string { return ReasoningMessageStart }

// AppendJSON implements [Object].
func (e *ReasoningMessageStartEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}

// MarshalJSON implements [Object].
func (e *ReasoningMessageStartEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ReasoningMessageStartEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ReasoningMessageContentEvent) EventType() string { return ReasoningMessageContent }

// AppendJSON implements [Object].
func (e *ReasoningMessageContentEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}

// MarshalJSON implements [Object].
func (e *ReasoningMessageContentEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ReasoningMessageContentEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ReasoningMessageEndEvent) EventType() string { return ReasoningMessageEnd }

// AppendJSON implements [Object].
func (e *ReasoningMessageEndEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}

// MarshalJSON implements [Object].
func (e *ReasoningMessageEndEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ReasoningMessageEndEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ReasoningMessageChunkEvent) EventType() string { return ReasoningMessageChunk }

// AppendJSON implements [Object].
func (e *ReasoningMessageChunkEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}

// MarshalJSON implements [Object].
func (e *ReasoningMessageChunkEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ReasoningMessageChunkEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *ReasoningEncryptedValueEvent) EventType() string { return ReasoningEncryptedValue }

// AppendJSON implements [Object].
func (e *ReasoningEncryptedValueEvent) AppendJSON(dst []byte) ([]byte, error) {
	return appendObject(dst, e)
}

// MarshalJSON implements [Object].
func (e *ReasoningEncryptedValueEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *ReasoningEncryptedValueEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *SubagentStartedEvent) EventType() string { return SubagentStarted }

// AppendJSON implements [Object].
func (e *SubagentStartedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *SubagentStartedEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *SubagentStartedEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *SubagentFinishedEvent) EventType() string { return SubagentFinished }

// AppendJSON implements [Object].
func (e *SubagentFinishedEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *SubagentFinishedEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *SubagentFinishedEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *SubagentErrorEvent) EventType() string { return SubagentError }

// AppendJSON implements [Object].
func (e *SubagentErrorEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *SubagentErrorEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *SubagentErrorEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *RawEvent) EventType() string { return Raw }

// AppendJSON implements [Object].
func (e *RawEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *RawEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *RawEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType implements [Event].
func (e *CustomEvent) EventType() string { return Custom }

// AppendJSON implements [Object].
func (e *CustomEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *CustomEvent) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON reads an event of this type as [Decode] does.
func (e *CustomEvent) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType returns e.Type.
func (e *UnknownEvent) EventType() string { return e.Type }

// AppendJSON implements [Object].
func (e *UnknownEvent) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON implements [Object].
func (e *UnknownEvent) MarshalJSON() ([]byte, error) { return marshal(e) }
