package contexts_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/agui"
	"github.com/tidings-dev/tidings/contexts"
)

// A maker makes random events, of every kind that the rules of Fold name and
// of some that they do not.
type maker struct {
	*rand.Rand
	sessions int
	seq      uint64
	clock    time.Time
	recorded []tidings.Event
}

func newMaker(seed uint64, recorded []tidings.Event) *maker {
	return &maker{rand.New(rand.NewPCG(seed, 1)), 8, 0, at.UTC(), recorded}
}

// next returns the next event of the log. Now and then its time is that of the
// one before or, as from another machine, earlier.
func (m *maker) next() *tidings.Event {
	e := m.event()
	m.seq++
	m.clock = m.clock.Add(time.Duration(m.IntN(10)-2) * time.Millisecond)
	e.ID = tidings.NewID(m.clock, m.seq)
	return &e
}

func (m *maker) event() tidings.Event {
	session := m.pick("", m.session(), m.session(), m.session(), m.session(), m.session(), " bad", strings.Repeat("x", 257))
	channel, data := tidings.System, ""
	switch m.IntN(10) {
	case 0, 1:
		e := m.recorded[m.IntN(len(m.recorded))]
		e.Session = session
		return e
	case 2, 3:
		channel, data = tidings.AGUI, m.agui()
	case 4, 5:
		channel, data = tidings.A2A, m.a2a()
	case 6:
		return tidings.Event{Channel: tidings.Channel(m.pick("agui", "a2a", "system")), Session: session, Data: []byte(m.odd())}
	case 7:
		channel, data = "own", m.agui()
	default:
		data = m.system()
	}
	e := tidings.Event{Channel: channel, Session: session, Data: []byte(data)}
	if p, err := contexts.Peek(e.Data); err == nil && m.IntN(2) == 0 {
		e.Type = p.Type
	}
	if m.IntN(20) == 0 {
		e.Type = m.pick("RUN_STARTED", "TEXT_MESSAGE_CONTENT", "CONTEXT_DELETED", "CONNECTED", "MESSAGES_SNAPSHOT")
	}
	return e
}

func (m *maker) pick(from ...string) string { return from[m.IntN(len(from))] }
func (m *maker) session() string            { return fmt.Sprintf("c%d", m.IntN(m.sessions)) }
func (m *maker) id() string                 { return fmt.Sprintf("%d", m.IntN(25)) }

// object returns a JSON object of the members, without those that are empty.
func object(members ...string) string {
	var b strings.Builder
	for _, member := range members {
		if member != "" {
			b.WriteString(map[bool]string{true: "{", false: ","}[b.Len() == 0] + member)
		}
	}
	if b.Len() == 0 {
		b.WriteByte('{')
	}
	return b.String() + "}"
}

func (m *maker) agui() string {
	typ := m.pick("RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CHUNK", "MESSAGES_SNAPSHOT", "TEXT_MESSAGE_CONTENT", "OTHER")
	var messages []string
	for range m.IntN(4) {
		messages = append(messages, m.pick(`7`, `{"role":"tool","id":"t"}`, `{"id":"x","role":["user"]}`,
			`{"role":"user","id":"`+m.id()+`"}`, `{"id":"`+m.id()+`","role":"assistant"}`, `{"role":"user","id":5}`))
	}
	return object(
		m.pick(`"type":"`+typ+`"`, `"type":"`+typ+`"`, `"type":"`+typ+`"`, `"type":7`, ``),
		m.pick(``, `"threadId":"t"`, `"threadId":7`, `"thread_id":"t"`),
		m.pick(`"runId":"`+m.id()+`"`, `"runId":null,"run_id":"`+m.id()+`"`, `"run_id":"`+m.id()+`"`, `"runId":7`, ``),
		m.pick(`"messageId":"`+m.id()+`"`, `"messageId":"","message_id":"`+m.id()+`"`, `"messageId":[]`, ``, `"message_id":"\u0031"`),
		m.pick(`"messages":[`+strings.Join(messages, ",")+`]`, `"messages":{}`, ``),
	)
}

func (m *maker) a2a() string {
	id := m.pick(`"id":"`+m.id()+`"`, `"id":7`, ``)
	ids := []string{
		m.pick(`"contextId":"c"`, `"contextId":null`, ``, `"contextId":7`),
		m.pick(`"taskId":"`+m.id()+`"`, `"taskId":"`+m.id()+`"`, `"taskId":{}`, ``), id,
		m.pick(`"messageId":"`+m.id()+`"`, `"messageId":7`, ``),
	}
	kind := `"kind":"` + m.pick("task", "message", "status-update", "artifact-update", "other") + `"`
	name := func() string { return `"` + m.pick("task", "message", "statusUpdate", "artifactUpdate") + `":` }
	event := m.pick(object(append(ids, kind)...), object(name()+object(ids...)), object(name()+object(ids...), `"message":null`),
		object(name()+object(ids...), name()+object(ids...)), object(`"message":7`), `{"type":"TASK_SUBMITTED"}`)
	return m.pick(event, event, `{"jsonrpc":"2.0","id":1,"result":`+event+`}`, `{"jsonrpc":"2.0","id":1,"error":`+event+`}`)
}

func (m *maker) system() string {
	typ := m.pick("CONTEXT_CREATED", "CONTEXT_UPDATED", "CONTEXT_UPDATED", "CONTEXT_DELETED", "CONNECTED", "HEARTBEAT", "OTHER")
	if m.IntN(12) == 0 {
		typ = "CONTEXTS_SNAPSHOT"
	}
	var items []string
	for range m.IntN(8) {
		items = append(items, m.pick(m.item(), m.item(), m.item(), `7`, `{}`))
	}
	return object(
		m.pick(`"type":"`+typ+`"`, `"type":"`+typ+`"`, `"type":"`+typ+`"`, `"type":[]`),
		m.pick(`"contextId":"`+m.session()+`"`, `"contextId":"`+m.session()+`"`, `"contextId":""`, `"contextId":null`, ``, `"contextId":7`, `"contextId":"bad "`),
		m.pick(`"name":"n`+m.id()+`"`, `"name":""`, ``, `"name":7`, `"name":"`+strings.Repeat("n", 1025)+`"`),
		m.pick(`"contexts":[`+strings.Join(items, ",")+`]`, `"contexts":[`+strings.Join(items, ",")+`]`, `"contexts":7`, ``),
		m.pick(`"deleted":["`+m.session()+`","`+m.session()+`","`+m.session()+`"]`, `"deleted":[7,"","`+m.session()+`"," bad"]`, `"deleted":"c1"`, ``),
	)
}

func (m *maker) item() string {
	return object(
		m.pick(`"context_id":"`+m.session()+`"`, `"context_id":"`+m.session()+`"`, `"context_id":7`, `"context_id":""`),
		m.pick(`"name":"n`+m.id()+`"`, `"name":null`, ``, `"name":"`+strings.Repeat("é", 513)+`"`),
		m.pick(`"created_at":"2026-01-02T03:04:05Z"`, `"created_at":"2026-01-02T03:04:05.5+07:00"`, `"created_at":7`, ``),
		m.pick(`"updated_at":"2026-01-02T03:04:05.125Z"`, `"updated_at":"soon"`, `"updated_at":"0001-01-01T00:00:00Z"`, ``),
		m.pick(`"message_count":3`, `"message_count":-3`, `"message_count":1.5`, `"message_count":2e0`, ``),
		m.pick(`"task_count":2147483647`, `"task_count":2147483648`, `"task_count":"1"`, `"task_count":1`),
		m.pick(`"seen":"`+m.hashes(16)+"."+m.hashes(16)+`"`, `"seen":"`+m.hashes(3)+"."+m.hashes(18)+`"`, `"seen":7`,
			`"seen":"`+m.hashes(3)+`"`, `"seen":"`+m.hashes(3)+`\n.`+m.hashes(2)+`"`, `"seen":"`+m.hashes(1)+`=."`, `"seen":"AAAA.AAAA"`, ``),
	)
}

// hashes are those of at most n ids.
func (m *maker) hashes(n int) string {
	var all []byte
	for range m.IntN(n + 1) {
		h := fnv.New64a()
		h.Write([]byte(m.id()))
		all = h.Sum(all)
	}
	return base64.RawStdEncoding.EncodeToString(all)
}

// odd returns JSON that is no event.
func (m *maker) odd() string {
	return m.pick(`null`, `7`, `"CONTEXT_DELETED"`, `[{"type":"RUN_STARTED","runId":"r"}]`, `{}`, `{"type":null}`)
}

// recorded returns the events of the recorded runs, half of them without their
// type, in the session that they name.
func recorded(t testing.TB) (events []tidings.Event) {
	t.Helper()
	files, err := filepath.Glob("../testdata/runs/agui/*.jsonl")
	if err != nil || len(files) != 215 {
		t.Fatalf("got %d runs, %v, want 215", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tracker agui.Tracker
		for line := range bytes.Lines(data) {
			p, err := agui.Peek(line)
			if err == nil {
				p, err = tracker.Next(p)
			}
			if err != nil {
				t.Fatal(file, err)
			}
			e := tidings.Event{Channel: tidings.AGUI, Session: p.ThreadID, Data: bytes.TrimSpace(line)}
			if len(events)%2 == 0 {
				e.Type = p.Type
			}
			events = append(events, e)
		}
	}
	return events
}

// same compares a fold with the oracle.
func same(t *testing.T, fold *contexts.Fold, o *oracle, e *tidings.Event) {
	t.Helper()
	if want, got := o.list(), fold.Contexts(); !slices.Equal(want, got) || fold.Len() != len(want) {
		diff := cmp.Diff(want, got)
		t.Fatalf("after %s on %s, type %q, session %q: %d contexts (-want +got)\n%s", e.Data, e.Channel, e.Type, e.Session, fold.Len(), diff)
	}
}

func TestFoldFollowsTheRules(t *testing.T) {
	runs := recorded(t)
	for seed := range uint64(8) {
		m := newMaker(seed, runs)
		most := []int{0, 1, 3, 6}[seed%4]
		fold, o := contexts.NewFold(most), newOracle(most)
		if most == 0 {
			o.max = 10_000
		}
		for range 1000 {
			e := m.next()
			fold.Apply(e)
			o.apply(e)
			same(t, fold, o, e)
		}
	}
}

func TestFoldFollowsTheRulesOnRecordedRuns(t *testing.T) {
	fold, o := contexts.NewFold(0), newOracle(10_000)
	messages := 0
	for i, e := range recorded(t) {
		e.ID = tidings.NewID(at.Add(time.Duration(i)*time.Millisecond), uint64(i+1))
		fold.Apply(&e)
		o.apply(&e)
		if i%100 == 0 {
			same(t, fold, o, &e)
		}
	}
	same(t, fold, o, &tidings.Event{})
	for _, c := range fold.Contexts() {
		messages += c.Messages
	}
	if fold.Len() != 26 || messages != 152 {
		t.Errorf("got %d contexts with %d messages, want 26 with 152", fold.Len(), messages)
	}
}

func TestMarksOfDeletionAreBounded(t *testing.T) {
	fold, o := contexts.NewFold(50), newOracle(50)
	r, most := rand.New(rand.NewPCG(1, 2)), 0
	for i := range 6000 {
		e := tidings.Event{Channel: tidings.AGUI, Session: fmt.Sprintf("c%d", r.IntN(3000)), Data: []byte(`{"type":"CUSTOM"}`)}
		if i%3 != 0 {
			e.Channel, e.Type = tidings.System, contexts.TypeDeleted
			if r.IntN(12) == 0 {
				e.Type = contexts.TypeCreated
			}
		}
		e.ID = tidings.NewID(at.Add(time.Duration(i)*time.Millisecond), uint64(i+1))
		fold.Apply(&e)
		o.apply(&e)
		most = max(most, len(o.deleted))
		if i%50 == 0 {
			same(t, fold, o, &e)
		}
	}
	if most != 1000 {
		t.Errorf("got %d marks, want the bound to be reached", most)
	}
}
