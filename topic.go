package tidings

import "sync"

// A topic is what cursors attach to: the retained events of everyone (the
// feed), of one owner, or of one session of an owner, and the cursors that
// wait for more of them. Events are shared between topics; a topic holds
// pointers.
//
// Lock order: window.mu, then topic.mu, one topic at a time. Cursors are woken
// while neither is held.
type topic struct {
	mu     sync.Mutex
	events timeline
	gone   floors
	groups *group // the first of a list
}

// A group is the cursors of a topic that select the same. Whether an event
// concerns them is asked once for all.
type group struct {
	topic   *topic
	next    *group
	user    string    // whose events are selected
	filter  *Selector // and which of them; without User, and shared with others
	role    role
	cursors int32
	waiting []*cursor // have read everything and want to be woken, once
	spare   []*cursor // the emptied list of the previous wake-up
	matched uint64    // events since the group was made
}

// A role is what a cursor is there for.
type role uint8

const (
	subscriber role = iota
	observer        // of the program's own: nobody's connection, and not counted
	tail            // a reader of the log: gets reserved channels too, not counted
)

// matches reports whether an event of the topic concerns the group.
func (g *group) matches(e *Event) bool { return g.role == tail || g.filter.narrows(e) }

// selector returns what its cursors select. Its lists are shared.
func (g *group) selector() Selector {
	sel := *g.filter
	sel.User = g.user
	return sel
}

// counted returns how many of its cursors are subscribers.
func (g *group) counted() int {
	if g.role != subscriber {
		return 0
	}
	return int(g.cursors)
}

// A wakeup is a list of cursors to be woken after the locks are released.
type wakeup struct {
	group *group
	list  []*cursor
}

// add appends an event, counts the subscribers it concerns and adds those that
// wait to wakes.
func (t *topic) add(e *Event, wakes []wakeup) (int, []wakeup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events.add(e)
	concerned := 0
	for g := t.groups; g != nil; g = g.next {
		if !g.matches(e) {
			continue
		}
		g.matched++
		concerned += g.counted()
		wakes = g.detach(wakes)
	}
	return concerned, wakes
}

// detach moves the waiting cursors to wakes. g.topic.mu must be held.
func (g *group) detach(wakes []wakeup) []wakeup {
	if len(g.waiting) == 0 {
		return wakes
	}
	wakes = append(wakes, wakeup{g, g.waiting})
	g.waiting, g.spare = g.spare, nil
	return wakes
}

// wake marks the cursors of all lists ready, and gives the lists back.
func wake(wakes []wakeup) {
	for _, w := range wakes {
		for i, c := range w.list {
			c.wake()
			w.list[i] = nil
		}
		w.group.reuse(w.list[:0])
	}
}

// reuse keeps an emptied list for the next wake-up.
func (g *group) reuse(list []*cursor) {
	g.topic.mu.Lock()
	defer g.topic.mu.Unlock()
	if cap(g.waiting) == 0 {
		g.waiting = list
	} else if cap(list) > cap(g.spare) {
		g.spare = list
	}
}

// join adds a cursor, which is live if it is at the head, to the group of those
// that select the same, making it if need be.
func (t *topic) join(c *cursor, user string, filter *Selector, as role, live bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.groups
	for g != nil && (g.role != as || g.user != user || g.filter != filter && !g.filter.alike(filter)) {
		g = g.next
	}
	if g == nil {
		g = &group{topic: t, next: t.groups, user: user, filter: filter, role: as}
		t.groups = g
	}
	c.group = g
	c.group.cursors++
	c.seen, c.exact = c.group.matched, live
}

// countLimit bounds how many events are looked at to count them.
const countLimit = 16 * scanLimit

// unread returns the next event that c has to read, or nil, how many there are,
// and whether all were looked at, because there are not too many. t.mu must be
// held.
func (t *topic) unread(c *cursor) (next *Event, n uint64, all bool) {
	scanned := 0
	for e := range t.events.after(c.pos.seq) {
		if scanned++; scanned > countLimit {
			return next, n, false
		}
		if !c.group.matches(e) {
			continue
		}
		if n++; next == nil {
			next = e
		}
	}
	return next, n, true
}

// leave removes a cursor, and its group with the last one.
func (t *topic) leave(c *cursor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := c.group
	c.left = true
	g.cursors--
	if n := len(g.waiting); c.waits() {
		g.waiting[c.place] = g.waiting[n-1]
		g.waiting[c.place].place = c.place
		g.waiting[n-1] = nil
		g.waiting = g.waiting[:n-1]
	}
	if g.cursors == 0 {
		t.remove(g)
	}
}

// remove forgets a group. t.mu must be held.
func (t *topic) remove(g *group) {
	at := &t.groups
	for *at != g {
		at = &(*at).next
	}
	*at = g.next
}

// discard removes an event for good, as the window's nth.
func (t *topic) discard(e *Event, n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone.add(e.Channel, mark{n, e.ID})
	t.events.remove(e.ID.seq)
}

// forget removes an event of which the topic's cursors are not told.
func (t *topic) forget(e *Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events.remove(e.ID.seq)
}

// concerned counts the subscribers of the topic that the event concerns.
func (t *topic) concerned(e *Event) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for g := t.groups; g != nil; g = g.next {
		if g.matches(e) {
			n += g.counted()
		}
	}
	return n
}

// idle reports whether nothing is retained and nobody attached.
func (t *topic) idle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.events.live == 0 && t.groups == nil
}
