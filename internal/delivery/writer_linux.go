package delivery

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A writer is a goroutine that sends, and its connections.
type writer struct {
	s      *Server
	sendTo sendFunc
	poller *poller
	pushes func(*Conn)   // is push
	kick   chan struct{} // says that the queue, or closing, is to be looked at

	// connections counts those that Serve is about to push, too.
	connections atomic.Int32

	asked atomic.Bool // all streams are to be

	mu      sync.Mutex
	queue   []*Conn // were woken, joined, or come back from a load
	closing bool

	// Only run's goroutine touches what follows.

	closed     bool
	roster     roster[Conn]
	generation uint32
	round      []*Conn
	again      []*Conn // are in the next round
	buffer     Buffer
	parts      []part
	iov        [maxParts]syscall.Iovec
}

func newWriter(s *Server, send sendFunc) (*writer, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	w := &writer{s: s, sendTo: send, poller: p, kick: make(chan struct{}, 1)}
	w.pushes = w.push
	return w, nil
}

// reserve counts a connection that will come, unless w is closing.
func (w *writer) reserve() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closing {
		w.connections.Add(1)
	}
	return !w.closing
}

// release counts one connection less.
func (w *writer) release() {
	w.connections.Add(-1)
	w.nudge()
}

// push puts a connection into the queue.
func (w *writer) push(c *Conn) {
	w.mu.Lock()
	w.queue = append(w.queue, c)
	first := len(w.queue) == 1
	w.mu.Unlock()
	if first {
		w.nudge()
	}
}

// nudge makes run look.
func (w *writer) nudge() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// close makes run end all connections and return.
func (w *writer) close() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.nudge()
}

// run serves the connections until the writer is closing and none is left.
func (w *writer) run() {
	defer w.poller.close()
	ticker := time.NewTicker(w.s.opts.Tick)
	defer ticker.Stop()
	for !w.over() {
		w.wait(ticker.C)
		w.serveRound()
	}
}

// over reports whether nothing is left to do, and never will be.
func (w *writer) over() bool {
	return w.closed && w.connections.Load() == 0
}

// wait waits until there is something to do.
func (w *writer) wait(tick <-chan time.Time) {
	if len(w.again) > 0 {
		w.nudge()
	}
	select {
	case <-w.kick:
		if w.asked.Swap(false) {
			w.roster.hastenAll()
			w.tick(time.Now())
		}
	case <-tick:
		w.tick(time.Now())
	case events := <-w.poller.ready:
		for i := range events {
			w.event(&events[i])
		}
		w.poller.taken <- struct{}{}
	}
}

// serveRound serves everyone who was woken or has more to send, once.
func (w *writer) serveRound() {
	w.take()
	for some := range slices.Chunk(w.round, fetched) {
		fetch(some)
		for i, c := range some {
			w.serve(c)
			some[i] = nil // who is gone shall not be held here
		}
	}
}

// fetched is how many connections are fetched at once.
const fetched = 16

// fetch has the processor fetch what it will need of some connections, from
// memory all at once in place of one after the other: with many connections
// nothing of them is in its cache. The result is of no use.
func fetch(some []*Conn) (blocking int) {
	for _, c := range some {
		blocking += int(c.state)
	}
	for _, c := range some {
		if c.state == idle && c.stream.Blocks() {
			blocking++
		}
	}
	return blocking
}

// take begins a round.
func (w *writer) take() {
	w.round, w.again = w.again, w.round[:0]
	w.mu.Lock()
	w.round = append(w.round, w.queue...)
	clear(w.queue)
	w.queue = w.queue[:0]
	closing := w.closing
	w.mu.Unlock()
	if closing && !w.closed {
		w.closed = true
		w.endAll()
	}
}

// requeue puts a connection into the next round, if it is in no queue.
func (w *writer) requeue(c *Conn) {
	if !c.queued.Swap(true) || c.missed {
		c.missed = false
		w.again = append(w.again, c)
	}
}

// miss notes that a wake-up could not be followed.
func (c *Conn) miss() { c.missed = c.missed || c.queued.Load() }

// serve does what is to be done next for a connection.
func (w *writer) serve(c *Conn) {
	switch c.state {
	case joining:
		w.join(c)
	case idle:
		w.fill(c)
	case sending:
		w.resume(c)
	case parked:
		c.miss()
	case loading, gone:
		w.collect(c)
	}
}

// join takes a connection in.
func (w *writer) join(c *Conn) {
	w.place(c)
	switch err := w.poller.add(c); {
	case w.closed:
		w.end(c, ErrClosed)
	case err != nil:
		w.end(c, fmt.Errorf("delivery: %w", os.NewSyscallError("epoll_ctl", err)))
	default:
		c.state = idle
		w.fill(c)
	}
}

// place gives a connection a slot.
func (w *writer) place(c *Conn) {
	w.generation++
	c.generation = w.generation
	c.slot = w.roster.add(c)
}

// fill asks a connection's stream for what is to be sent, and sends it.
func (w *writer) fill(c *Conn) {
	c.queued.Store(false) // from here on a wake-up may be about what Fill does not see
	if c.stream.Blocks() {
		w.beginLoad(c)
		return
	}
	more, err := c.stream.Fill(&w.buffer)
	w.send(c, &w.buffer, more, err)
	w.buffer.Reset()
}

// event does what an event of the poller asks for. One of a connection that
// is gone does nothing, though another may have its descriptor and its slot.
func (w *writer) event(e *syscall.EpollEvent) {
	c := w.roster.members[e.Fd]
	switch {
	case c == nil || c.generation != uint32(e.Pad):
	case e.Events&hangUp != 0:
		w.hungUp(c)
	default:
		w.writable(c)
	}
}

// ticked is how many have their Tick before others have a turn. To end a connection
// whose socket is full takes some 20 µs, and thousands may be due at once.
const ticked = 64

// tick lets time pass for those connections for which that matters.
func (w *writer) tick(now time.Time) {
	at, n := now.Sub(w.s.began), 0
	for slot := 0; slot < len(w.roster.due); slot++ { // there may be others after a round
		if w.roster.due[slot] > at {
			continue
		}
		w.tickOne(w.roster.members[slot], now)
		if n++; n%ticked == 0 {
			w.serveRound()
		}
	}
}

func (w *writer) tickOne(c *Conn, now time.Time) {
	deadline := c.deadline()
	switch {
	case !deadline.IsZero() && now.After(deadline):
		w.late(c)
		return
	case c.state == loading || c.state == lingering:
		return
	}
	next, err := c.stream.Tick(now)
	if err != nil {
		w.part(c, err)
		return
	}
	if !next.After(now) {
		w.requeue(c)
	}
	w.expect(c, next)
}

// expect has a connection looked at when that is due next.
func (w *writer) expect(c *Conn, next time.Time) {
	w.roster.due[c.slot] = next.Sub(w.s.began)
	if deadline := c.deadline(); !deadline.IsZero() {
		w.roster.hasten(c.slot, deadline.Sub(w.s.began))
	}
}

// deadline returns by when the client has to have done something, or the zero
// time.
func (c *Conn) deadline() time.Time {
	if c.rest == nil {
		return time.Time{}
	}
	return c.rest.deadline
}
