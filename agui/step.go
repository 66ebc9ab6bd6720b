package agui

// StepStartedEvent opens a step: a part of the work that has a name.
// (schema.json StepStartedEvent)
type StepStartedEvent struct {
	BaseEvent
	Attributable
	StepName string
}

// NewStepStarted returns the STEP_STARTED of a step.
func NewStepStarted(stepName string) *StepStartedEvent {
	return &StepStartedEvent{StepName: stepName}
}

func (e *StepStartedEvent) members(c *codec) {
	c.id("stepName", &e.StepName)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// StepFinishedEvent ends the step of that name. (schema.json StepFinishedEvent)
type StepFinishedEvent struct {
	BaseEvent
	Attributable
	StepName string
}

// NewStepFinished returns the STEP_FINISHED of a step.
func NewStepFinished(stepName string) *StepFinishedEvent {
	return &StepFinishedEvent{StepName: stepName}
}

func (e *StepFinishedEvent) members(c *codec) {
	c.id("stepName", &e.StepName)
	c.attributed(&e.Attributable, &e.BaseEvent)
}
