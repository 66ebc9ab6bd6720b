package agui

// SubagentStartedEvent opens the work of a subagent within the run. The events
// that it causes carry its SubagentRunID (see [Attributable]).
// (schema.json SubagentStartedEvent; new in 1.0)
type SubagentStartedEvent struct {
	BaseEvent
	SubagentRunID       string // unique within the run
	Name                string
	Description         string // empty leaves it out
	ParentSubagentRunID string // the subagent that started it; empty leaves it out
	ParentToolCallID    string // the tool call that started it; empty leaves it out
	ParentMessageID     string // the message that started it; empty leaves it out
}

// NewSubagentStarted returns the SUBAGENT_STARTED of a subagent.
func NewSubagentStarted(subagentRunID, name string) *SubagentStartedEvent {
	return &SubagentStartedEvent{SubagentRunID: subagentRunID, Name: name}
}

func (e *SubagentStartedEvent) members(c *codec) {
	c.id("subagentRunId", &e.SubagentRunID)
	c.id("name", &e.Name)
	c.optional("description", &e.Description)
	c.optional("parentSubagentRunId", &e.ParentSubagentRunID)
	c.optional("parentToolCallId", &e.ParentToolCallID)
	c.optional("parentMessageId", &e.ParentMessageID)
	c.base(&e.BaseEvent)
}

// SubagentFinishedEvent ends the work of a subagent that did not fail.
// (schema.json SubagentFinishedEvent; new in 1.0)
type SubagentFinishedEvent struct {
	BaseEvent
	SubagentRunID string
	Result        any                      // anything but null; nil leaves it out
	Outcome       *SubagentFinishedOutcome // nil, which leaves it out, is success
}

// NewSubagentFinished returns the SUBAGENT_FINISHED of a subagent.
func NewSubagentFinished(subagentRunID string) *SubagentFinishedEvent {
	return &SubagentFinishedEvent{SubagentRunID: subagentRunID}
}

func (e *SubagentFinishedEvent) members(c *codec) {
	c.id("subagentRunId", &e.SubagentRunID)
	c.optionalValue("result", &e.Result)
	part(c, "outcome", &e.Outcome)
	c.base(&e.BaseEvent)
}

// SubagentFinishedOutcome says how a subagent ended. [SubagentSucceeded] and
// [SubagentSuspended] make valid ones. (schema.json SubagentFinishedOutcome)
type SubagentFinishedOutcome struct {
	Type         OutcomeType
	InterruptIDs []string // of a suspended one: what it waits for; nil leaves it out
}

// SubagentSucceeded is the outcome of a subagent that did its work.
func SubagentSucceeded() *SubagentFinishedOutcome {
	return &SubagentFinishedOutcome{Type: OutcomeSuccess}
}

// SubagentSuspended is the outcome of a subagent that waits for the answers to
// the interrupts named, which the run's RUN_FINISHED then lists.
func SubagentSuspended(interruptIDs ...string) *SubagentFinishedOutcome {
	return &SubagentFinishedOutcome{Type: OutcomeSuspended, InterruptIDs: interruptIDs}
}

func (o *SubagentFinishedOutcome) members(c *codec) {
	enum(c, "type", &o.Type, OutcomeSuccess, OutcomeSuspended)
	c.only(o.Type, OutcomeSuspended, "interruptIds", o.InterruptIDs != nil)
	c.strings("interruptIds", &o.InterruptIDs)
}

// SubagentErrorEvent ends the work of a subagent that failed. The run may go
// on. (schema.json SubagentErrorEvent; new in 1.0)
type SubagentErrorEvent struct {
	BaseEvent
	SubagentRunID string
	Message       string // for people; may be empty
	Code          string // for programs; empty leaves it out
}

// NewSubagentError returns the SUBAGENT_ERROR of a subagent.
func NewSubagentError(subagentRunID, message string) *SubagentErrorEvent {
	return &SubagentErrorEvent{SubagentRunID: subagentRunID, Message: message}
}

func (e *SubagentErrorEvent) members(c *codec) {
	c.id("subagentRunId", &e.SubagentRunID)
	c.text("message", &e.Message)
	c.optional("code", &e.Code)
	c.base(&e.BaseEvent)
}
