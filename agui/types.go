package agui

// The types of AG-UI 1.0's events. Real streams hold others too, and they
// pass.
const (
	RunStarted  = "RUN_STARTED"
	RunFinished = "RUN_FINISHED"
	RunError    = "RUN_ERROR"

	StepStarted  = "STEP_STARTED"
	StepFinished = "STEP_FINISHED"

	TextMessageStart   = "TEXT_MESSAGE_START"
	TextMessageContent = "TEXT_MESSAGE_CONTENT"
	TextMessageEnd     = "TEXT_MESSAGE_END"
	TextMessageChunk   = "TEXT_MESSAGE_CHUNK"

	ToolCallStart  = "TOOL_CALL_START"
	ToolCallArgs   = "TOOL_CALL_ARGS"
	ToolCallEnd    = "TOOL_CALL_END"
	ToolCallChunk  = "TOOL_CALL_CHUNK"
	ToolCallResult = "TOOL_CALL_RESULT"

	StateSnapshot    = "STATE_SNAPSHOT"
	StateDelta       = "STATE_DELTA"
	MessagesSnapshot = "MESSAGES_SNAPSHOT"

	ActivitySnapshot = "ACTIVITY_SNAPSHOT"
	ActivityDelta    = "ACTIVITY_DELTA"

	ReasoningStart          = "REASONING_START"
	ReasoningEnd            = "REASONING_END"
	ReasoningMessageStart   = "REASONING_MESSAGE_START"
	ReasoningMessageContent = "REASONING_MESSAGE_CONTENT"
	ReasoningMessageEnd     = "REASONING_MESSAGE_END"
	ReasoningMessageChunk   = "REASONING_MESSAGE_CHUNK"
	ReasoningEncryptedValue = "REASONING_ENCRYPTED_VALUE"

	SubagentStarted  = "SUBAGENT_STARTED"
	SubagentFinished = "SUBAGENT_FINISHED"
	SubagentError    = "SUBAGENT_ERROR"

	Raw    = "RAW"
	Custom = "CUSTOM"
)

// known holds the constants above, so that reading one allocates nothing.
var known = index(
	RunStarted, RunFinished, RunError,
	StepStarted, StepFinished,
	TextMessageStart, TextMessageContent, TextMessageEnd, TextMessageChunk,
	ToolCallStart, ToolCallArgs, ToolCallEnd, ToolCallChunk, ToolCallResult,
	StateSnapshot, StateDelta, MessagesSnapshot,
	ActivitySnapshot, ActivityDelta,
	ReasoningStart, ReasoningEnd,
	ReasoningMessageStart, ReasoningMessageContent, ReasoningMessageEnd, ReasoningMessageChunk,
	ReasoningEncryptedValue,
	SubagentStarted, SubagentFinished, SubagentError,
	Raw, Custom,
)

// index maps each type, written as a JSON string, to itself.
func index(types ...string) map[string]string {
	m := make(map[string]string, len(types))
	for _, t := range types {
		m[`"`+t+`"`] = t
	}
	return m
}
