package agui

// ActivitySnapshotEvent shows what the agent is at, such as a plan or a search,
// as a message of a type that the application knows how to draw.
// (schema.json ActivitySnapshotEvent)
type ActivitySnapshotEvent struct {
	BaseEvent
	Attributable
	MessageID    string
	ActivityType string
	Content      any   // encodes as an object
	Replace      *bool // new(false) leaves a message that is there already; nil, which leaves it out, is true
}

// NewActivitySnapshot returns an ACTIVITY_SNAPSHOT. Its content encodes as a
// JSON object.
func NewActivitySnapshot(messageID, activityType string, content any) *ActivitySnapshotEvent {
	return &ActivitySnapshotEvent{MessageID: messageID, ActivityType: activityType, Content: content}
}

func (e *ActivitySnapshotEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.id("activityType", &e.ActivityType)
	c.needObject("content", &e.Content)
	c.flag("replace", &e.Replace)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// ActivityDeltaEvent changes the content of an activity by a JSON Patch.
// (schema.json ActivityDeltaEvent)
type ActivityDeltaEvent struct {
	BaseEvent
	Attributable
	MessageID    string
	ActivityType string
	Patch        []Operation // may be empty
}

// NewActivityDelta returns an ACTIVITY_DELTA.
func NewActivityDelta(messageID, activityType string, patch ...Operation) *ActivityDeltaEvent {
	return &ActivityDeltaEvent{MessageID: messageID, ActivityType: activityType, Patch: patch}
}

func (e *ActivityDeltaEvent) members(c *codec) {
	c.id("messageId", &e.MessageID)
	c.id("activityType", &e.ActivityType)
	list(c, "patch", &e.Patch)
	c.attributed(&e.Attributable, &e.BaseEvent)
}
