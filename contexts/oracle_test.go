package contexts_test

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

// An oracle follows the rules of Fold in the plainest way: it decodes every
// payload, keeps ids whole and searches for everything.
type oracle struct {
	max      int
	clock    int // events so far
	contexts map[string]*plainContext
	deleted  map[string]int // to when
}

type plainContext struct {
	contexts.Context
	used            int
	messages, tasks []string // hashes, last seen last
}

func newOracle(most int) *oracle {
	return &oracle{max: most, contexts: map[string]*plainContext{}, deleted: map[string]int{}}
}

func (o *oracle) apply(e *tidings.Event) {
	o.clock += 100_000 // leaves room for the items of a snapshot
	var payload map[string]any
	object := json.Unmarshal(e.Data, &payload) == nil && payload != nil
	switch e.Channel {
	case tidings.AGUI:
		o.agui(e, payload, object)
	case tidings.A2A:
		kind, body := a2aEvent(payload)
		if c := o.conversation(e, kind != ""); c != nil && kind == "message" {
			c.message(body["messageId"])
		} else if c != nil && kind == "task" {
			c.task(body["id"])
		} else if c != nil && kind != "" {
			c.task(body["taskId"])
		}
	case tidings.System:
		if !object || !o.system(e, payload) {
			o.touch(e)
		}
	}
}

// conversation is the context of an event that is not of the system.
func (o *oracle) conversation(e *tidings.Event, readable bool) *plainContext {
	if o.touch(e) == nil && readable && valid(e.Session) && o.deleted[e.Session] == 0 {
		o.put(contexts.Context{ID: e.Session, Created: e.Time(), Updated: e.Time()}, o.clock)
	}
	return o.contexts[e.Session]
}

func (o *oracle) touch(e *tidings.Event) *plainContext {
	c := o.contexts[e.Session]
	if c != nil {
		c.Updated, c.used = e.Time(), o.clock
	}
	return c
}

// put adds a context and makes room for it.
func (o *oracle) put(c contexts.Context, used int) {
	o.contexts[c.ID] = &plainContext{Context: c, used: used}
	if len(o.contexts) > o.max {
		var first *plainContext
		for _, c := range o.contexts {
			if first == nil || c.used < first.used {
				first = c
			}
		}
		delete(o.contexts, first.ID)
	}
}

func (o *oracle) agui(e *tidings.Event, payload map[string]any, object bool) {
	typ, typed := payload["type"].(string)
	_, threadOK := firstOf(payload, "threadId", "thread_id")
	_, runOK := firstOf(payload, "runId", "run_id")
	c := o.conversation(e, object && typed && typ != "" && threadOK && runOK)
	if c == nil {
		return
	}
	if e.Type != "" {
		typ = e.Type
	}
	switch typ {
	case "RUN_STARTED":
		id, _ := firstOf(payload, "runId", "run_id")
		c.task(id)
	case "TEXT_MESSAGE_START", "TEXT_MESSAGE_CHUNK":
		id, _ := firstOf(payload, "messageId", "message_id")
		c.message(id)
	case "MESSAGES_SNAPSHOT":
		if list, ok := payload["messages"].([]any); ok {
			c.list(list)
		}
	}
}

func (c *plainContext) list(list []any) {
	n := 0
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && (m["role"] == "user" || m["role"] == "assistant") {
			n++
			c.message(m["id"])
		}
	}
	c.Messages = n
}

func (c *plainContext) message(id any) { count(&c.messages, &c.Messages, id) }
func (c *plainContext) task(id any)    { count(&c.tasks, &c.Tasks, id) }

func count(seen *[]string, n *int, id any) {
	s, _ := id.(string)
	if s == "" {
		return
	}
	h := fnv.New64a()
	h.Write([]byte(s))
	s = string(h.Sum(nil))
	if i := lastIndex(*seen, s); i >= 0 {
		*seen = slices.Delete(*seen, i, i+1)
	} else {
		*n = min(*n+1, math.MaxInt32)
	}
	*seen = append(*seen, s)
	*seen = (*seen)[max(0, len(*seen)-16):]
}

// lastIndex looks from the end, because a snapshot may list a hash twice.
func lastIndex(all []string, s string) int {
	for i, have := range slices.Backward(all) {
		if have == s {
			return i
		}
	}
	return -1
}

// firstOf returns the first string that is not empty, and false if there is
// something else before it.
func firstOf(m map[string]any, names ...string) (string, bool) {
	for _, name := range names {
		s, ok := m[name].(string)
		if m[name] != nil && !ok {
			return "", false
		}
		if s != "" {
			return s, true
		}
	}
	return "", true
}

// a2aEvent returns what an event is and its body; "" if it is none.
func a2aEvent(m map[string]any) (string, map[string]any) {
	if m["jsonrpc"] != nil {
		result, ok := m["result"].(map[string]any)
		if !ok || m["error"] != nil || m["method"] != nil {
			return "", nil
		}
		m = result
	}
	kind, body, found := "", map[string]any(nil), 0
	for _, name := range []string{"task", "message", "statusUpdate", "artifactUpdate"} {
		if m[name] != nil {
			found++
			kind = name
			body, _ = m[name].(map[string]any)
		}
	}
	if m["kind"] != nil {
		found++
		body = m
		kind, _ = m["kind"].(string)
		if !slices.Contains([]string{"task", "message", "status-update", "artifact-update"}, kind) {
			return "", nil
		}
	}
	id := "taskId"
	if kind == "task" {
		id = "id"
	}
	_, contextOK := firstOf(body, "contextId")
	_, idOK := firstOf(body, id)
	if found != 1 || body == nil || !contextOK || !idOK {
		return "", nil
	}
	return kind, body
}

// system reports whether it understood the event.
func (o *oracle) system(e *tidings.Event, payload map[string]any) bool {
	typ, _ := payload["type"].(string)
	if e.Type != "" {
		typ = e.Type
	}
	switch typ {
	case "CONTEXT_CREATED", "CONTEXT_UPDATED", "CONTEXT_DELETED":
		id, ok := firstOf(payload, "contextId")
		if ok && id == "" {
			id = e.Session
		}
		if !valid(id) {
			return false
		}
		o.named(typ, id, nameIn(payload), e.Time())
		return true
	case "CONTEXTS_SNAPSHOT":
		list, ok := payload["contexts"].([]any)
		if ok {
			o.replace(list, e.Time())
			o.mark(payload["deleted"])
		}
		return ok
	}
	return typ == "CONNECTED" || typ == "HEARTBEAT"
}

func (o *oracle) named(typ, id, name string, at time.Time) {
	switch {
	case typ == "CONTEXT_DELETED":
		delete(o.contexts, id)
		o.deleted[id] = o.clock
		o.forget()
		return
	case typ == "CONTEXT_CREATED":
		delete(o.deleted, id)
	case o.deleted[id] != 0:
		return
	}
	if o.contexts[id] == nil {
		o.put(contexts.Context{ID: id, Created: at}, o.clock)
	}
	c := o.contexts[id]
	c.Updated, c.used = at, o.clock
	if name != "" {
		c.Name = name
	}
}

// forget forgets the oldest mark if there are too many.
func (o *oracle) forget() {
	if len(o.deleted) <= 1000 {
		return
	}
	first := ""
	for id, when := range o.deleted {
		if first == "" || when < o.deleted[first] {
			first = id
		}
	}
	delete(o.deleted, first)
}

func (o *oracle) replace(list []any, at time.Time) {
	clock := o.clock
	*o = *newOracle(o.max)
	o.clock = clock
	for i, item := range list {
		m, _ := item.(map[string]any)
		id, _ := m["context_id"].(string)
		if !valid(id) || o.contexts[id] != nil || len(o.contexts) == o.max {
			continue
		}
		o.put(contexts.Context{
			ID: id, Name: nameIn(m), Created: timeIn(m["created_at"], at), Updated: timeIn(m["updated_at"], at),
			Messages: countIn(m["message_count"]), Tasks: countIn(m["task_count"]),
		}, clock-i)
		o.contexts[id].messages, o.contexts[id].tasks = seenIn(m["seen"])
	}
}

// mark marks what a snapshot lists as deleted, with times before that of its
// event.
func (o *oracle) mark(deleted any) {
	list, _ := deleted.([]any)
	for i, item := range list {
		if id, _ := item.(string); valid(id) && o.contexts[id] == nil {
			o.deleted[id] = o.clock - 50_000 + i
			o.forget()
		}
	}
}

var twoLists = regexp.MustCompile(`^([A-Za-z0-9+/]*)\.([A-Za-z0-9+/]*)$`)

// seenIn returns the hashes of messages and tasks, last seen last.
func seenIn(v any) (messages, tasks []string) {
	s, _ := v.(string)
	lists := twoLists.FindStringSubmatch(s)
	if lists == nil {
		return nil, nil
	}
	var seen [2][]string
	for i, list := range lists[1:] {
		hashes, err := base64.RawStdEncoding.Strict().DecodeString(list)
		if err != nil || len(hashes)%8 != 0 || len(hashes) > 16*8 {
			return nil, nil
		}
		for h := range slices.Chunk(hashes, 8) {
			seen[i] = slices.Insert(seen[i], 0, string(h))
		}
	}
	return seen[0], seen[1]
}

func valid(id string) bool { return id != "" && tidings.CheckName("", id, 256) == nil }

func nameIn(m map[string]any) string {
	name, _ := m["name"].(string)
	if len(name) > 1024 {
		return ""
	}
	return name
}

func timeIn(v any, missing time.Time) time.Time {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.IsZero() {
		return missing
	}
	return t.UTC()
}

func countIn(v any) int {
	n, _ := v.(float64)
	if n < 0 || n != math.Trunc(n) || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

// list returns the contexts as Fold.Contexts does.
func (o *oracle) list() []contexts.Context {
	all := []contexts.Context{}
	for _, c := range o.contexts {
		all = append(all, c.Context)
	}
	slices.SortFunc(all, func(a, b contexts.Context) int {
		if n := b.Updated.Compare(a.Updated); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all
}
