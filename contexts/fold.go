package contexts

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/agui"
	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// A Fold is the state of one owner's contexts, folded from his events in the
// order of the log. It is a function of the events alone: whoever applies the
// same events, in whatever language, has the same contexts. It is not safe for
// concurrent use. These are the rules.
//
// Which events. An event of the channel agui, a2a or system counts; others are
// ignored. The owner is not looked at. An id is a string of 1 to 256 bytes that
// [tidings.CheckName] accepts.
//
// Which type. The type of an agui or system event is its Type and, if that is
// empty, the member type of the payload. What an a2a event is, its payload
// says, as for [a2a.Peek].
//
// AG-UI and A2A. Such an event belongs to its Session; without one it is
// ignored. If the context is deleted, the event is ignored. If the context is
// not known, the event makes it: the name is empty, Created and Updated are the
// event's time, the numbers are 0. But not if the Session is no id, or the
// payload is one that [agui.Peek] or [a2a.Peek] refuses: then it is ignored. If
// the context is known, Updated becomes the event's time, whatever the payload.
// Then the event may count:
//
//   - RUN_STARTED counts a task, by runId, or run_id.
//   - TEXT_MESSAGE_START and TEXT_MESSAGE_CHUNK count a message, by messageId, or
//     message_id.
//   - MESSAGES_SNAPSHOT sets the number of messages to that of the elements of
//     messages that are objects with the role user or assistant, and sees the
//     ids of these, in their order.
//   - An A2A task, status update or artifact update counts a task, by its id.
//   - An A2A message counts a message, by messageId.
//
// Nothing else counts. The name in snake case is read where the other is
// absent, null or empty; what has no id, or one that is not a string, counts
// nothing. What is counted by an id counts only if the id is not among the 16
// message ids, or the 16 task ids, that the context saw last; either way it has
// then seen that id last. So a task that is told again and a message that is
// opened again count once. No number goes above 2,147,483,647.
//
// System events. The contextId of the payload names the context, and the
// Session does if contextId is absent, null or empty.
//
//   - CONTEXT_CREATED removes the mark of deletion. If the context is not known,
//     it is made as above, with the name. If it is, Updated becomes the event's
//     time and the name that of the event, unless that is empty.
//   - CONTEXT_UPDATED does the same, but is ignored if the context is deleted.
//   - CONTEXT_DELETED removes the context, known or not, and marks it as deleted.
//     The 1,000 marks made last are kept; to delete again makes the mark anew.
//   - CONTEXTS_SNAPSHOT replaces everything by the contexts it lists, which are
//     taken to be newest first, and what goes with them. An item that is no
//     object or has no id is skipped, and so is one whose id came before. A time
//     that is missing or not RFC 3339 is the event's, a number that is missing or
//     not one is 0.
//   - CONNECTED and HEARTBEAT change nothing.
//
// A name that is not a string, or longer than 1,024 bytes, is as none. An event
// whose payload is no object, one of another type, one of the first three that
// names no valid id, and a snapshot without an array only set Updated of the
// context of their Session, if that is known.
//
// What goes with a snapshot. The seen of an item says which ids the context saw
// last: those of messages, a full stop, those of tasks, newest first. Each id is
// the 8 bytes, the highest first, of its 64-bit FNV-1a hash, and they come in
// base64 without padding. The member deleted lists the contexts marked as
// deleted, the mark made first is first; what is no id, or that of a context
// which is now known, is skipped, and of more than 1,000 the last count. A seen
// or deleted that is missing, or not as described, is as none: nothing was seen,
// or nothing is marked.
//
// How many. If there are more contexts than fit, that one leaves whose last
// event was the first in the log; of a snapshot those leave first that it lists
// last. It leaves no mark: a later event makes it anew.
//
// Beginning with a snapshot. Whoever applies what [Fold.Snapshot] returned after
// some event, as an event of the channel system, and then all that followed, has
// from there on the same state as whoever applied all events. Room for fewer
// contexts makes a difference once there are more.
type Fold struct {
	contexts *recent[entry]
	deleted  *recent[struct{}] // the marks
}

// deletedLimit is how many marks of deletion are kept.
const deletedLimit = 1000

// An entry is a context and the ids it saw last.
type entry struct {
	Context
	messages, tasks ids
}

// NewFold returns the state before any event. It keeps at most max contexts;
// 0 or less means 10,000.
func NewFold(max int) *Fold {
	if max <= 0 {
		max = 10_000
	}
	return &Fold{newRecent[entry](max), newRecent[struct{}](deletedLimit)}
}

// Len returns how many contexts there are.
func (f *Fold) Len() int { return len(f.contexts.nodes) }

// empty reports whether it is as NewFold returned it.
func (f *Fold) empty() bool { return f.Len() == 0 && len(f.deleted.nodes) == 0 }

// Contexts returns all contexts, the one updated last first; of the same time,
// in the order of their ids. The slice is the caller's.
func (f *Fold) Contexts() []Context {
	all := make([]Context, 0, f.Len())
	for _, c := range f.contexts.all() {
		all = append(all, c.Context)
	}
	slices.Reverse(all) // nearly in order, which sorting makes use of
	slices.SortFunc(all, func(a, b Context) int {
		return cmp.Or(b.Updated.Compare(a.Updated), strings.Compare(a.ID, b.ID))
	})
	return all
}

// Apply takes the next event of the owner into the state. It does not keep e or
// its payload. No event is an error: what cannot be read changes what the
// rules say, which is little or nothing.
func (f *Fold) Apply(e *tidings.Event) {
	switch e.Channel {
	case tidings.AGUI:
		if c := f.conversation(e); c != nil {
			c.countAGUI(e)
		}
	case tidings.A2A:
		if c := f.conversation(e); c != nil {
			c.countA2A(e)
		}
	case tidings.System:
		f.system(e)
	}
}

// conversation returns the context of an AG-UI or A2A event, updated, or nil if
// there is none and is to be none.
func (f *Fold) conversation(e *tidings.Event) *entry {
	if c := f.touch(e); c != nil {
		return c
	}
	if problem, _ := checkID(e.Session); problem != "" || f.deleted.has(e.Session) || !readable(e) {
		return nil
	}
	return f.create(e.Session, "", e.Time())
}

// touch updates the context of the event's session, and returns it, or nil if
// it is not known.
func (f *Fold) touch(e *tidings.Event) *entry {
	c := f.contexts.use(e.Session)
	if c != nil {
		c.Updated = e.Time()
	}
	return c
}

// create makes a context that is not known.
func (f *Fold) create(id, name string, at time.Time) *entry {
	id = strings.Clone(id) // it may be a part of something large
	return f.contexts.add(id, entry{Context: Context{ID: id, Name: name, Created: at, Updated: at}})
}

// readable reports whether the payload is an event of its channel.
func readable(e *tidings.Event) (ok bool) {
	var err error
	if e.Channel == tidings.A2A {
		_, err = a2a.Peek(e.Data)
	} else {
		_, err = agui.Peek(e.Data)
	}
	return err == nil
}

// system applies an event of the channel system.
func (f *Fold) system(e *tidings.Event) {
	r := reader{object: "event"}
	if m := r.members(e.Data); r.err != nil || !f.announced(e, m) {
		f.touch(e)
	}
}

// announced applies a system event by its type, and reports whether it could.
func (f *Fold) announced(e *tidings.Event, m *members) bool {
	eventType := e.Type
	if eventType == "" {
		eventType = new(reader).eventType(m[typeMember])
	}
	switch eventType {
	case TypeCreated, TypeUpdated, TypeDeleted:
		return f.named(eventType, contextOf(e, m), nameOf(m[nameMember]), e.Time())
	case TypeSnapshot:
		return f.replace(m, e.Time())
	case TypeConnected, TypeHeartbeat:
		return true
	}
	return false
}

// contextOf returns the id of the context that a system event names, or "".
func contextOf(e *tidings.Event, m *members) string {
	id, err := jsonscan.Optional(m[contextMember])
	if err != nil {
		return ""
	}
	return cmp.Or(id, e.Session)
}

// named applies what a system event says of the context it names, and reports
// whether that is an id.
func (f *Fold) named(eventType, id, name string, at time.Time) bool {
	if problem, _ := checkID(id); problem != "" {
		return false
	}
	switch {
	case eventType == TypeDeleted:
		f.contexts.remove(id)
		f.deleted.remove(id)
		f.deleted.add(strings.Clone(id), struct{}{})
	case eventType == TypeCreated:
		f.deleted.remove(id)
		f.rename(id, name, at)
	case !f.deleted.has(id):
		f.rename(id, name, at)
	}
	return true
}

// rename gives a context, which is made if it is not known, a name.
func (f *Fold) rename(id, name string, at time.Time) {
	c := f.contexts.use(id)
	if c == nil {
		c = f.create(id, name, at)
	}
	c.Updated, c.Name = at, cmp.Or(name, c.Name)
}

// nameOf reads the name that a system event gives.
func nameOf(raw []byte) string {
	name, err := jsonscan.Optional(raw)
	if err != nil || len(name) > nameLimit {
		return ""
	}
	return name
}
