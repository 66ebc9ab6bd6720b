package delivery

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Portable sends the streams of connections of any kind, on every system. All
// methods may be called concurrently.
//
// A connection that has nothing to send costs one goroutine with a small stack,
// which reads and so notices that the client hung up. What is to be sent is sent
// by a few others. While all of these are held up by clients, others take their
// place, and a Fill that blocks has a goroutine of its own, so Options.Loads does
// not apply, and Options.Writers neither.
type Portable struct {
	opts    Options
	began   time.Time
	crew    *crew
	running sync.WaitGroup // connections, and all goroutines but the crew's
	closing atomic.Bool
	closed  chan struct{}
	asked   chan struct{} // says that all streams are to be

	mu     sync.Mutex
	count  int // of connections, with those that Serve is about to add
	roster roster[peer]
}

// NewPortable returns a Portable, which has to be closed. Options may be nil.
func NewPortable(o *Options) *Portable {
	s := &Portable{
		opts: o.withDefaults(), began: time.Now(), crew: newCrew(), closed: make(chan struct{}), asked: make(chan struct{}, 1),
	}
	s.running.Go(s.tick)
	return s
}

// Serve takes over c, and sends what the Stream fills that start returns. start
// is called once, before Serve returns, and may already pass the Conn to whoever
// wakes it; Fill follows at once. What c receives is read and ignored. Deadlines
// of c are lifted.
//
// After an error c is untouched, and there is no stream: start was not called,
// or returned nil. The error matches ErrClosed after Close.
func (s *Portable) Serve(c net.Conn, start func(*Conn) Stream) error {
	if !s.reserve() {
		return ErrClosed
	}
	p := newPeer(s, c)
	if err := p.start(start); err != nil {
		return err
	}
	_ = c.SetDeadline(time.Time{})
	limitUnsent(c)
	s.running.Go(p.read)
	s.add(p)
	s.crew.add(p)
	return nil
}

// Connections returns how many connections there are. One whose stream has
// ended counts until its client has closed it too.
func (s *Portable) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Ask has the Tick of all streams called soon, whatever they returned when it was
// called before.
func (s *Portable) Ask() {
	s.mu.Lock()
	s.roster.hastenAll()
	s.mu.Unlock()
	select {
	case s.asked <- struct{}{}:
	default:
	}
}

// Close ends all streams with ErrClosed and returns when their Close and all
// Fills have returned, and no goroutine and no connection is left. What clients
// have not accepted yet is not sent; those that were told the end of their
// stream have a tenth of a second to close. It may be called again.
func (s *Portable) Close() {
	if s.shut() {
		for _, p := range s.all() {
			p.end(ErrClosed)
			p.hurry()
		}
	}
	s.running.Wait()
	s.crew.close()
}

// shut keeps connections from being added, and reports whether they could be
// before.
func (s *Portable) shut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Swap(true) {
		return false
	}
	close(s.closed)
	return true
}

// reserve counts a connection that will come, unless s is closed.
func (s *Portable) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.count++
	s.running.Add(1)
	return true
}

// add adds a connection that was reserved.
func (s *Portable) add(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.slot = s.roster.add(p); s.closing.Load() {
		err := ErrClosed
		p.cause.CompareAndSwap(nil, &err)
	}
}

// remove forgets a connection that was added.
func (s *Portable) remove(p *peer) {
	s.mu.Lock()
	s.roster.remove(p.slot)
	s.mu.Unlock()
	s.release()
}

// release counts one connection less.
func (s *Portable) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	s.running.Done()
}

// all returns all connections.
func (s *Portable) all() []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.roster.members), func(p *peer) bool { return p == nil })
}

// tick lets time pass for those connections for which that matters, until s is
// closed.
func (s *Portable) tick() {
	ticker := time.NewTicker(s.opts.Tick)
	defer ticker.Stop()
	var peers []*peer
	for {
		select {
		case now := <-ticker.C:
			peers = s.tickAll(peers, now)
		case <-s.asked:
			peers = s.tickAll(peers, time.Now())
		case <-s.closed:
			return
		}
	}
}

// tickAll lets time pass for those connections that are due. It returns peers,
// empty, for the next time.
func (s *Portable) tickAll(peers []*peer, now time.Time) []*peer {
	peers = s.due(peers, now.Sub(s.began))
	for _, p := range peers {
		s.hasten(p, p.tick(now))
	}
	clear(peers) // who is gone shall not be held here
	return peers[:0]
}

// due appends the connections that are to be looked at, of which it forgets that.
func (s *Portable) due(to []*peer, now time.Duration) []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for slot, due := range s.roster.due {
		if due <= now {
			to = append(to, s.roster.members[slot])
			s.roster.due[slot] = never
		}
	}
	return to
}

// hasten has a connection looked at by a time, if it is still there.
func (s *Portable) hasten(p *peer, at time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roster.members[p.slot] == p {
		s.roster.hasten(p.slot, at)
	}
}
