package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/internal/pgtest"
)

// A plan says what there is in a scene.
type plan struct {
	replicas int
	server   *pgtest.Server    // nil: the one that all tests share
	nats     *natstest.Process // has the log instead, if it is there
	proxied  bool              // each replica has a proxy between itself and the database
	table    bool              // an application publishes from its transactions
}

// A scene is a fleet on a log of its own, with publishers and subscribers
// on every replica.
type scene struct {
	history
	t        *testing.T
	ctx      context.Context
	random   *rand.Rand
	place    place
	fleet    []*replica
	proxies  []*pgtest.Proxy
	http     *http.Client
	watched  context.Context // the subscribers' own lifetime
	blind    context.CancelFunc
	watching sync.WaitGroup // subscribers; cleaned up after blind
	done     chan struct{}  // closed when publishers are to stop
	work     sync.WaitGroup // publishers
}

// patience is how long a scene may take.
const patience = 100 * time.Second

// begin returns a scene in which everybody is at work.
func begin(t *testing.T, p plan) *scene {
	t.Helper()
	skipShort(t)
	s := &scene{t: t, ctx: within(t, patience), done: make(chan struct{})}
	s.random = rand.New(rand.NewPCG(chosen(t), 0))
	s.place = p.place(t)
	for i := range p.replicas {
		s.enrol(i, p.proxied)
	}
	startAll(t, s.ctx, s.fleet)
	s.subscribe()
	for i := range s.fleet {
		s.publishers = append(s.publishers, s.publishersAt(i)...)
	}
	if p.table {
		s.apply()
	}
	for _, p := range s.publishers {
		s.work.Go(func() { p.run(s.ctx, &s.history, s.done) })
	}
	s.advance(5, everybody)
	return s
}

// place returns where the log of a scene is, which nobody else has.
func (p *plan) place(t *testing.T) place {
	t.Helper()
	switch {
	case p.nats != nil:
		return place{"nats", p.nats.URL()}
	case p.server == nil:
		p.server = pgtest.Shared(t)
	}
	return place{"postgres", p.server.Database(t)}
}

// enrol adds replica number i, which does not run yet.
func (s *scene) enrol(i int, proxied bool) {
	at := s.place
	if proxied {
		s.proxies = append(s.proxies, pgtest.NewProxy(s.t, at.url))
		at.url = s.proxies[i].URL()
	}
	s.fleet = append(s.fleet, newReplica(s.t, fmt.Sprintf("replica-%d", i), at))
}

// publishersAt returns the publishers of a replica: one that stays there, one
// that turns to the others if need be, and one without keys.
func (s *scene) publishersAt(i int) []*publisher {
	var others []string
	for j := range s.fleet {
		if j != i {
			others = append(others, s.fleet[j].url())
		}
	}
	stays := s.client(s.fleet[i], &client.Options{})
	turns := s.client(s.fleet[i], &client.Options{Fallbacks: others, Timeout: 3 * time.Second})
	all := []*publisher{
		keyed(fmt.Sprintf("stays-%d", i), stays),
		keyed(fmt.Sprintf("turns-%d", i), turns),
		raw(fmt.Sprintf("raw-%d", i), s.http, s.fleet[i].url()),
	}
	for _, p := range all {
		p.at, p.home = i, p != all[1]
	}
	return all
}

// client returns a client that gives up only where the test does.
func (s *scene) client(r *replica, o *client.Options) *client.Client {
	o.HTTPClient, o.Patience = s.http, time.Minute
	c, err := client.New(r.url(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// apply adds the application's table and who changes it.
func (s *scene) apply() {
	s.exec(orders)
	p, leave := application("orders", s.place.url)
	p.at = -1
	s.publishers = append(s.publishers, p)
	s.t.Cleanup(leave)
}

// subscribe starts a subscriber of each owner and of everyone on each replica,
// and waits until all are connected. Every other one begins at the start, which
// is here and now too.
func (s *scene) subscribe() {
	transport := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
	s.http = &http.Client{Transport: transport}
	s.t.Cleanup(transport.CloseIdleConnections)
	s.watched, s.blind = context.WithCancel(s.ctx)
	s.t.Cleanup(func() {
		s.blind()
		s.watching.Wait()
	})
	for i := range s.fleet {
		s.follow(i, "", i%2 == 0)
		for j, owner := range owners {
			s.follow(i, owner, (i+j)%2 == 1)
		}
	}
	s.await("all subscribers are connected", func() bool {
		return !slices.ContainsFunc(s.views, func(v *view) bool { return v.connected == 0 })
	})
}

// follow starts a subscriber of an owner's runs on a replica, or of everything if
// it is nobody.
func (s *scene) follow(at int, owner string, fromStart bool) {
	stream := client.Stream{Name: "agui", User: owner, FromStart: fromStart}
	if owner == "" {
		stream.Name = "feed"
	}
	r := s.fleet[at]
	v := &view{name: fmt.Sprintf("%s of %q on %s", stream.Name, owner, r.name), at: at, owner: owner, has: make(map[string]bool)}
	s.update(func() { s.views = append(s.views, v) })
	c := s.client(r, &client.Options{Hooks: client.Hooks{
		Connected: func(string) { s.update(func() { v.connected++ }) },
	}})
	s.watching.Go(func() {
		for e, err := range c.Follow(s.watched, stream) {
			switch {
			case s.watched.Err() != nil:
			case err != nil:
				s.complain("%s: %v", v.name, err)
			case !e.ID.IsZero(): // others are figures of the moment
				s.update(func() { v.see(sight{e.ID, e.User, string(e.Data)}) })
			}
		}
	})
}

// await waits until the history is as it is wanted. If it does not come to that
// the judge may know why.
func (s *scene) await(what string, wanted func() bool) {
	s.t.Helper()
	if s.until(s.ctx, wanted) {
		return
	}
	s.t.Errorf("waited in vain until %s\n%s", what, s.state())
	s.judge(s.log())
	s.t.FailNow()
}

// A choice is of those who are at the replica with a number.
type choice func(at int) bool

// everybody chooses all.
func everybody(int) bool { return true }

// at chooses those of a replica.
func at(i int) choice { return func(at int) bool { return at == i } }

// elsewhere chooses all others.
func elsewhere(i int) choice { return func(at int) bool { return at != i } }

// advance waits until each of the chosen publishers was told of n more events
// that they are there, and those who see everything there saw them.
func (s *scene) advance(n int, chosen choice) {
	s.t.Helper()
	goals := make(map[*publisher]int)
	s.update(func() {
		for _, p := range s.publishers {
			if chosen(p.at) && p.send != nil {
				goals[p] = p.acked + n
			}
		}
	})
	s.await(fmt.Sprintf("each publisher has %d more events", n), func() bool {
		for p, goal := range goals {
			if p.acked < goal {
				return false
			}
		}
		return true
	})
	s.delivered(chosen)
}

// delivered waits until what the chosen publishers know now to be there was seen
// by those who see everything there. What is published from a table is there a
// while after it was committed.
func (s *scene) delivered(chosen choice) {
	s.t.Helper()
	var lasts []string
	s.update(func() {
		for _, p := range s.publishers {
			if chosen(p.at) && p.last != "" {
				lasts = append(lasts, p.last)
			}
		}
	})
	s.await("everybody's last event was seen", func() bool {
		for _, v := range s.views {
			if v.owner == "" && chosen(v.at) && !v.hasAll(lasts) {
				return false
			}
		}
		return true
	})
}

// state shows how far everybody is.
func (s *scene) state() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, p := range s.publishers {
		fmt.Fprintf(&b, "%s: %d of %d acknowledged\n", p.name, p.acked, len(p.attempts))
	}
	for _, v := range s.views {
		fmt.Fprintf(&b, "%s: connected %d times, saw %d\n", v.name, v.connected, len(v.seen))
	}
	for _, w := range s.wrong {
		fmt.Fprintln(&b, w)
	}
	return b.String()
}

// exec executes statements on the scene's database.
func (s *scene) exec(sql string) {
	s.t.Helper()
	c := s.connect()
	defer c.Close(s.ctx)
	if err := c.PgConn().Exec(s.ctx, sql).Close(); err != nil {
		s.t.Fatal(err)
	}
}

// connect returns a connection to the scene's database.
func (s *scene) connect() *pgx.Conn {
	s.t.Helper()
	c, err := pgx.Connect(s.ctx, s.place.url)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}
