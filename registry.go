package tidings

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// A Registry knows who is connected to one stream of a hub on this replica,
// and lets nobody have more connections than he may. It holds no events and
// ends nothing: who serves a connection registers it, and releases its [Guard]
// when it is over. package httpapi does so for its streams.
//
// All methods may be called concurrently.
type Registry struct {
	stream      string
	present     *presence
	connections map[connectionName]*Guard
	tallies     tallies // of those who have something to count
	users       int     // owners who have connections
	oldest      ranks   // of subjects
}

// A Connection is one open stream.
type Connection struct {
	// ID tells it from the other connections of the same owner. Required.
	ID string
	// User is the owner whose events it carries.
	User string
	// Subject is who is counted against [Options].MaxConnections; empty means
	// User.
	Subject string
}

// connectionName is what a registry knows a connection by.
type connectionName struct{ user, id string }

// A tally is how many connections somebody has: as their owner, and as the
// subject who is counted against the limit. Mostly that is one name, and so one
// entry of a map for each.
type tally struct{ owned, held int32 }

type tallies map[string]tally

// presence is the registries of a hub.
type presence struct {
	name       int // bytes of an owner's name, at most
	limit      int // negative: none
	across     bool
	atCap      AtCap
	mu         sync.Mutex // guards all that follows, registries and guards included
	registries map[string]*Registry
	held       tallies // of subjects, on all streams, if across
	oldest     ranks   // of subjects, on all streams, if across
	refused    uint64  // connections that were not let in
	displaced  uint64  // connections that made room for others
}

func newPresence(o *Options) *presence {
	return &presence{
		name: o.Limits.Name, limit: o.MaxConnections, across: o.AcrossStreams, atCap: o.AtCap,
		registries: make(map[string]*Registry), held: make(tallies), oldest: make(ranks),
	}
}

// Connections returns the registry of the connections to a stream, always the
// same one for the same name.
func (h *Hub) Connections(stream string) *Registry {
	p := h.present
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.registries[stream]
	if !ok {
		r = &Registry{stream, p, make(map[connectionName]*Guard), make(tallies), 0, make(ranks)}
		p.registries[stream] = r
	}
	return r
}

// subject returns who is counted against the limit.
func (c *Connection) subject() string { return cmp.Or(c.Subject, c.User) }

// Register counts a connection until its guard is released. One that is there
// already with the same User and ID is replaced: its guard is done, and
// releasing it changes nothing any more.
//
// A *TooManyConnectionsError says that the subject has as many as it may, unless
// [Options].AtCap has the oldest of them make room; ErrInvalid says that the names
// cannot be. Then nothing has changed.
func (r *Registry) Register(c Connection) (*Guard, error) {
	if err := checkConnection(&c, r.present.name); err != nil {
		return nil, err
	}
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	g := &Guard{registry: r, connection: c}
	old := r.connections[g.name()]
	if err := r.admit(c.subject(), old); err != nil {
		return nil, err
	}
	if old != nil {
		r.evict(old, over)
	}
	r.connections[g.name()] = g
	r.count(&c, 1)
	r.rank(g)
	return g, nil
}

// checkConnection reports, as an *InvalidError, why there can be no such
// connection of an owner whose name may have so many bytes.
func checkConnection(c *Connection, limit int) error {
	if c.ID == "" {
		return invalid("connection", "", "an id that no other connection of the owner has")
	}
	if err := CheckName("connection", c.ID, DefaultLimits().Name); err != nil {
		return err
	}
	return CheckName("user", c.User, limit)
}

// admit reports why there may not be one more connection of a subject, given
// that old, which may be nil, leaves; or makes room for it. present.mu must be
// held.
func (r *Registry) admit(subject string, old *Guard) error {
	p, held, stream := r.present, int(r.tallies[subject].held), r.stream
	if p.across {
		held, stream = int(p.held[subject].held), ""
	}
	if old != nil && old.connection.subject() == subject {
		held--
	}
	if p.limit < 0 || held < p.limit || r.displace(subject) {
		return nil
	}
	p.refused++
	return &TooManyConnectionsError{Subject: subject, Stream: stream, Limit: p.limit}
}

// count counts a connection that came, as 1, or left, as -1. present.mu must be
// held.
func (r *Registry) count(c *Connection, n int32) {
	was := r.tallies[c.User].owned
	if was+n == 0 || was == 0 {
		r.users += int(n)
	}
	r.tallies.add(c.User, tally{owned: n})
	r.tallies.add(c.subject(), tally{held: n})
	if r.present.across {
		r.present.held.add(c.subject(), tally{held: n})
	}
}

// add adds to what is counted for a name, and forgets one that has nothing left.
func (t tallies) add(name string, n tally) {
	n = tally{t[name].owned + n.owned, t[name].held + n.held}
	if t[name] = n; n == (tally{}) {
		delete(t, name)
	}
}

// remove forgets a connection, of which done says why. present.mu must be held.
func (r *Registry) remove(g *Guard, done *chan struct{}) {
	delete(r.connections, g.name())
	r.count(&g.connection, -1)
	r.unrank(g)
	if asked := g.done.Swap(done); asked != nil {
		close(*asked)
	}
}

// evict removes a connection and tells whoever serves it. present.mu must be
// held.
func (r *Registry) evict(g *Guard, done *chan struct{}) {
	r.remove(g, done)
	if g.waker != nil {
		g.waker.Wake()
	}
}

// Unregister forgets the connection of an owner with the id, and tells whoever
// serves it by its guard. One that is not known is none.
func (r *Registry) Unregister(user, id string) {
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	if g, ok := r.connections[connectionName{user, id}]; ok {
		r.evict(g, over)
	}
}

// ConnectionCount returns how many connections an owner has.
func (r *Registry) ConnectionCount(user string) int {
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	return int(r.tallies[user].owned)
}

// TotalConnections returns how many connections there are.
func (r *Registry) TotalConnections() int {
	_, n := r.Counts()
	return n
}

// ConnectedUsers returns the owners who have connections, sorted.
func (r *Registry) ConnectedUsers() []string {
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	var users []string
	for name, t := range r.tallies {
		if t.owned > 0 {
			users = append(users, name)
		}
	}
	slices.Sort(users)
	return users
}

// All yields the connections there are at the time of the call, in no order.
func (r *Registry) All() iter.Seq[Connection] {
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	all := make([]Connection, 0, len(r.connections))
	for _, g := range r.connections {
		all = append(all, g.connection)
	}
	return slices.Values(all)
}

// Counts returns how many owners have connections, and how many connections
// there are, at one moment.
func (r *Registry) Counts() (users, connections int) {
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	return r.users, len(r.connections)
}

// A Guard holds the place of one connection in a Registry. Its methods may be
// called concurrently.
type Guard struct {
	registry   *Registry
	connection Connection
	waker      Waker                         // is told of the end, if not nil; present.mu guards it
	done       atomic.Pointer[chan struct{}] // nil until somebody asks, over or displaced at the end
}

// over and displaced are the done of connections that the registry has forgotten,
// of which displaced made room for others.
var over, displaced = ended(), ended()

func ended() *chan struct{} {
	c := make(chan struct{})
	close(c)
	return &c
}

// name returns what the registry knows the connection by.
func (g *Guard) name() connectionName { return connectionName{g.connection.User, g.connection.ID} }

// Release gives the place back, at once. Further calls, and calls after the
// connection was replaced or unregistered, change nothing.
func (g *Guard) Release() {
	r := g.registry
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	if r.connections[g.name()] == g {
		r.remove(g, over)
	}
}

// Done is closed when the connection no longer counts: it was released,
// unregistered, replaced by another with its id, or displaced. Whoever serves it
// ends.
func (g *Guard) Done() <-chan struct{} {
	if g.done.Load() == nil {
		c := make(chan struct{})
		g.done.CompareAndSwap(nil, &c)
	}
	return *g.done.Load()
}

// Notify has w told, in place of Done, when the connection no longer counts,
// unless it is because of Release: for those who serve many and never wait. If it
// no longer does, w is told at once.
func (g *Guard) Notify(w Waker) {
	g.registry.present.mu.Lock()
	defer g.registry.present.mu.Unlock()
	if g.waker = w; g.Over() {
		w.Wake()
	}
}

// Over reports whether Done is closed, for those who look from time to time.
func (g *Guard) Over() bool {
	done := g.done.Load()
	return done == over || done == displaced
}

// Displaced reports whether Done is closed because the subject had as many
// connections as it may, this was the oldest, and another one came: see
// [EndOldest].
func (g *Guard) Displaced() bool { return g.done.Load() == displaced }

// A TooManyConnectionsError refuses a connection because its subject has as
// many as it may. package httpapi answers it with 429. It matches
// ErrTooManyConnections.
type TooManyConnectionsError struct {
	Subject string // who has them
	Stream  string // to which stream, empty if those to all streams are counted
	Limit   int    // how many he may have
}

func (e *TooManyConnectionsError) Error() string {
	to := ""
	if e.Stream != "" {
		to = " to the stream " + e.Stream
	}
	return fmt.Sprintf("tidings: %q has %d connections%s, which is the limit: close one, or follow several sessions with one",
		shorten(e.Subject, 80), e.Limit, to)
}

// Is reports whether target is ErrTooManyConnections.
func (e *TooManyConnectionsError) Is(target error) bool { return target == ErrTooManyConnections }
