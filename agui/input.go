package agui

// RunAgentInput is what a client sends to have an agent run: the body of the
// POST that is answered with a stream of events.
//
//	var input agui.RunAgentInput
//	err := json.NewDecoder(r.Body).Decode(&input)
//	if err == nil {
//		err = agui.Validate(&input)
//	}
//
// (schema.json RunAgentInput; protocolVersion is new in 1.0)
type RunAgentInput struct {
	ThreadID        string
	RunID           string
	ProtocolVersion string // what the client speaks, such as "1.0"; empty leaves it out
	ParentRunID     string // the run of the thread that this one branches off; empty leaves it out
	State           any    // the shared state, anything but null; nil leaves it out
	Messages        []Message
	Tools           []Tool        // what the client can carry out; nil leaves it out
	Context         []Context     // nil leaves it out
	ForwardedProps  any           // anything but null; nil leaves it out
	Resume          []ResumeEntry // answers to the interrupts of the run before; nil leaves it out
}

func (i *RunAgentInput) members(c *codec) {
	c.id("threadId", &i.ThreadID)
	c.id("runId", &i.RunID)
	c.version("protocolVersion", &i.ProtocolVersion)
	c.optional("parentRunId", &i.ParentRunID)
	c.optionalValue("state", &i.State)
	c.messages("messages", &i.Messages)
	optionalList(c, "tools", &i.Tools)
	optionalList(c, "context", &i.Context)
	c.optionalValue("forwardedProps", &i.ForwardedProps)
	optionalList(c, "resume", &i.Resume)
}

// A Tool is something that the agent may ask the client to do.
// (schema.json Tool)
type Tool struct {
	Name        string
	Description string // may be empty
	Parameters  any    // a JSON Schema, anything but null; nil leaves it out
	Metadata    any    // encodes as an object; nil leaves it out
}

func (t *Tool) members(c *codec) {
	c.id("name", &t.Name)
	c.text("description", &t.Description)
	c.optionalValue("parameters", &t.Parameters)
	c.optionalObject("metadata", &t.Metadata)
}

// A Context is something that the agent should know.
// (schema.json Context)
type Context struct {
	Description string // may be empty
	Value       string // may be empty
}

func (x *Context) members(c *codec) {
	c.text("description", &x.Description)
	c.text("value", &x.Value)
}
