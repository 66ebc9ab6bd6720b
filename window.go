package tidings

import (
	"sync"
	"sync/atomic"
)

// A window is the part of a log that is in memory: recent events, encoded
// once, and the topics that share them. A Hub serves every cursor from one.
//
// Over a memory log the window is all there is, and a cursor whose events were
// discarded has lost them. Over any other log the tail fills the window, the
// oldest events leave it first, and a cursor behind it reads the log.
type window struct {
	head     atomic.Pointer[Event]
	err      atomic.Pointer[error] // why the window ended, if it has
	start    ID                    // before the first event
	mu       sync.Mutex            // orders all changes; guards everything below
	feed     topic
	owners   table[string, *owner]
	sessions table[sessionName, *session]
	awaited  []awaited
	freed    *mark  // of owners that were freed, and of what was before the window
	discards uint64 // events discarded so far
	bytes    int64  // accounted to retained events and to topics that have some
	bySize   ranking[*owner]
	latest   *Selector // the filter that was made last
	retain   Retention
	prefix   bool // a durable log's window: only the oldest events leave
}

// An owner is the topic of one owner's events and the account of what they
// cost.
type owner struct {
	topic
	user     string
	freed    *mark // of sessions that were freed
	bytes    int64
	sessions int
	bySize   ranking[*session]
	place
}

// A session is the topic of one conversation of an owner. Every event is in
// exactly one: events without a session are in that named "".
type session struct {
	topic
	owner *owner
	name  string
	bytes int64
	place
}

type sessionName struct{ user, session string }

// What things cost beside the bytes of frames, as measured by
// BenchmarkMemory: kept so that byte budgets mean heap.
const (
	eventCost   = 280
	sessionCost = 500
	ownerCost   = 500
)

// cost returns the heap bytes that a retained event is accounted for.
func cost(e *Event) int64 {
	return int64(eventCost + cap(e.frame) + len(e.Key) + len(e.Type) + len(e.Trace))
}

// newWindow returns an empty window whose head and floor is start.
func newWindow(start ID, retain Retention, prefix bool) *window {
	w := &window{start: start, freed: &mark{floor: start}, retain: retain, prefix: prefix}
	w.feed.gone.any = w.freed
	w.head.Store(&Event{ID: start})
	return w
}

// insert adds an event that comes after the head to its three topics, encodes
// it, and discards what has to leave for it. It returns how many subscribers the
// event concerns. w.mu must be held.
func (w *window) insert(e *Event, wakes []wakeup) (int, []wakeup) {
	e.frame, e.Data = newFrame(e.ID, e.Data)
	s := w.session(sessionName{e.User, e.Session})
	e.User, e.Session = s.owner.user, s.name
	a, wakes := w.feed.add(e, wakes)
	b, wakes := s.owner.add(e, wakes)
	c, wakes := s.add(e, wakes)
	w.head.Store(e)
	w.charge(s, cost(e), 1)
	if e.Purged() {
		w.purge(e)
	}
	w.shed(s)
	return a + b + c, wakes
}

// session returns the topic of a session, making it and its owner's if need
// be. w.mu must be held.
func (w *window) session(name sessionName) *session {
	if s, ok := w.sessions.get(name); ok {
		return s
	}
	o := w.owner(name.user)
	s := &session{owner: o, name: name.session}
	s.gone.any = o.freed
	o.sessions++
	w.sessions.put(sessionName{o.user, s.name}, s)
	o.bySize.add(s)
	return s
}

// owner returns the topic of an owner, making it if need be. w.mu must be
// held.
func (w *window) owner(user string) *owner {
	if o, ok := w.owners.get(user); ok {
		return o
	}
	o := &owner{user: user, freed: w.freed}
	o.gone.any = w.freed
	w.owners.put(user, o)
	w.bySize.add(o)
	return o
}

// charge accounts for an event that came to a session (sign is 1) or left it
// (-1), and with the first and the last one for the session and its owner.
// While they have none they are there for those who are attached, and cost
// what connections cost: no event that left would free them.
func (w *window) charge(s *session, n, sign int64) {
	if s.events.live == max(0, int(sign)) {
		n += sessionCost
	}
	s.bytes += sign * n
	if s.owner.events.live == max(0, int(sign)) {
		n += ownerCost
	}
	s.owner.bytes += sign * n
	w.bytes += sign * n
	s.owner.bySize.fix(s)
	w.bySize.fix(s.owner)
}

// discard removes the oldest event of a session. w.mu must be held.
func (w *window) discard(s *session) {
	e := s.events.front()
	w.discards++
	w.feed.discard(e, w.discards)
	w.leave(s, e)
}

// leave takes an event that has left the feed, the oldest one of its session,
// out of everything else. w.mu must be held.
func (w *window) leave(s *session, e *Event) {
	s.discard(e, w.discards)
	s.owner.discard(e, w.discards)
	w.charge(s, cost(e), -1)
	w.free(s)
}

// purge discards what there is of an owner before the event that says so, which
// is in the window. To the feed it is no loss. w.mu must be held.
func (w *window) purge(e *Event) {
	o, _ := w.owners.get(e.User)
	for first := o.events.front(); first != e; first = o.events.front() {
		s, _ := w.sessions.get(sessionName{first.User, first.Session})
		w.discards++
		w.feed.forget(first)
		w.leave(s, first)
	}
}

// free forgets a session in which nothing is retained and to which nobody is
// attached, and then its owner. What their floors said is kept by the parent.
func (w *window) free(s *session) {
	if s.idle() {
		s.owner.freed = s.owner.freed.join(s.gone.all())
		s.owner.sessions--
		s.owner.bySize.remove(s)
		w.sessions.remove(sessionName{s.owner.user, s.name})
	}
	w.freeOwner(s.owner)
}

// freeOwner forgets an owner without sessions to whom nobody is attached.
func (w *window) freeOwner(o *owner) {
	if o.sessions > 0 || !o.idle() {
		return
	}
	w.freed = w.freed.join(o.freed).join(o.gone.all())
	w.bySize.remove(o)
	w.owners.remove(o.user)
}

// attach puts a cursor at a position of the topic that serves its selector
// best. A zero position means before everything that is retained, which over a
// log that is not in memory only the log knows: there it stays zero.
func (w *window) attach(c *cursor, sel Selector, as role) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.failed(); err != nil {
		return err
	}
	t := w.topic(&sel)
	t.join(c, sel.User, w.filter(&sel), as, c.pos == w.position())
	if c.pos.IsZero() && !w.prefix {
		c.pos = w.start
		c.overtaken(w.floor(c))
	}
	return nil
}

// filter returns what a selector selects of its owner. Who come one after the
// other mostly select alike, and share one. w.mu must be held.
func (w *window) filter(sel *Selector) *Selector {
	if w.latest == nil || !w.latest.alike(sel) {
		filter := sel.clone()
		filter.User, w.latest = "", &filter
	}
	return w.latest
}

// topic returns the smallest topic that has all that is selected. w.mu must be
// held.
func (w *window) topic(sel *Selector) *topic {
	switch {
	case sel.Everyone:
		return &w.feed
	case len(sel.Sessions) == 1:
		return &w.session(sessionName{sel.User, sel.Sessions[0]}).topic
	default:
		return &w.owner(sel.User).topic
	}
}

// floor returns the floor of exactly what a cursor selects, as far as it is
// known and was not dealt with, and notes that it has been. w.mu must be held.
func (w *window) floor(c *cursor) ID {
	sel, t, since := c.group.filter, c.group.topic, c.clear
	t.mu.Lock()
	floor := t.gone.since(since, c.group)
	c.clear = w.discards + 1
	t.mu.Unlock()
	if sel.Everyone || len(sel.Sessions) < 2 {
		return floor
	}
	exact := ID{}
	for _, name := range sel.Sessions {
		exact = later(exact, w.sessionFloor(name, since, c.group))
	}
	return exact
}

// sessionFloor returns the floor of what a group of an owner's topic selects
// in one session, as far as discard number since and later ones made it.
func (w *window) sessionFloor(name string, since uint64, g *group) ID {
	s, ok := w.sessions.get(sessionName{g.user, name})
	if ok {
		return s.gone.since(since, g)
	}
	o, _ := w.owners.get(g.user)
	return o.freed.since(since)
}

// recheck returns the floor of what a cursor selects if it is beyond its
// position and was not dealt with, or the zero ID.
func (w *window) recheck(c *cursor) ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	if floor := w.floor(c); floor.seq > c.pos.seq {
		return floor
	}
	return ID{}
}

// detach removes a cursor and frees its topic if it was the last reason for
// it.
func (w *window) detach(c *cursor) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, sel := c.group.topic, c.group.selector()
	t.leave(c)
	switch {
	case sel.Everyone:
	case len(sel.Sessions) == 1:
		s, _ := w.sessions.get(sessionName{sel.User, sel.Sessions[0]})
		w.free(s)
	default:
		o, _ := w.owners.get(sel.User)
		w.freeOwner(o)
	}
}

// position returns the head.
func (w *window) position() ID { return w.head.Load().ID }

// reached reports whether the head is at seq or beyond. Who was handed an event
// may ask before its insertion is done: the head comes last.
func (w *window) reached(seq uint64) bool {
	if seq <= w.position().seq {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return seq <= w.position().seq
}

// advance moves the head without an event.
func (w *window) advance(head ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if head.seq > w.position().seq {
		w.head.Store(&Event{ID: head})
	}
	w.arrive()
}

// concerned counts the attached subscribers that select the event.
func (w *window) concerned(e *Event) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.feed.concerned(e)
	if o, ok := w.owners.get(e.User); ok {
		n += o.concerned(e)
	}
	if s, ok := w.sessions.get(sessionName{e.User, e.Session}); ok {
		n += s.concerned(e)
	}
	return n
}

// end makes every cursor find err, and wakes those that wait. The first error
// stays.
func (w *window) end(err error) {
	w.err.CompareAndSwap(nil, &err)
	w.mu.Lock()
	w.arrive()
	w.mu.Unlock()
	w.wakeAll()
}

// wakeAll wakes every cursor that waits.
func (w *window) wakeAll() {
	w.mu.Lock()
	wakes := w.feed.release(nil)
	for _, o := range w.owners.all() {
		wakes = o.release(wakes)
	}
	for _, s := range w.sessions.all() {
		wakes = s.release(wakes)
	}
	w.mu.Unlock()
	wake(wakes)
}

// release detaches everyone who waits.
func (t *topic) release(wakes []wakeup) []wakeup {
	t.mu.Lock()
	defer t.mu.Unlock()
	for g := t.groups; g != nil; g = g.next {
		wakes = g.detach(wakes)
	}
	return wakes
}

func (o *owner) size() int64    { return o.bytes }
func (o *owner) oldest() uint64 { return o.front() }

func (s *session) size() int64    { return s.bytes }
func (s *session) oldest() uint64 { return s.front() }

// front returns the seq of the oldest retained event, or 0. w.mu or t.mu must
// be held.
func (t *topic) front() uint64 {
	if e := t.events.front(); e != nil {
		return e.ID.seq
	}
	return 0
}

// failed returns why the window ended, or nil.
func (w *window) failed() error {
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}
