package delivery

import (
	"net"
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
	zero    time.Time
	crew    *crew
	running sync.WaitGroup // connections, and all goroutines but the crew's
	closing atomic.Bool
	closed  chan struct{}

	mu    sync.Mutex
	count int                // of connections, with those that Serve is about to add
	peers map[*peer]struct{} // the connections
}

// NewPortable returns a Portable, which has to be closed. Options may be nil.
func NewPortable(o *Options) *Portable {
	s := &Portable{
		opts: o.withDefaults(), zero: time.Now(), crew: newCrew(),
		closed: make(chan struct{}), peers: make(map[*peer]struct{}),
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

// Close ends all streams with ErrClosed and returns when their Close and all
// Fills have returned, and no goroutine and no connection is left. What clients
// have not accepted yet is not sent; those that were told the end of their
// stream have a tenth of a second to close. It may be called again.
func (s *Portable) Close() {
	if s.shut() {
		for _, p := range s.all(nil) {
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
	if s.peers[p] = struct{}{}; s.closing.Load() {
		err := ErrClosed
		p.cause.CompareAndSwap(nil, &err)
	}
}

// release forgets a connection.
func (s *Portable) release(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
	s.count--
	s.running.Done()
}

// all appends all connections.
func (s *Portable) all(to []*peer) []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		to = append(to, p)
	}
	return to
}

// tick lets time pass for all connections, until s is closed.
func (s *Portable) tick() {
	ticker := time.NewTicker(s.opts.Tick)
	defer ticker.Stop()
	var peers []*peer
	for {
		select {
		case now := <-ticker.C:
			peers = s.all(peers)
			for _, p := range peers {
				p.tick(now)
			}
			clear(peers) // who is gone shall not be held here
			peers = peers[:0]
		case <-s.closed:
			return
		}
	}
}
