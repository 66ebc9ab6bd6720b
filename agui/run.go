package agui

import "fmt"

// RunStartedEvent opens a run. It comes before everything else of the run.
// (schema.json RunStartedEvent; protocolVersion is new in 1.0)
type RunStartedEvent struct {
	BaseEvent
	ThreadID        string
	RunID           string
	ProtocolVersion string         // what the producer speaks, such as "1.0"; empty leaves it out
	ParentRunID     string         // the run of the thread that this one branches off; empty leaves it out
	Input           *RunAgentInput // what the run was started with; nil leaves it out
}

// NewRunStarted returns the RUN_STARTED of a run of this package's version of
// the protocol.
func NewRunStarted(threadID, runID string) *RunStartedEvent {
	return &RunStartedEvent{ThreadID: threadID, RunID: runID, ProtocolVersion: ProtocolVersion}
}

func (e *RunStartedEvent) members(c *codec) {
	c.id("threadId", &e.ThreadID)
	c.id("runId", &e.RunID)
	c.version("protocolVersion", &e.ProtocolVersion)
	c.optional("parentRunId", &e.ParentRunID)
	part(c, "input", &e.Input)
	c.base(&e.BaseEvent)
}

// version is an optional version, of the form MAJOR.MINOR.
func (c *codec) version(name string, v *string) {
	if !c.reading && *v != "" {
		var major, minor uint
		if _, err := fmt.Sscanf(*v, "%d.%d", &major, &minor); err != nil || *v != fmt.Sprintf("%d.%d", major, minor) {
			c.fail(name, fmt.Sprintf("is %q, want a version such as %q", clip(*v), ProtocolVersion))
		}
	}
	c.optional(name, v)
}

// RunFinishedEvent ends a run that did not fail. Everything the run opened must
// be closed before it. (schema.json RunFinishedEvent)
type RunFinishedEvent struct {
	BaseEvent
	ThreadID string
	RunID    string
	Result   any                 // anything but null; nil leaves it out
	Outcome  *RunFinishedOutcome // nil, which leaves it out, is success
	Usage    []TokenUsage        // nil leaves it out
}

// NewRunFinished returns the RUN_FINISHED of a run. For a run that waits for
// its user set Outcome:
//
//	e := agui.NewRunFinished(threadID, runID)
//	e.Outcome = agui.Interrupted(agui.Interrupt{ID: "i1", Reason: "tool_approval"})
func NewRunFinished(threadID, runID string) *RunFinishedEvent {
	return &RunFinishedEvent{ThreadID: threadID, RunID: runID}
}

func (e *RunFinishedEvent) members(c *codec) {
	c.id("threadId", &e.ThreadID)
	c.id("runId", &e.RunID)
	c.optionalValue("result", &e.Result)
	part(c, "outcome", &e.Outcome)
	optionalList(c, "usage", &e.Usage)
	c.base(&e.BaseEvent)
}

// RunErrorEvent ends a run that failed, and closes everything the run opened.
// It names neither thread nor run. (schema.json RunErrorEvent)
type RunErrorEvent struct {
	BaseEvent
	Message string       // for people; may be empty
	Code    string       // for programs; empty leaves it out
	Usage   []TokenUsage // nil leaves it out
}

// NewRunError returns the RUN_ERROR of the run that is open.
func NewRunError(message string) *RunErrorEvent {
	return &RunErrorEvent{Message: message}
}

func (e *RunErrorEvent) members(c *codec) {
	c.text("message", &e.Message)
	c.optional("code", &e.Code)
	optionalList(c, "usage", &e.Usage)
	c.base(&e.BaseEvent)
}

// TokenUsage counts what a run used of one model. Counts that are nil are not
// known and left out: InputTokens: new(n). (schema.json TokenUsage;
// cacheWriteInputTokens is new in 1.0)
type TokenUsage struct {
	Provider              string // empty leaves it out
	Model                 string // empty leaves it out
	InputTokens           *int64
	OutputTokens          *int64
	TotalTokens           *int64
	ReasoningTokens       *int64
	CachedInputTokens     *int64
	CacheWriteInputTokens *int64
}

func (u *TokenUsage) members(c *codec) {
	c.optional("provider", &u.Provider)
	c.optional("model", &u.Model)
	c.count("inputTokens", &u.InputTokens)
	c.count("outputTokens", &u.OutputTokens)
	c.count("totalTokens", &u.TotalTokens)
	c.count("reasoningTokens", &u.ReasoningTokens)
	c.count("cachedInputTokens", &u.CachedInputTokens)
	c.count("cacheWriteInputTokens", &u.CacheWriteInputTokens)
}
