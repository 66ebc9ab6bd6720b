package delivery

import (
	"sync"
	"sync/atomic"
)

// A load is a Fill that may wait, on its way through a goroutine of its own.
type load struct {
	c      *Conn
	stream Stream

	// begun is set by whoever is first: the goroutine that calls Fill, or the
	// writer that gives up before that.
	begun atomic.Bool
	done  atomic.Bool // what follows is the writer's

	buffer *Buffer
	more   bool
	err    error

	cause error // why the connection ended meanwhile; only the writer touches it
}

// beginLoad has a connection filled by a goroutine of its own.
func (w *writer) beginLoad(c *Conn) {
	c.state = loading
	c.load = &load{c: c, stream: c.stream}
	w.s.loads.add(c.load)
}

// collect goes on with a connection whose load is done, if it is.
func (w *writer) collect(c *Conn) {
	switch l := c.load; {
	case l == nil: // gone
	case !l.done.Load():
		c.miss()
	case c.state == gone:
		c.stream, c.load = nil, nil
		l.stream.Close(l.cause)
		w.release()
	default:
		c.load = nil
		w.send(c, l.buffer, l.more, l.err)
	}
}

// abandon says that nobody waits for the load any more, and reports whether
// Fill was begun. If so it is told, and the stream is closed after it.
func (l *load) abandon(err error) bool {
	if !l.begun.Swap(true) {
		l.c, l.stream = nil, nil // l itself stays in the queue until its turn
		return false
	}
	l.cause = err
	if i, ok := l.stream.(Interrupter); ok && !l.done.Load() {
		i.Interrupt()
	}
	return true
}

// run calls Fill, unless that was given up. Memory of a buffer that others had would
// be held as long as that waits, and thousands may.
func (l *load) run() {
	if l.begun.Swap(true) {
		return
	}
	l.buffer = new(Buffer)
	l.more, l.err = l.stream.Fill(l.buffer)
	l.done.Store(true)
	l.c.push(l.c)
}

// loads runs a limited number of loads at once, in the order in which they
// came.
type loads struct {
	limit  int
	owner  *sync.WaitGroup // waits for the goroutines
	mu     sync.Mutex
	active int
	queue  []*load
}

func (s *loads) init(limit int, owner *sync.WaitGroup) { s.limit, s.owner = limit, owner }

// add runs l now, or when it is its turn.
func (s *loads) add(l *load) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == s.limit {
		s.queue = append(s.queue, l)
		return
	}
	s.active++
	s.owner.Go(func() { s.run(l) })
}

// run runs l, and then whatever waits.
func (s *loads) run(l *load) {
	for ; l != nil; l = s.next() {
		l.run()
	}
}

// next returns the load whose turn it is, or nil, which ends a goroutine.
func (s *loads) next() *load {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.active--
		return nil
	}
	l := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	return l
}
