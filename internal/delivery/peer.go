package delivery

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A peer is a connection of a Portable.
//
// Whoever has its turn delivers, and is the only one. That no wake-up is lost:
// who has something to be done says so first (queued or cause) and tries to take
// the turn after that. If that fails somebody has it, and he looks once more
// after he gave it back ([peer.rest]). These are sequentially consistent atomics,
// so one of both sees what the other did. At the end the turn is not given back.
type peer struct {
	Conn
	turn   atomic.Bool // is taken
	calls  sync.Mutex  // is held during the methods of stream, but Interrupt
	stream Stream      // nil when it was closed
	slot   int32       // in the roster
	c      net.Conn
	socket syscall.RawConn // of c, if that is all that c is, and nil elsewhere
	s      *Portable
	cause  atomic.Pointer[error] // why it ends; the first is kept
	writes atomic.Uint32         // is odd during a write
	aside  bool                  // who has the turn is no member of the crew
	filled bool                  // once
	torn   bool                  // a write failed; is that of who has the turn

	seen   uint32        // writes at the last tick,
	since  time.Duration // and from when on it was that
	using  atomic.Int32  // who still needs c: who reads, who has the turn
	closed atomic.Bool   // c is

	mu        sync.Mutex // is held while Interrupt is called
	blocking  bool       // is in a Fill that blocks
	lingering bool       // the stream is over, the client has still to close

	ignored [32]byte // what the client sent
}

func newPeer(s *Portable, c net.Conn) *peer {
	p := &peer{s: s, c: c, socket: plainSocket(c)}
	p.push = p.pushed
	p.queued.Store(true)
	p.turn.Store(true) // is that of Serve
	p.using.Store(2)
	return p
}

// start makes the stream. Without one, as after a panic, all that was reserved
// is given back.
func (p *peer) start(start func(*Conn) Stream) error {
	defer func() {
		if p.stream == nil {
			p.s.release()
		}
	}()
	if p.stream = start(&p.Conn); p.stream == nil {
		return errNoStream
	}
	return nil
}

// read waits until the client hangs up. Its stack is what an idle connection
// costs: it is shallow, and nothing else is done on it.
func (p *peer) read() {
	for {
		if _, err := p.c.Read(p.ignored[:]); err != nil {
			if p.end(fmt.Errorf("%w: %w", ErrHungUp, err)) {
				p.close() // the Fill may take long
			}
			p.leave()
			return
		}
	}
}

// pushed is what a wake-up does, and whatever else there is to be done.
func (p *peer) pushed(*Conn) {
	if p.turn.CompareAndSwap(false, true) {
		p.s.crew.add(p)
	}
}

// serve does what is to be done next. The turn must be taken. A Fill that blocks
// gets a goroutine of its own.
func (p *peer) serve() {
	if p.cause.Load() != nil || !p.queued.Load() {
		p.goOn()
		return
	}
	b := buffers.Get().(*Buffer)
	defer b.giveBack()
	p.aside = false
	if more, err := p.fill(b); err == errBlocks {
		p.s.running.Go(p.load)
	} else {
		p.deliver(b, more, err)
	}
}

// load is serve for a Fill that blocks, with a buffer that has no memory yet: it may
// be long until it needs some.
func (p *peer) load() {
	b := new(Buffer)
	p.aside = true
	more, err := p.fillBlocking(b)
	p.deliver(b, more, err)
}

// deliver sends what was filled. more and err are what Fill returned.
func (p *peer) deliver(b *Buffer, more bool, err error) {
	if failed := p.write(b); failed != nil {
		err = failed
	}
	switch {
	case err != nil:
		p.cause.CompareAndSwap(nil, &err)
	case more:
		p.queued.Store(true)
	}
	p.goOn()
}

// goOn ends the connection, or gives the turn back. If something is left to be
// done it stands behind all others.
func (p *peer) goOn() {
	switch {
	case p.cause.Load() != nil:
		p.finish()
	case p.queued.Load() || p.rest():
		p.s.crew.add(p)
	}
}

// rest gives the turn back, and reports whether there is something to be done
// and it has it again.
func (p *peer) rest() bool {
	p.turn.Store(false)
	return (p.queued.Load() || p.cause.Load() != nil) && p.turn.CompareAndSwap(false, true)
}

// errBlocks says that the next Fill may wait.
var errBlocks = errors.New("delivery: the next Fill blocks")

// fill asks the stream for what is to be sent, unless that blocks.
func (p *peer) fill(b *Buffer) (more bool, err error) {
	p.calls.Lock()
	defer p.calls.Unlock()
	p.filled = true
	if p.stream.Blocks() {
		return false, errBlocks
	}
	p.queued.Store(false) // from here on a wake-up may be about what Fill does not see
	return p.stream.Fill(b)
}

// fillBlocking is fill, which may wait.
func (p *peer) fillBlocking(b *Buffer) (more bool, err error) {
	p.calls.Lock()
	defer p.calls.Unlock()
	if !p.block(true) {
		return false, nil // it ends
	}
	defer p.block(false)
	p.queued.Store(false)
	return p.stream.Fill(b)
}

// block notes whether a Fill blocks, and reports whether one may.
func (p *peer) block(blocking bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocking = blocking && p.cause.Load() == nil
	return p.blocking
}

// tick lets time pass, for the stream not during a Fill, and returns when it is to
// do that next.
func (p *peer) tick(now time.Time) time.Duration {
	at := now.Sub(p.s.began)
	if p.late(at) {
		p.end(fmt.Errorf("delivery: a client did not accept what it gets in %v: %w", p.s.opts.WriteTimeout, os.ErrDeadlineExceeded))
		return never
	}
	next, err := p.ask(now)
	switch {
	case err != nil:
		p.end(err)
		return never
	case !next.After(now):
		p.Wake()
	}
	if p.writes.Load()%2 == 1 {
		return at
	}
	return next.Sub(p.s.began)
}

// late reports whether a write takes longer than it may.
func (p *peer) late(now time.Duration) bool {
	if n := p.writes.Load(); n%2 == 0 || n != p.seen {
		p.seen, p.since = n, now
		return false
	}
	return now-p.since >= p.s.opts.WriteTimeout
}

// ask calls the stream's Tick, or later if that cannot be now.
func (p *peer) ask(now time.Time) (next time.Time, err error) {
	later := now.Add(1)
	if !p.calls.TryLock() {
		return later, nil
	}
	defer p.calls.Unlock()
	if p.stream == nil || !p.filled || p.cause.Load() != nil {
		return later, nil
	}
	return p.stream.Tick(now)
}
