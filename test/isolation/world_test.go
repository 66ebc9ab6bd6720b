// Package isolation_test looks for an event that reaches somebody who was not
// granted it.
package isolation_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A world is two servers of one log, with their keys, and all that was published.
type world struct {
	t      *testing.T
	random *rand.Rand
	hubs   []*tidings.Hub
	urls   []string
	signer *auth.Signer // whose tokens are good
	thief  *auth.Signer // whose are not
	events []event
	purged map[string]tidings.ID // when owners were
}

// An event is one that was published. Its payload has its number and a word that
// no other has.
type event struct {
	tidings.Event
	secret string
}

// The names there are. Some look like others.
var (
	owners   = []string{"alice", "Alice", "alic", "bob", "böb", "*x", "team/one"}
	sessions = []string{"", "s1", "s2", "S1", "s1/x"}
	streams  = []string{"agui", "a2a", "contexts", "analytics", "builds", tidings.FeedStream}
	channels = []tidings.Channel{tidings.AGUI, tidings.A2A, tidings.System, tidings.Analytics, "builds"}
)

// carried are the channels of each stream.
var carried = map[string][]tidings.Channel{
	"agui": {"agui"}, "a2a": {"a2a"}, "contexts": {"agui", "a2a", "system"}, "analytics": {"analytics"}, "builds": {"builds", "system"},
	tidings.FeedStream: channels,
}

func newWorld(t *testing.T, delivery httpapi.Delivery, seed uint64) *world {
	t.Helper()
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), purged: make(map[string]tidings.ID)}
	w.signer, w.thief = newSigner(t, "0123456789abcdef0123456789abcdef"), newSigner(t, "0123456789abcdef0123456789abcdeF")
	verifier, err := auth.New(t.Context(), &auth.Options{Secret: auth.Secret("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	log := tidingstest.NewSliceLog(nil)
	for _, l := range []tidings.Log{log, log.Replica()} {
		w.serve(l, &httpapi.Options{Authenticate: verifier.Authenticate, Delivery: delivery, StatsInterval: -1})
	}
	for range 300 {
		w.publish(pick(w, owners), pick(w, channels), pick(w, sessions))
	}
	return w
}

func newSigner(t *testing.T, secret string) *auth.Signer {
	t.Helper()
	s, err := auth.NewSigner(auth.Secret(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve adds a server.
func (w *world) serve(log tidings.Log, opts *httpapi.Options) {
	router, err := tidings.NewRouter(tidings.Stream{Name: "builds", Channels: carried["builds"]})
	if err != nil {
		w.t.Fatal(err)
	}
	hub, err := tidings.New(w.t.Context(), log, &tidings.Options{Router: router, MaxConnections: -1})
	if err != nil {
		w.t.Fatal(err)
	}
	api := httpapi.New(hub, opts)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: api, ConnContext: api.ConnContext}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }() // until Close
	w.t.Cleanup(func() {
		_ = server.Close()
		_ = hub.Close()
		<-done
	})
	w.hubs, w.urls = append(w.hubs, hub), append(w.urls, "http://"+l.Addr().String())
}

// pick returns one of some, by chance.
func pick[T any](w *world, from []T) T { return from[w.random.IntN(len(from))] }

// some returns some of them, or none.
func some[T any](w *world, from []T) (picked []T) {
	for _, v := range from {
		if w.random.IntN(3) == 0 {
			picked = append(picked, v)
		}
	}
	return picked
}

// chance reports true once in n times.
func (w *world) chance(n int) bool { return w.random.IntN(n) == 0 }

// publish publishes an event at one of the servers.
func (w *world) publish(owner string, channel tidings.Channel, session string) {
	w.t.Helper()
	e := event{secret: fmt.Sprintf("secret-%016x", w.random.Uint64())}
	e.Event = tidings.Event{User: owner, Channel: channel, Session: session, Type: "T", Data: fmt.Appendf(nil, `{"n":%d,"w":%q}`, len(w.events), e.secret)}
	receipt, err := pick(w, w.hubs).Publish(w.t.Context(), e.Event)
	if err != nil {
		w.t.Fatal(err)
	}
	e.ID = receipt.ID
	w.events = append(w.events, e)
}

// A wish is what somebody asks to read.
type wish struct {
	stream   string
	owner    string // empty: he does not name one
	sessions []string
	after    tidings.ID // zero: from the start
}

func (w *world) wish() wish {
	wish := wish{stream: pick(w, streams), owner: pick(w, append(owners, "", ""))}
	for _, s := range some(w, sessions) {
		if s != "" {
			wish.sessions = append(wish.sessions, s)
		}
	}
	if w.chance(3) { // anybody's
		wish.after = pick(w, w.events).ID
	}
	return wish
}

// of returns the numbers of the events that are wished for, of an owner or of
// everyone.
func (w *world) of(wish *wish, owner string, everyone bool) (numbers []int) {
	for n, e := range w.events {
		if (everyone || e.User == owner) && slices.Contains(carried[wish.stream], e.Channel) &&
			(len(wish.sessions) == 0 || slices.Contains(wish.sessions, e.Session)) && e.ID.Seq() > wish.after.Seq() {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// A person is somebody with a token.
type person struct {
	claims auth.Claims
	token  string
	good   bool // the token is
}

// person returns somebody who is granted something, and who may hold a token that
// is not good.
func (w *world) person() person {
	p := person{claims: auth.Claims{Subject: pick(w, owners), Grants: w.grants()}, good: true}
	signer := w.signer
	switch w.random.IntN(8) {
	case 0:
		signer, p.good = w.thief, false
	case 1:
		p.claims.Expires, p.claims.Issued, p.good = time.Now().Add(-time.Minute), time.Now().Add(-time.Hour), false
	}
	var err error
	if p.token, err = signer.Mint(p.claims, time.Hour); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// grants returns what a token may say.
func (w *world) grants() *auth.Grants {
	if w.chance(4) {
		return nil
	}
	g := &auth.Grants{Admin: w.chance(6)}
	for range w.random.IntN(3) {
		g.Subscribe = append(g.Subscribe, auth.Grant{Owners: some(w, append(owners, auth.Everyone)), Streams: some(w, streams), Sessions: some(w, sessions[1:])})
		g.Publish = append(g.Publish, auth.Grant{Owners: some(w, append(owners, auth.Everyone)), Channels: channelNames(some(w, channels)), Sessions: some(w, sessions[1:])})
	}
	return g
}

func channelNames(channels []tidings.Channel) (names []string) {
	for _, c := range channels {
		names = append(names, string(c))
	}
	return names
}
