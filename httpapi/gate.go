package httpapi

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A party is the connections from an address.
type party struct {
	network netip.Prefix
	n       int
}

// addresses are those who have connections.
type addresses struct {
	limit   int        // negative: none, and nothing is counted
	mu      sync.Mutex // guards what follows
	parties map[netip.Prefix]*party
}

// enter counts a connection, or returns nil if the address may have no more. What
// is not counted is of no party.
func (a *addresses) enter(at netip.Addr) (p *party, ok bool) {
	if a.limit < 0 || !at.IsValid() {
		return nil, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	of := network(at)
	if p = a.parties[of]; p == nil {
		p = &party{network: of}
	}
	if p.n >= a.limit {
		return nil, false
	}
	p.n++
	a.parties[of] = p
	return p, true
}

// leave counts a connection less.
func (a *addresses) leave(p *party) {
	if p == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.n--; p.n == 0 {
		delete(a.parties, p.network)
	}
}

// most returns how many connections the address has that has the most.
func (a *addresses) most() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.parties {
		n = max(n, p.n)
	}
	return n
}

// pace returns what says whether one more may begin, nil if any may.
func (l *Limits) pace() *rate.Limiter {
	if l.ConnectionsPerSecond < 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(l.ConnectionsPerSecond), l.ConnectionsBurst)
}

// enter lets a connection in as far as the server is concerned, and counts it. The
// caller calls begin, and exit when it has ended.
func (h *Handler) enter(r *http.Request) (*party, error) {
	if err := h.drain.enter(h.opts.Limits.Connections); err != nil {
		if err == errFull {
			h.overruns.connections.Add(1)
			err = busy("this server has %d connections, which is as many as it may", h.opts.Limits.Connections)
		}
		return nil, err
	}
	at := h.Address(r)
	p, ok := h.addresses.enter(at)
	switch {
	case !ok:
		h.overruns.address.Add(1)
		h.drain.leave()
		return nil, refusal(wire.TooManyConnections, "the address %s has %d connections, which is the limit: close one, or follow several sessions with one", network(at), h.opts.Limits.ConnectionsPerAddress)
	case h.pace != nil && h.pace.Tokens() < 1: // before somebody makes room for it
		h.exit(p)
		return nil, h.rushed()
	}
	return p, nil
}

// begin counts the beginning of a connection, unless too many begin now. It comes
// after everything for which a connection may be refused: those who are shall not
// use up what others may.
func (h *Handler) begin() error {
	if h.pace != nil && !h.pace.Allow() {
		return h.rushed()
	}
	return nil
}

// rushed refuses where too many begin at once.
func (h *Handler) rushed() error {
	h.overruns.rate.Add(1)
	return busy("more connections begin now than the %v in a second that may", h.opts.Limits.ConnectionsPerSecond)
}

// exit gives back what enter took.
func (h *Handler) exit(p *party) {
	h.addresses.leave(p)
	h.drain.leave()
}

// spread is the time over which those come back who were refused together.
const spread = 10 * time.Second

// busy refuses for now.
func busy(format string, args ...any) error {
	e := refusal(wire.Unavailable, format+": try again later, or at another", args...).after(time.Second + upTo(spread))
	e.closes = true
	return e
}
