package contexts

import (
	"strconv"
	"time"
)

// Context is one conversation of an owner, as lists show it.
//
// Its JSON, which is that of the items of a [Snapshot], is
//
//	{"context_id":"c1","name":"Trip","created_at":"2026-01-02T03:04:05Z",
//	"updated_at":"2026-01-02T03:04:05Z","message_count":2,"task_count":1}
//
// and after these "seen":"…", if there is that.
type Context struct {
	ID       string    // required
	Name     string    // for people; may be empty
	Created  time.Time // written in UTC; the zero time is the year 1
	Updated  time.Time // as Created
	Messages int       // from 0 to 2,147,483,647, as is Tasks
	Tasks    int
	// Seen is what lets a Fold that begins with a snapshot count nothing again:
	// which messages and tasks were counted last. Only [Fold.Snapshot] makes it,
	// and nobody else needs to understand it. Empty is none.
	Seen string
}

// The limits of what is written, and of what a [Fold] keeps.
const (
	idLimit   = 256  // bytes of an id
	nameLimit = 1024 // bytes of a name
	seenLimit = 512  // bytes of what a context says was seen
	maxCount  = 1<<31 - 1
)

// AppendJSON appends the context to dst as one line of JSON. If the context is
// not valid it returns dst as it was and an [*InvalidError].
func (c Context) AppendJSON(dst []byte) ([]byte, error) {
	w := writer{out: dst, object: "context"}
	w.context(&c)
	return w.result(dst)
}

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, and '<', '>' and '&' come escaped.
func (c Context) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// UnmarshalJSON reads what AppendJSON writes. What is missing or null is zero;
// what is of the wrong kind is an [*InvalidError]. It leaves c alone on null, by
// the custom of encoding/json.
func (c *Context) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	r := reader{object: "context"}
	if problem := check(data); problem != "" {
		r.fail("", problem, nil)
		return r.err
	}
	read := r.context(data)
	if r.err != nil {
		return r.err
	}
	*c = read
	return nil
}

// context writes c.
func (w *writer) context(c *Context) {
	w.out = append(w.out, '{')
	w.id("context_id", c.ID)
	w.text("name", c.Name)
	w.time("created_at", c.Created)
	w.time("updated_at", c.Updated)
	w.count("message_count", c.Messages)
	w.count("task_count", c.Tasks)
	if c.Seen != "" {
		w.seen("seen", c.Seen)
	}
	w.out = append(w.out, '}')
}

// contexts writes the items of a snapshot.
func (w *writer) contexts(items []Context) {
	w.key("contexts")
	w.out = append(w.out, '[')
	for i := range items {
		w.comma()
		w.context(&items[i])
		if w.err != nil {
			w.err.Field = place("contexts", i) + "." + w.err.Field
			return
		}
	}
	w.out = append(w.out, ']')
}

// place names an element of a list.
func place(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
