package clients_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

const (
	owners  = 30
	minCuts = 2 // of each subscriber
)

// last is published when everything else was.
const last = `{"type":"CUSTOM","name":"last","value":"✓"}`

// A recorded is an event as it was published.
type recorded struct {
	id   string
	data string
}

// A recording is a recorded run.
type recording struct {
	session string
	lines   []string
}

// An owner has runs, publishers and subscribers. The board's lock guards what
// is seen and published.
type owner struct {
	name      string
	runs      []recording
	events    int
	pace      pace
	fromStart bool     // its subscribers begin with the oldest event
	stream    string   // agui, or contexts, which begins with a snapshot
	clients   []string // of which the first is tail
	published []recorded
	seen      map[string][]recorded // by client
	snapshots map[string]int        // by client
}

// A pace is how an owner's events are published.
type pace int

const (
	together pace = iota // one publisher, which waits for any of the subscribers
	alone                // one publisher, as fast as it can
	several              // at the same time
	paces
)

// A board is what is known while a test runs.
type board struct {
	watch
	owners map[string]*owner
	wrong  []string
}

// Every subscriber receives every event of its owner once, in order and byte
// for byte, whatever happens to its connections.
func TestSubscribersMissNothingThroughCutConnections(t *testing.T) {
	skipShort(t)
	needNode(t)
	ctx, s := within(t, 90*time.Second), chosen(t)
	server := startServer(t, ctx)
	b := &board{owners: make(map[string]*owner)}
	proxies := make(map[string]*proxy)
	for _, client := range []string{tail, eventSource4, eventSource5, fetch, fetchGuarded} {
		proxies[client] = newProxy(t, server.host, planOf(client, s), nil)
	}
	for i, o := range spread(t) {
		o.arrange(i)
		b.owners[o.name] = o
	}
	b.attach(t, ctx, proxies)
	began := time.Now()
	publishAll(t, ctx, server, b, s)
	t.Logf("published within %v", time.Since(began).Round(time.Millisecond))
	b.until(ctx, func() bool { return b.complete() || len(b.wrong) > 0 })
	t.Logf("received within %v", time.Since(began).Round(time.Millisecond))
	b.check(t)
	checkCuts(t, b, proxies)
	if figures := server.stats(t, t.Context()); figures.Lost != 0 || figures.Dropped != 0 {
		t.Errorf("the server lost %d times and dropped %d events, want none", figures.Lost, figures.Dropped)
	}
}

// arrange says how owner number i is served.
func (o *owner) arrange(i int) {
	o.pace = pace(i % int(paces))
	o.fromStart = i%2 == 0
	o.stream = []string{"agui", "contexts"}[i/2%2]
	o.clients = []string{tail, eventSource4, fetchGuarded}
	if i%5 < 2 {
		o.clients[1] = eventSource5
	}
	if i%4 == 0 {
		o.clients[2] = fetch
	}
}

// attach starts all clients and waits until each has a stream.
func (b *board) attach(t *testing.T, ctx context.Context, proxies map[string]*proxy) {
	t.Helper()
	var subscriptions []subscription
	for _, o := range b.owners {
		args, start := []string{o.stream}, ""
		if o.fromStart {
			args, start = append(args, "--from-start"), "&from=start"
		}
		followTail(t, ctx, proxies[tail].url, o.name, args, b.see)
		for _, client := range o.clients[1:] {
			subscriptions = append(subscriptions, subscription{
				Client: client, Owner: o.name, URL: proxies[client].url + "/v1/stream/" + o.stream + "?user=" + o.name + start, Names: []string{wire.LostName},
			})
		}
	}
	follow(t, ctx, subscriptions, b.see)
	for _, o := range b.owners {
		for _, client := range o.clients {
			if p := proxies[client]; !p.until(ctx, func() bool { return len(p.visits[o.name]) > 0 }) {
				t.Fatalf("%s of %s does not connect", client, o.name)
			}
		}
	}
}

// planOf returns where to cut a client's connections. Each owner's cuts depend
// on the seed alone. The first ones come early, so that everybody has some.
func planOf(client string, seed uint64) func(string, int) cut {
	random := make(map[string]*rand.Rand)
	return func(owner string, visit int) cut {
		r := random[owner]
		if r == nil {
			h := fnv.New64a()
			h.Write([]byte(client + " " + owner))
			r = rand.New(rand.NewPCG(seed, h.Sum64()))
			random[owner] = r
		}
		most := 200
		if visit < minCuts {
			most = 80
		}
		c := cut{events: 20 + r.IntN(most-19), how: ending(r.IntN(3))}
		if r.IntN(2) == 0 {
			c.inside = 1 + r.IntN(250)
		}
		if client == fetch {
			// Cut elsewhere it skips the event, as TestClientsSee shows.
			c.how, c.inside = ended, 0
		}
		return c
	}
}

// spread returns the owners with the recorded runs, about as many events each.
func spread(t *testing.T) []*owner {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "testdata/runs/agui/*.jsonl"))
	if err != nil || len(files) < 200 {
		t.Fatalf("found %d recorded runs: %v", len(files), err)
	}
	var runs []recording
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, recording{
			session: strings.TrimSuffix(filepath.Base(file), ".jsonl"),
			lines:   strings.Split(string(bytes.TrimSuffix(text, []byte("\n"))), "\n"),
		})
	}
	slices.SortStableFunc(runs, func(a, b recording) int { return cmp.Compare(len(b.lines), len(a.lines)) })
	all := make([]*owner, owners)
	for i := range all {
		all[i] = &owner{name: fmt.Sprintf("owner-%02d", i), seen: make(map[string][]recorded), snapshots: make(map[string]int)}
	}
	for _, r := range runs {
		least := slices.MinFunc(all, func(a, b *owner) int { return cmp.Compare(a.events, b.events) })
		least.runs = append(least.runs, r)
		least.events += len(r.lines)
	}
	return all
}

// see takes what a subscriber saw.
func (b *board) see(s sight) {
	b.update(func() {
		switch {
		case s.Kind == event && s.Name != wire.LostName:
			b.owners[s.Owner].see(s)
		case s.Kind == event, s.Kind == over,
			strings.Contains(s.Text, "no longer kept"), strings.Contains(s.Text, "not a position"):
			b.wrong = append(b.wrong, fmt.Sprintf("%+v", s))
		}
	})
}

// see takes an event, or a snapshot, which counts only before the first event.
// The board's lock must be held.
func (o *owner) see(s sight) {
	data, wrapped := strings.CutPrefix(s.Data, `{"protocol":"agui","event":`)
	if i := strings.LastIndex(data, `,"session":"`); wrapped && i >= 0 {
		data = data[:i]
	}
	if len(o.seen[s.Client]) == 0 && plain(data) == "snapshot" {
		o.snapshots[s.Client]++
		return
	}
	o.seen[s.Client] = append(o.seen[s.Client], recorded{s.ID, data})
}

// complete reports whether everybody saw the last event. b.mu must be held.
func (b *board) complete() bool {
	for _, o := range b.owners {
		for _, client := range o.clients {
			if n := len(o.seen[client]); n == 0 || o.seen[client][n-1].data != last {
				return false
			}
		}
	}
	return true
}

// publishAll publishes the runs of all owners at the same time.
func publishAll(t *testing.T, ctx context.Context, s *server, b *board, seed uint64) {
	t.Helper()
	c, group := poster(t), new(errgroup.Group)
	for i, name := range slices.Sorted(owned(b)) {
		group.Go(func() error {
			return b.publish(ctx, s, c, b.owners[name], rand.New(rand.NewPCG(seed, uint64(i))))
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// owned yields the names of the owners.
func owned(b *board) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range b.owners {
			if !yield(name) {
				return
			}
		}
	}
}

// publish publishes an owner's runs and, when they are, the last event.
func (b *board) publish(ctx context.Context, s *server, c *http.Client, o *owner, random *rand.Rand) error {
	group := new(errgroup.Group)
	group.SetLimit(1)
	if o.pace == several {
		group.SetLimit(3)
	}
	for i, r := range o.runs {
		most := []int{0, 1, 1000, 1 + random.IntN(40)}[i%4] // lines in a body; none is a single event
		group.Go(func() error { return b.play(ctx, s, c, o, r, most) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return b.play(ctx, s, c, o, recording{"last", []string{last}}, 0)
}

// play publishes a run.
func (b *board) play(ctx context.Context, s *server, c *http.Client, o *owner, r recording, most int) error {
	path := wire.PublishPath + "agui?" + url.Values{"user": {o.name}, "session": {r.session}}.Encode()
	media := wire.NDJSONType
	if most == 0 {
		media, most = wire.JSONType, 1
	}
	var before uint64
	for lines := range slices.Chunk(r.lines, most) {
		ids, err := s.publish(ctx, c, path, media, strings.Join(lines, "\n"))
		if err != nil {
			return fmt.Errorf("%s: %w", r.session, err)
		}
		if len(ids) != len(lines) {
			return fmt.Errorf("%s: found %d receipts for %d events", r.session, len(ids), len(lines))
		}
		for _, id := range ids {
			at, err := tidings.ParseID(id)
			if err != nil || at.Seq() <= before {
				return fmt.Errorf("%s: receipt %q does not come after number %d (%v)", r.session, id, before, err)
			}
			before = at.Seq()
		}
		b.update(func() {
			for i, id := range ids {
				o.published = append(o.published, recorded{id, lines[i]})
			}
		})
		newest := ids[len(ids)-1]
		if o.pace == together && !b.until(ctx, func() bool { return o.anybodySaw(newest) || len(b.wrong) > 0 }) {
			return fmt.Errorf("%s: nobody of %s received %s", r.session, o.name, newest)
		}
	}
	return nil
}

// anybodySaw reports whether a subscriber saw an event, lately. The board's
// lock must be held.
func (o *owner) anybodySaw(id string) bool {
	for _, seen := range o.seen {
		if n := len(seen); n > 0 && seen[n-1].id == id {
			return true
		}
	}
	return false
}
