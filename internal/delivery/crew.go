package delivery

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings/internal/herd"
)

// A crew is the goroutines that deliver for the connections of a Portable: about
// as many as processors, which stay. A goroutine for each delivery would have to
// grow a stack each time. While some of them wait for clients or programs others
// join them: as many as can work, not more, or who publishes would wait for a
// processor behind them all.
type crew struct {
	running sync.WaitGroup // the goroutines
	turn    *herd.Turn     // is given before it is said that all are held up
	held    atomic.Int32   // members in a write that may have to be waited for

	mu      sync.Mutex // guards what follows
	ready   sync.Cond  // says that idle ones are to look
	queue   []*peer    // wait for their turn,
	next    int        // from here on
	taken   uint64     // how many had a turn
	members int
	idle    int
	waiting int // members in a write that has to be waited for
	extra   int // members for whom others were taken to be held up
	watched bool
	closed  bool
}

// crewLook is how often is looked whether all of a crew are held up, crewLooks how
// often without need, and crewPatience how often before one is replaced who is
// not known to wait for a client.
const (
	crewLook     = 5 * time.Millisecond
	crewLooks    = 20
	crewPatience = 20
)

func newCrew() *crew {
	c := new(crew)
	c.ready.L = &c.mu
	c.turn, _ = herd.NewTurn() // it works without
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
	case c.active() < runtime.GOMAXPROCS(0):
		c.join(1)
	}
	if !c.watched {
		c.watched = true
		c.running.Go(c.watch)
	}
}

// active returns how many members have something to do, and are not known to be
// unable to. mu must be held.
func (c *crew) active() int { return c.members - c.idle - c.waiting }

// wait notes that a member is about to write. If it is certain that this has to be
// waited for somebody else goes on for it.
func (c *crew) wait(certain bool) {
	if !certain {
		c.held.Add(1)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting++
	if c.next < len(c.queue) && c.idle == 0 && c.active() < runtime.GOMAXPROCS(0) {
		c.join(1)
	}
}

// waited notes that a member has written.
func (c *crew) waited(certain bool) {
	if !certain {
		c.held.Add(-1)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting--
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
	if c.active()-int(c.held.Load()) > runtime.GOMAXPROCS(0)+c.extra {
		c.members--
		return nil
	}
	for c.next == len(c.queue) {
		if c.closed || c.idle >= runtime.GOMAXPROCS(0) {
			c.members--
			c.extra = max(c.extra-1, 0)
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

// A watch is what is known of a crew from looking at it.
type watch struct {
	taken uint64 // how many had had a turn
	empty int    // how often in a row nobody waited for one
	stuck int    // how often in a row nobody got one who did
}

// watch sees to it that the queue moves, until it was empty for a while. It gives
// everybody a turn before it looks: who waits for a processor is not held up.
func (c *crew) watch() {
	ticker := time.NewTicker(crewLook)
	defer ticker.Stop()
	for w := new(watch); w.empty < crewLooks; {
		<-ticker.C
		c.turn.Give()
		c.look(w)
	}
}

// look has others join if all are held up.
func (c *crew) look(w *watch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, held, busy := len(c.queue)-c.next, int(c.held.Load()), c.active()
	switch {
	case waiting == 0:
		if w.empty, w.stuck = w.empty+1, 0; c.closed {
			w.empty = crewLooks
		}
	case c.taken != w.taken:
		w.empty, w.stuck = 0, 0
	case held >= busy:
		c.replace(min(waiting, held))
	default:
		if w.stuck++; w.stuck%crewPatience == 0 {
			c.replace(1)
		}
	}
	w.taken = c.taken
	c.watched = w.empty < crewLooks
}

// replace has n members more for others who are taken to be held up. mu must be
// held.
func (c *crew) replace(n int) {
	c.extra += n
	c.join(n)
}

// close has all leave, when nobody needs them any more.
func (c *crew) close() {
	c.mu.Lock()
	c.closed = true
	c.ready.Broadcast()
	c.mu.Unlock()
	c.running.Wait()
	_ = c.turn.Close()
}
