package contexts

import (
	"slices"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// Snapshot returns the state as an event: a Fold of the same size that begins
// with it goes on exactly as this one, as if it had applied all that this one
// has. It lists the context that had the last event first, and shares no memory
// with f. Equal states have equal snapshots. Its Timestamp is zero; whoever
// sends it as of a position sets that.
func (f *Fold) Snapshot() *Snapshot {
	s := &Snapshot{Contexts: make([]Context, 0, f.Len())}
	for _, c := range f.contexts.all() {
		shown := c.Context
		shown.Seen = c.seen()
		s.Contexts = append(s.Contexts, shown)
	}
	slices.Reverse(s.Contexts)
	for id := range f.deleted.all() {
		s.Deleted = append(s.Deleted, id)
	}
	return s
}

// seen returns the ids that c saw last, to be read by see.
func (c *entry) seen() string {
	if len(c.messages) == 0 && len(c.tasks) == 0 {
		return ""
	}
	var text [seenLimit]byte
	return string(c.tasks.appendText(append(c.messages.appendText(text[:0]), '.')))
}

// see takes what seen returned. It leaves c alone if it is something else.
func (c *entry) see(seen string) {
	messages, tasks, both := strings.Cut(seen, ".")
	m, okMessages := readIDs(messages)
	t, okTasks := readIDs(tasks)
	if both && okMessages && okTasks {
		c.messages, c.tasks = m, t
	}
}

// replace applies a snapshot, and reports whether it has any list of contexts.
func (f *Fold) replace(m *members, at time.Time) bool {
	var items []entry
	came := make(map[string]bool)
	for element, err := range jsonscan.Elements(m[contextsMember]) {
		if err != nil {
			return false
		}
		c, ok := listedContext(element, at)
		if ok && len(items) < f.contexts.max && !came[c.ID] {
			came[c.ID] = true
			items = append(items, c)
		}
	}
	*f = *NewFold(f.contexts.max)
	for _, c := range slices.Backward(items) {
		f.contexts.add(c.ID, c)
	}
	f.mark(m[deletedMember])
	return true
}

// listedContext reads an item of a snapshot, and reports whether it has an id.
func listedContext(element []byte, at time.Time) (entry, bool) {
	r := reader{object: "context"}
	c := entry{Context: r.context(element)}
	if len(c.Name) > nameLimit {
		c.Name = ""
	}
	if c.Created.IsZero() {
		c.Created = at
	}
	if c.Updated.IsZero() {
		c.Updated = at
	}
	c.see(c.Seen)
	c.Seen = ""
	problem, _ := checkID(c.ID)
	return c, problem == ""
}

// mark marks the contexts that a snapshot lists as deleted.
func (f *Fold) mark(raw []byte) {
	for element, err := range jsonscan.Elements(raw) {
		if err != nil {
			f.deleted = newRecent[struct{}](deletedLimit)
			return
		}
		id, _ := jsonscan.String(element)
		if problem, _ := checkID(id); problem == "" && !f.contexts.has(id) {
			f.deleted.remove(id)
			f.deleted.add(id, struct{}{})
		}
	}
}
