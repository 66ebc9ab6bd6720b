package agui

// RawEvent passes on an event of another system as it is.
// (schema.json RawEvent)
type RawEvent struct {
	BaseEvent
	Attributable
	Event  any    // anything; nil is null
	Source string // the other system; empty leaves it out
}

// NewRaw returns a RAW.
func NewRaw(event any) *RawEvent { return &RawEvent{Event: event} }

func (e *RawEvent) members(c *codec) {
	c.value("event", &e.Event)
	c.optional("source", &e.Source)
	c.attributed(&e.Attributable, &e.BaseEvent)
}

// CustomEvent is what an application says in its own words.
// (schema.json CustomEvent)
type CustomEvent struct {
	BaseEvent
	Attributable
	Name  string
	Value any // anything; nil is null
}

// NewCustom returns a CUSTOM. The value is encoded when the event is.
func NewCustom(name string, value any) *CustomEvent { return &CustomEvent{Name: name, Value: value} }

func (e *CustomEvent) members(c *codec) {
	c.id("name", &e.Name)
	c.value("value", &e.Value)
	c.attributed(&e.Attributable, &e.BaseEvent)
}
