package httpapi

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/control"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/sse"
)

// A lease is the access that a connection runs on. Where there is no
// authentication there is none: nil is a lease that does not end.
type lease struct {
	connection string
	subject    string
	stream     string // empty for a request that publishes line by line
	owner      string
	everyone   bool
	sessions   []string
	expires    atomic.Int64    // an expiry
	told       expiry          // of which the client was told; only its stream uses it
	given      <-chan struct{} // closed when the program revokes the access
	over       atomic.Bool     // it was revoked
	cancel     func()          // ends a connection that no registry knows

	token  string // the leases' lock guards both
	issued time.Time
}

// An expiry is when an access expires, by the clock on the wall: in Unix
// milliseconds, or never.
type expiry int64

const never expiry = math.MaxInt64

// expiryOf returns the expiry of a time of which zero is never.
func expiryOf(t time.Time) expiry {
	if t.IsZero() {
		return never
	}
	return expiry(t.UnixMilli())
}

// time returns the expiry as a time. That of never is not reached.
func (e expiry) time() time.Time { return time.UnixMilli(int64(e)) }

// newLease returns the lease of a connection, or nil if there is no
// authentication.
func (h *Handler) newLease(a *Access, connection string) *lease {
	if h.opts.Authenticate == nil {
		return nil
	}
	l := &lease{
		connection: connection, subject: strings.Clone(a.Subject),
		given: a.Revoked, token: strings.Clone(a.Token), issued: a.Issued,
	}
	l.expires.Store(int64(expiryOf(a.Expires)))
	return l
}

// expiry returns when the lease ends.
func (l *lease) expiry() expiry {
	if l == nil {
		return never
	}
	return expiry(l.expires.Load())
}

// revoked returns what is closed when the program revokes the access; nil is
// never.
func (l *lease) revoked() <-chan struct{} {
	if l == nil {
		return nil
	}
	return l.given
}

// ended returns why the lease is over at a time, or nil.
func (l *lease) ended(now time.Time) error {
	switch {
	case l == nil:
		return nil
	case now.UnixMilli() >= l.expires.Load():
		return errExpired
	case l.over.Load(), closed(l.given):
		return errRevoked
	}
	return nil
}

// notice is how long before its end a stream tells of it.
const notice = time.Minute

// due returns when the client is to be told that the lease will end.
func (l *lease) due() expiry {
	at := l.expiry()
	if at == never || l.told == at {
		return never
	}
	return at - expiry(notice.Milliseconds())
}

// appendExpiring appends the frame that tells when the lease will end, and how to
// have it go on.
func (l *lease) appendExpiring(b []byte) ([]byte, error) {
	l.told = l.expiry()
	data, err := json.Marshal(wire.Expiring{Expires: l.told.time().UTC(), Connection: l.connection})
	if err != nil {
		return b, err
	}
	return sse.AppendEvent(b, sse.Event{Name: wire.ExpiringName, Data: data})
}

// leases are those of all connections that run.
type leases struct {
	mu sync.Mutex // guards what follows
	of map[string]*lease
}

func newLeases() leases { return leases{of: make(map[string]*lease)} }

func (s *leases) add(l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[l.connection] = l
}

func (s *leases) remove(l *lease) {
	if l == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, l.connection)
}

// among returns the leases of which is reports true.
func (s *leases) among(is func(*lease) bool) (some []*lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.of {
		if is(l) {
			some = append(some, l)
		}
	}
	return some
}

// extend has a lease end later, or not at all, on the access of an extension, and
// returns it. Of most extensions it is another server's, or nobody's: then nil.
func (s *leases) extend(x *control.Extension) *lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, later := s.of[x.Connection], int64(expiryOf(x.Expires))
	if l == nil || !l.covered(x) || later <= l.expires.Load() {
		return nil
	}
	l.token, l.issued = x.Token, x.Issued
	l.expires.Store(later)
	return l
}

// covered reports whether an extension is of the lease's subject, and its access
// granted all that the connection carries.
func (l *lease) covered(x *control.Extension) bool {
	within := func(session string) bool { return slices.Contains(x.Sessions, session) }
	return l.stream != "" && l.subject != "" && l.subject == x.Subject &&
		l.stream == x.Stream && l.owner == x.Owner && l.everyone == x.Everyone &&
		(len(x.Sessions) == 0 || len(l.sessions) > 0 && !slices.ContainsFunc(l.sessions, func(s string) bool { return !within(s) }))
}

// carries notes what a stream's connection carries.
func (l *lease) carries(name string, sel *tidings.Selector) {
	l.stream, l.owner, l.everyone, l.sessions = name, sel.User, sel.Everyone, sel.Sessions
}
