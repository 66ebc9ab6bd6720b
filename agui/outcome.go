package agui

import "fmt"

// RunFinishedOutcome says how a run ended. [Succeeded], [Interrupted] and
// [Cancelled] make valid ones. (schema.json RunFinishedOutcome; cancelled and
// pendingToolCallIds are new in 1.0)
type RunFinishedOutcome struct {
	Type               OutcomeType
	PendingToolCallIDs []string    // of a success: calls that the client is to carry out; nil leaves it out
	Interrupts         []Interrupt // of an interrupt: at least one
}

// An OutcomeType says how something ended.
type OutcomeType string

// The outcomes of runs (the first three) and of subagents.
const (
	OutcomeSuccess   OutcomeType = "success"
	OutcomeInterrupt OutcomeType = "interrupt"
	OutcomeCancelled OutcomeType = "cancelled"
	OutcomeSuspended OutcomeType = "suspended"
)

// Succeeded is the outcome of a run that did its work, except for the tool
// calls named, which the client is to carry out.
func Succeeded(pendingToolCallIDs ...string) *RunFinishedOutcome {
	return &RunFinishedOutcome{Type: OutcomeSuccess, PendingToolCallIDs: pendingToolCallIDs}
}

// Interrupted is the outcome of a run that waits for answers. The next run of
// the thread brings them as RunAgentInput.Resume.
func Interrupted(first Interrupt, more ...Interrupt) *RunFinishedOutcome {
	return &RunFinishedOutcome{Type: OutcomeInterrupt, Interrupts: append([]Interrupt{first}, more...)}
}

// Cancelled is the outcome of a run that was stopped from outside.
func Cancelled() *RunFinishedOutcome {
	return &RunFinishedOutcome{Type: OutcomeCancelled}
}

func (o *RunFinishedOutcome) members(c *codec) {
	enum(c, "type", &o.Type, OutcomeSuccess, OutcomeInterrupt, OutcomeCancelled)
	c.only(o.Type, OutcomeSuccess, "pendingToolCallIds", o.PendingToolCallIDs != nil)
	c.strings("pendingToolCallIds", &o.PendingToolCallIDs)
	c.only(o.Type, OutcomeInterrupt, "interrupts", o.Interrupts != nil)
	if !c.reading && o.Type == OutcomeInterrupt && len(o.Interrupts) == 0 {
		c.fail("interrupts", "is empty, want at least one")
	}
	optionalList(c, "interrupts", &o.Interrupts)
}

// only checks that a member that belongs to one outcome is not set in another.
func (c *codec) only(got, want OutcomeType, name string, set bool) {
	if !c.reading && set && got != want {
		c.fail(name, fmt.Sprintf("is set, but the outcome is %q", clip(got)))
	}
}

// An Interrupt asks the user for something before the work can go on.
// (schema.json Interrupt)
type Interrupt struct {
	ID             string
	Reason         string // such as "tool_approval"
	Message        string // for people; empty leaves it out
	ToolCallID     string // what it is about; empty leaves it out
	ResponseSchema any    // a JSON Schema object for the answer; nil leaves it out
	ExpiresAt      string // an ISO 8601 time, as it came; empty leaves it out
	Metadata       any    // encodes as an object; nil leaves it out
	SubagentRunID  string // who asks; empty leaves it out
}

func (i *Interrupt) members(c *codec) {
	c.id("id", &i.ID)
	c.id("reason", &i.Reason)
	c.optional("message", &i.Message)
	c.optional("toolCallId", &i.ToolCallID)
	c.optionalObject("responseSchema", &i.ResponseSchema)
	c.optional("expiresAt", &i.ExpiresAt)
	c.optionalObject("metadata", &i.Metadata)
	c.optional("subagentRunId", &i.SubagentRunID)
}

// A ResumeEntry answers an [Interrupt]. (schema.json ResumeEntry)
type ResumeEntry struct {
	InterruptID string
	Status      ResumeStatus
	Payload     any // the answer, anything but null; nil leaves it out
	Metadata    any // encodes as an object; nil leaves it out
}

// A ResumeStatus says whether an interrupt was answered.
type ResumeStatus string

// What becomes of an interrupt.
const (
	ResumeResolved  ResumeStatus = "resolved"
	ResumeCancelled ResumeStatus = "cancelled"
)

func (r *ResumeEntry) members(c *codec) {
	c.id("interruptId", &r.InterruptID)
	enum(c, "status", &r.Status, ResumeResolved, ResumeCancelled)
	c.optionalValue("payload", &r.Payload)
	c.optionalObject("metadata", &r.Metadata)
}
