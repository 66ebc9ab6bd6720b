package delivery

import (
	"runtime"
	"sync"
	"time"
)

// A crew is the goroutines that deliver for the connections of a Portable: about
// as many as processors, which stay. A goroutine for each delivery would have to
// grow a stack each time. While all of them wait for clients or programs others
// join them.
type crew struct {
	running sync.WaitGroup // the goroutines

	mu      sync.Mutex // guards what follows
	ready   sync.Cond  // says that idle ones are to look
	queue   []*peer    // wait for their turn,
	next    int        // from here on
	taken   uint64     // how many had a turn
	members int
	idle    int
	watched bool
	closed  bool
}

// crewLook is how often is looked whether all of a crew are held up, and crewLooks
// how often without need.
const (
	crewLook  = 5 * time.Millisecond
	crewLooks = 20
)

func newCrew() *crew {
	c := new(crew)
	c.ready.L = &c.mu
	return c
}

// add has a peer delivered, whose turn is taken.
func (c *crew) add(p *peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, p)
	switch {
	case c.idle > 0:
		c.ready.Signal()
	case c.members < runtime.GOMAXPROCS(0):
		c.join(1)
	}
	if !c.watched {
		c.watched = true
		c.running.Go(c.watch)
	}
}

// join begins n goroutines more. mu must be held.
func (c *crew) join(n int) {
	for range n {
		c.members++
		c.running.Go(c.work)
	}
}

// work delivers until there are enough others who have nothing to do.
func (c *crew) work() {
	for p := c.take(); p != nil; p = c.take() {
		p.serve()
	}
}

// take waits for the peer whose turn is next. Without one the caller leaves.
func (c *crew) take() *peer {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.next == len(c.queue) {
		if c.closed || c.idle >= runtime.GOMAXPROCS(0) {
			c.members--
			return nil
		}
		c.idle++
		c.ready.Wait()
		c.idle--
	}
	p := c.queue[c.next]
	c.queue[c.next] = nil
	c.next++
	c.taken++
	c.compact()
	return p
}

// compact forgets those of the queue who had their turn, when they are most of
// it. mu must be held.
func (c *crew) compact() {
	if c.next == len(c.queue) || c.next > 1024 && 2*c.next > len(c.queue) {
		n := copy(c.queue, c.queue[c.next:])
		clear(c.queue[n:])
		c.queue, c.next = c.queue[:n], 0
	}
}

// watch sees to it that the queue moves, until it was empty for a while.
func (c *crew) watch() {
	ticker := time.NewTicker(crewLook)
	defer ticker.Stop()
	for taken, empty := uint64(0), 0; empty < crewLooks; {
		<-ticker.C
		taken, empty = c.look(taken, empty)
	}
}

// look has others join if nobody had a turn since so many had. It returns how
// many had one by now, and how often in a row the queue was empty.
func (c *crew) look(taken uint64, empty int) (uint64, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := len(c.queue) - c.next
	switch {
	case waiting == 0:
		if empty++; c.closed {
			empty = crewLooks
		}
		c.watched = empty < crewLooks
		return c.taken, empty
	case c.taken == taken:
		c.join(min(waiting, c.members))
	}
	return c.taken, 0
}

// close has all leave, when nobody needs them any more.
func (c *crew) close() {
	c.mu.Lock()
	c.closed = true
	c.ready.Broadcast()
	c.mu.Unlock()
	c.running.Wait()
}
