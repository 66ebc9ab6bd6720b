package delivery

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// How a connection of a Portable ends. As on a Server the stream is always
// closed first, so that what it held is free before its client can know and come
// back.

// atLast is how long a client may take to close its end when the server closes.
const atLast = time.Second / 10

// end ends a connection from outside of its turn. What holds that up is broken
// off. It reports whether that is a Fill.
func (p *peer) end(err error) (fills bool) {
	if !p.cause.CompareAndSwap(nil, &err) {
		return false
	}
	fills = p.interrupt()
	_ = p.c.SetWriteDeadline(time.Unix(1, 0))
	p.pushed(&p.Conn)
	return fills
}

// interrupt tells a Fill that blocks, and reports whether there is one.
func (p *peer) interrupt() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.blocking { // else stream is what it was until that ends
		return false
	}
	if i, ok := p.stream.(Interrupter); ok {
		i.Interrupt()
	}
	return true
}

// finish ends the connection. The turn is not given back.
func (p *peer) finish() {
	err := *p.cause.Load()
	p.closeStream(err)
	switch {
	case p.torn:
		p.reset()
	case errors.Is(err, ErrHungUp) || errors.Is(err, ErrClosed) || !p.part():
		p.close()
	}
	p.leave()
}

func (p *peer) closeStream(err error) {
	p.calls.Lock()
	defer p.calls.Unlock()
	p.stream.Close(err)
	p.stream = nil
}

// part closes our half, of which the client shall get all, and reports whether
// it could. Who reads waits for the other half.
func (p *peer) part() bool {
	c, ok := p.c.(interface{ CloseWrite() error })
	if !ok || c.CloseWrite() != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lingering = true
	patience := p.s.opts.WriteTimeout
	if p.s.closing.Load() {
		patience = min(patience, atLast)
	}
	return p.c.SetReadDeadline(time.Now().Add(patience)) == nil
}

// hurry waits no longer for a client than a server that closes may.
func (p *peer) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lingering {
		_ = p.c.SetReadDeadline(time.Now().Add(min(p.s.opts.WriteTimeout, atLast)))
	}
}

// reset closes a connection whose client does not read. The system holds what
// was sent to it, and would for long after a close; a reset lets it go. What
// wraps the socket must not say good-bye on it, which would wait.
func (p *peer) reset() {
	c := innermost(p.c)
	if l, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0)
	}
	if c != p.c {
		_ = c.Close()
	}
	p.close()
}

// innermost returns what a connection wraps, in the end.
func innermost(c net.Conn) net.Conn {
	for {
		outer, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = outer.NetConn()
	}
}

// close closes the connection, after which who reads it leaves.
func (p *peer) close() {
	if !p.closed.Swap(true) {
		_ = p.c.Close()
	}
}

// leave is called by each of both who need the connection. Without them it ends.
func (p *peer) leave() {
	if p.using.Add(-1) == 0 {
		p.close()
		p.s.remove(p)
	}
}

// write sends what was filled, at most MaxFill bytes at a time.
func (p *peer) write(b *Buffer) error {
	if len(b.referred) == 0 {
		return p.send(b, b.B)
	}
	joined := buffers.Get().(*Buffer)
	defer joined.giveBack()
	for part := range b.Parts() {
		if len(joined.B)+len(part) > MaxFill {
			if err := p.send(joined, joined.B); err != nil {
				return err
			}
			joined.B = joined.B[:0]
		}
		if len(part) < MaxFill {
			joined.B = append(joined.B, part...)
		} else if err := p.send(nil, part); err != nil {
			return err
		}
	}
	return p.send(joined, joined.B)
}

// send writes b, whose memory is that of a Buffer unless that is nil.
func (p *peer) send(of *Buffer, b []byte) error {
	if p.socket != nil && len(b) > 0 && p.cause.Load() == nil {
		if b = b[atOnce(p.socket, b):]; len(b) > 0 {
			b = of.lend(b)
		}
	}
	return p.sendSlowly(b)
}

// sendSlowly writes b, unless the connection is to end. Who ends it says so, and
// sets a deadline of the past after that: so a write meets one or the other.
func (p *peer) sendSlowly(b []byte) error {
	for len(b) > 0 {
		if err := p.cause.Load(); err != nil {
			return *err
		}
		n := min(len(b), MaxFill)
		if err := p.offer(b[:n]); err != nil {
			return p.failed(err)
		}
		b = b[n:]
	}
	return nil
}

// offer sends b, and waits where the connection has no room for all of it.
func (p *peer) offer(b []byte) error {
	p.writes.Add(1)
	defer p.writes.Add(1)
	p.s.hasten(p, 0) // a deadline for each write would cost more
	if !p.aside {
		p.s.crew.wait(p.socket != nil) // which is full, or broken
		defer p.s.crew.waited(p.socket != nil)
	}
	_, err := p.c.Write(b)
	return err
}

// failed says what the error of a write means.
func (p *peer) failed(err error) error {
	p.torn = true
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrClosedPipe) {
		return fmt.Errorf("%w: %w", ErrHungUp, err)
	}
	return fmt.Errorf("delivery: %w", err)
}
