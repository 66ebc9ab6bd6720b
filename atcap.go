package tidings

import "slices"

// AtCap is what becomes of a connection when its subject has as many as
// [Options].MaxConnections says already.
type AtCap uint8

const (
	// RefuseNewest refuses it, with a *TooManyConnectionsError.
	RefuseNewest AtCap = iota
	// EndOldest lets it in, and the oldest one is over: its [Guard] is done, and
	// Displaced. For clients that do not close what they left, such as pages of a
	// browser on a telephone.
	EndOldest
)

// ranks are the connections of each subject in the order in which they came, if
// one of them may have to make room.
type ranks map[string][]*Guard

// rank notes that a connection came. present.mu must be held.
func (r *Registry) rank(g *Guard) {
	if all := r.ranks(); all != nil {
		subject := g.connection.subject()
		all[subject] = append(all[subject], g)
	}
}

// unrank forgets a connection. present.mu must be held.
func (r *Registry) unrank(g *Guard) {
	all, subject := r.ranks(), g.connection.subject()
	i := slices.Index(all[subject], g)
	if i < 0 {
		return
	}
	if all[subject] = slices.Delete(all[subject], i, i+1); len(all[subject]) == 0 {
		delete(all, subject)
	}
}

// ranks returns those among whom the oldest is looked for, nil if nobody has to
// make room. present.mu must be held.
func (r *Registry) ranks() ranks {
	p := r.present
	switch {
	case p.atCap != EndOldest || p.limit < 0:
		return nil
	case p.across:
		return p.oldest
	}
	return r.oldest
}

// displace has the oldest connection of a subject make room, and reports whether
// there is one. present.mu must be held.
func (r *Registry) displace(subject string) bool {
	theirs := r.ranks()[subject]
	if len(theirs) == 0 {
		return false
	}
	theirs[0].registry.evict(theirs[0], displaced)
	r.present.displaced++
	return true
}

// A ConnectionLimit is how many connections a subject may have on this replica,
// and how much of that is used. Counters start with the hub.
type ConnectionLimit struct {
	Limit     int    // of one subject; negative if there is none
	Across    bool   // to all streams together, else to each
	AtCap     AtCap  // what becomes of one too many
	Most      int    // how many the subject has who has the most
	Refused   uint64 // how many were not let in
	Displaced uint64 // how many made room for another
}

// ConnectionLimit returns the hub's limit of connections. It looks at every
// subject.
func (h *Hub) ConnectionLimit() ConnectionLimit {
	p := h.present
	p.mu.Lock()
	defer p.mu.Unlock()
	l := ConnectionLimit{Limit: p.limit, Across: p.across, AtCap: p.atCap, Refused: p.refused, Displaced: p.displaced}
	all := []tallies{p.held}
	for _, r := range p.registries {
		if !p.across {
			all = append(all, r.tallies)
		}
	}
	for _, some := range all {
		for _, t := range some {
			l.Most = max(l.Most, int(t.held))
		}
	}
	return l
}
