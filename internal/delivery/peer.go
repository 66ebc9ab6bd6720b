package delivery

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
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
	s      *Portable
	c      net.Conn
	turn   atomic.Bool           // is taken
	cause  atomic.Pointer[error] // why it ends; the first is kept
	using  atomic.Int32          // who still needs c: who reads, who has the turn
	closed atomic.Bool           // c is
	torn   bool                  // a write failed; is that of who has the turn

	calls  sync.Mutex // is held during the methods of stream, but Interrupt
	stream Stream     // nil when it was closed
	filled bool       // once

	mu        sync.Mutex // is held while Interrupt is called
	blocking  bool       // is in a Fill that blocks
	lingering bool       // the stream is over, the client has still to close

	ignored [64]byte // what the client sent
}

func newPeer(s *Portable, c net.Conn) *peer {
	p := &peer{s: s, c: c}
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
			p.s.release(p)
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
		p.begin()
	}
}

// begin has a goroutine deliver. The turn must be taken: so the connection is
// one that its server waits for.
func (p *peer) begin() {
	p.s.running.Add(1)
	go p.run()
}

// run delivers until nothing is left to be done.
func (p *peer) run() {
	defer p.s.running.Done()
	for {
		for p.cause.Load() == nil && p.queued.Load() {
			p.deliver()
		}
		if p.cause.Load() != nil {
			p.finish()
			return
		}
		if !p.rest() {
			return
		}
	}
}

// rest gives the turn back, and reports whether there is something to be done
// and it has it again.
func (p *peer) rest() bool {
	_ = p.c.SetWriteDeadline(time.Time{})
	p.turn.Store(false)
	return (p.queued.Load() || p.cause.Load() != nil) && p.turn.CompareAndSwap(false, true)
}

// deliver sends what the stream fills next.
func (p *peer) deliver() {
	b := buffers.Get().(*Buffer)
	defer b.giveBack()
	p.queued.Store(false) // from here on a wake-up may be about what Fill does not see
	more, err := p.fill(b)
	if failed := p.write(b); failed != nil {
		err = failed
	}
	switch {
	case err != nil:
		p.cause.CompareAndSwap(nil, &err)
	case more:
		p.queued.Store(true)
	}
}

// fill asks the stream for what is to be sent.
func (p *peer) fill(b *Buffer) (more bool, err error) {
	p.calls.Lock()
	defer p.calls.Unlock()
	p.filled = true
	if !p.block(p.stream.Blocks()) {
		return false, nil // it ends
	}
	defer p.block(false)
	return p.stream.Fill(b)
}

// block notes whether a Fill blocks, and reports whether there may be one.
func (p *peer) block(blocking bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocking = blocking && p.cause.Load() == nil
	return p.blocking || !blocking
}

// tick lets time pass. During a Fill it does not.
func (p *peer) tick(now time.Time) {
	switch ready, err := p.ask(now); {
	case err != nil:
		p.end(err)
	case ready:
		p.Wake()
	}
}

// ask calls the stream's Tick.
func (p *peer) ask(now time.Time) (ready bool, err error) {
	if !p.calls.TryLock() {
		return false, nil
	}
	defer p.calls.Unlock()
	if p.stream == nil || !p.filled || p.cause.Load() != nil {
		return false, nil
	}
	return p.stream.Tick(now)
}
