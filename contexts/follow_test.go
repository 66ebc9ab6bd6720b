package contexts_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/sse"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A moment is an owner's contexts at a position, told by what says it.
type moment struct {
	owner, says string
	at          tidings.ID
	state       string
}

// A record is what trackers and followers said, from several goroutines.
type record struct {
	mu   sync.Mutex
	said []moment
}

func (r *record) add(all ...moment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, all...)
}

// A recorded source records what a tracker says.
type recordedSource struct {
	contexts.Source
	*record
	name string
}

func (s recordedSource) Contexts(ctx context.Context, owner string) (*contexts.Snapshot, tidings.ID, error) {
	snapshot, at, err := s.Source.Contexts(ctx, owner)
	if err == nil {
		s.add(moment{owner, s.name, at, written(snapshot, at)})
	}
	return snapshot, at, err
}

// written is the JSON of a snapshot as of a position.
func written(s *contexts.Snapshot, at tidings.ID) string {
	as := *s
	as.Timestamp = at.Time()
	data, err := as.AppendJSON(nil)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// digest is all that a fold remembers, in short.
func digest(fold *contexts.Fold) string {
	return fmt.Sprintf("%x", sha256.Sum256(fold.Checkpoint(0)[0]))
}

// A world is replicas of a hub that are served, and what was said of them.
type world struct {
	*testing.T
	record
	hubs    []*tidings.Hub
	sources []contexts.Source
	urls    []string
	runs    []tidings.Event
}

func newWorld(t *testing.T, logs ...tidings.Log) *world {
	w := &world{T: t, runs: recorded(t)}
	for i, log := range logs {
		hub := newHub(t, log)
		source := recordedSource{contexts.NewTracker(hub, nil), &w.record, fmt.Sprint("tracker ", i)}
		h := httpapi.New(hub, &httpapi.Options{Contexts: source, DrainWindow: -1})
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		t.Cleanup(server.CloseClientConnections)
		w.hubs, w.sources, w.urls = append(w.hubs, hub), append(w.sources, source), append(w.urls, server.URL)
	}
	return w
}

var owners = []string{"alice", "bob"}

// publish publishes n random events to both owners, and asks trackers now and
// then.
func (w *world) publish(seed uint64, n int) {
	m := newMaker(seed, w.runs)
	for i := range n {
		e := w.conversation(m)
		e.User = owners[m.IntN(len(owners))]
		replica, publish := m.IntN(len(w.hubs)), w.post
		if m.IntN(3) == 0 {
			publish = w.publishAt
		}
		if err := publish(replica, e); err != nil {
			w.Error(err)
			return
		}
		if i%5 == 0 {
			_, _, _ = w.sources[replica].Contexts(context.Background(), e.User)
		}
	}
}

// publishAt publishes an event as it is.
func (w *world) publishAt(replica int, e tidings.Event) error {
	_, err := w.hubs[replica].Publish(context.Background(), e)
	return err
}

// post publishes an event over HTTP, which may refuse it.
func (w *world) post(replica int, e tidings.Event) error {
	q := url.Values{"user": {e.User}}
	if e.Session != "" {
		q.Set("session", e.Session)
	}
	to := fmt.Sprintf("%s/v1/publish/%s?%s", w.urls[replica], e.Channel, q.Encode())
	resp, err := http.Post(to, "application/json", bytes.NewReader(e.Data))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusBadRequest {
		return fmt.Errorf("%s: %s", to, resp.Status)
	}
	return err
}

// conversation returns an event of AG-UI, A2A or the system, readable or not.
func (w *world) conversation(m *maker) tidings.Event {
	e := tidings.Event{Session: m.session()}
	switch m.IntN(4) {
	case 0:
		e.Channel, e.Data = tidings.System, []byte(m.pick(
			`{"type":"CONTEXT_CREATED","contextId":"`+e.Session+`","name":"n`+m.id()+`"}`,
			`{"type":"CONTEXT_UPDATED","contextId":"`+e.Session+`","name":"n`+m.id()+`"}`,
			`{"type":"CONTEXT_DELETED","contextId":"`+e.Session+`"}`, m.system()))
	case 1:
		e.Channel, e.Data = tidings.A2A, []byte(m.pick(
			`{"task":{"id":"`+m.id()+`"}}`, `{"statusUpdate":{"taskId":"`+m.id()+`"}}`, m.a2a()))
	default:
		e.Channel, e.Data = tidings.AGUI, []byte(m.pick(
			`{"type":"RUN_STARTED","threadId":"`+e.Session+`","runId":"`+m.id()+`"}`,
			`{"type":"TEXT_MESSAGE_START","messageId":"`+m.id()+`"}`, `{"type":"RUN_FINISHED"}`, m.agui()))
	}
	return e
}

// A follower is a client that knows an owner's contexts by the contexts stream
// alone.
type follower struct {
	*world
	*rand.Rand
	owner string
	fold  *contexts.Fold
	at    tidings.ID
	seen  []moment
}

// follow visits the stream, for longer or shorter, until it told of the end.
func (w *world) follow(seed uint64) {
	f := &follower{w, rand.New(rand.NewPCG(seed, 2)), owners[seed%2], contexts.NewFold(0), tidings.ID{}, nil}
	for visits := 0; !f.ended(); visits++ {
		if f.IntN(2) == 0 {
			f.fold, f.at = contexts.NewFold(0), tidings.ID{} // joins anew
		}
		if err := f.visit(1 + f.IntN(60)); err != nil {
			w.Errorf("visit %d of follower %d: %v", visits, seed, err)
			return
		}
	}
	w.add(f.seen...)
}

// end is the context that is made when everything was published.
const end = "the end"

func (f *follower) ended() bool {
	return slices.ContainsFunc(f.fold.Contexts(), func(c contexts.Context) bool { return c.ID == end })
}

// visit takes at most n frames, from any replica.
func (f *follower) visit(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	resp, err := f.get(ctx)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	for e, err := range sse.NewDecoder(resp.Body, &sse.Options{Positions: true}).Events() {
		if err != nil {
			return err
		}
		if err := f.take(&e); err != nil || n == 0 || f.ended() {
			return err
		}
		n--
	}
	return errors.New("the stream ended")
}

// get joins, or resumes where the fold is.
func (f *follower) get(ctx context.Context) (*http.Response, error) {
	from := f.urls[f.IntN(len(f.urls))] + "/v1/stream/contexts?user=" + f.owner
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from+[]string{"", "&names=type"}[f.IntN(2)], nil)
	if err == nil && !f.at.IsZero() {
		r.Header.Set("Last-Event-ID", f.at.String())
	}
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(r)
}

// take takes a frame.
func (f *follower) take(frame *sse.Event) error {
	at, err := tidings.ParseID(frame.ID)
	if err != nil {
		return err
	}
	if frame.Kind == sse.Message {
		if !f.at.IsZero() && at.Compare(f.at) <= 0 || !frame.HasID {
			return fmt.Errorf("frame %s %.300s after position %s", frame.ID, frame.Data, f.at)
		}
		if err := f.apply(frame, at); err != nil {
			return err
		}
	}
	f.at = at
	f.seen = append(f.seen, moment{f.owner, "follower", at, digest(f.fold)})
	return nil
}

// apply takes what a frame carries into the fold, and notes a snapshot as it
// came.
func (f *follower) apply(frame *sse.Event, at tidings.ID) error {
	envelope, err := contexts.DecodeEnvelope([]byte(frame.Data))
	if err != nil {
		return err
	}
	if first := f.at.IsZero(); first {
		f.seen = append(f.seen, moment{f.owner, "stream", at, string(envelope.Event)})
	}
	f.fold.Apply(&tidings.Event{
		ID: at, Channel: envelope.Protocol, Session: envelope.Session, Type: frame.Name, Data: envelope.Event,
	})
	return nil
}

// check compares all that was said with a fold over the log.
func (w *world) check() map[string]int {
	for _, owner := range owners {
		all, err := w.hubs[0].Snapshot(w.Context(), tidings.Selector{User: owner}, 1<<20)
		if err != nil {
			w.Fatal(err)
		}
		fold := contexts.NewFold(0)
		of := func(m moment) bool { return m.owner != owner }
		said := slices.DeleteFunc(slices.Clone(w.said), of)
		slices.SortFunc(said, func(a, b moment) int { return a.at.Compare(b.at) })
		for _, m := range said {
			for len(all.Events) > 0 && all.Events[0].ID.Compare(m.at) <= 0 {
				fold.Apply(&all.Events[0])
				all.Events = all.Events[1:]
			}
			w.compare(m, fold)
		}
	}
	count := make(map[string]int)
	for _, m := range w.said {
		count[m.says]++
	}
	return count
}

// compare compares what was said of a position with the fold over the log.
func (w *world) compare(m moment, fold *contexts.Fold) {
	want := digest(fold)
	if m.says != "follower" {
		want = written(fold.Snapshot(), m.at)
	}
	if m.state != want {
		w.Fatalf("%s at %s, %s:\n got %s\nwant %s", m.owner, m.at, m.says, m.state, want)
	}
}

// Several followers join at random moments, leave, and join anew or resume, on
// any replica, while others publish. Whatever trackers and followers said of a
// position is what a fold over the whole log has there.
func TestFoldingTheStreamGivesTheStateAtEveryMoment(t *testing.T) {
	slice := tidingstest.NewSliceLog(nil)
	for name, logs := range map[string][]tidings.Log{"memory": {nil}, "replicas": {slice, slice.Replica()}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, logs...)
			var publishers, followers sync.WaitGroup
			for i := range uint64(4) {
				publishers.Go(func() { w.publish(i, 200) })
			}
			for i := range uint64(8) {
				followers.Go(func() { w.follow(i) })
			}
			publishers.Wait()
			for _, owner := range owners {
				announce(t, w.hubs[0], owner, contexts.NewCreated(end, ""))
			}
			followers.Wait()
			count := w.check()
			if count["follower"] < 1000 || count["stream"] < 16 || len(count) != 2+len(logs) {
				t.Errorf("got %v, want much more to be said", slices.Sorted(maps.Keys(count)))
			}
			t.Log(count)
		})
	}
}
