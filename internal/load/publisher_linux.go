package load

import (
	"bytes"
	"fmt"
	"strconv"
	"syscall"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A publisher is a connection that publishes: request after request, or one
// that stays open.
type publisher struct {
	fd    int
	busy  bool // its request has no answer yet, or its connection no room
	owner int  // of the next event
	due   []int64
	sent  []int64 // when what has no answer was due, first of each request
	out   []byte  // what the connection had no room for
	in    []byte  // of an answer
	body  chunks  // of the answer to a request that stays open
	line  []byte  // of that answer, as far as it came
	open  bool    // its head was read
}

// publishers' ids in a poll begin here and go down.
const firstPublisher = -1

// connectPublishers opens the publishers' connections. The owners are dealt
// out to them.
func (r *run) connectPublishers() error {
	r.pubs = make([]publisher, r.o.Publishers)
	for i := range r.pubs {
		fd, err := dial(r.posts.addr, 0)
		if err != nil {
			return fmt.Errorf("publisher %d: %w", i, err)
		}
		p := &r.pubs[i]
		p.fd, p.owner = fd, i%r.o.Owners
		r.idle = append(r.idle, int32(i))
		if err := r.urgent.add(fd, int32(firstPublisher-i), readable); err != nil {
			return err
		}
		if r.o.NDJSON {
			r.request = r.posts.publish(r.request[:0], p.owner, wire.NDJSONType, -1)
			if err := r.send(i, r.request); err != nil {
				return err
			}
		}
	}
	return nil
}

// feed sends what is due, as far as there are publishers and the window lets.
func (r *run) feed() error {
	if !r.publishing {
		return nil
	}
	if r.o.Rate > 0 {
		r.dealDue()
		return r.sendDue()
	}
	for len(r.idle) > 0 && r.outstanding+r.o.Batch <= r.o.Window {
		i := r.nextIdle()
		p := &r.pubs[i]
		for now := r.now(); len(p.due) < r.o.Batch; {
			p.due = append(p.due, now)
		}
		if err := r.publish(i); err != nil {
			return err
		}
	}
	return nil
}

// dealDue gives publishers in turn what has become due.
func (r *run) dealDue() {
	for now := r.now(); r.due <= now; {
		p := &r.pubs[r.dealt/r.o.Batch%len(r.pubs)]
		p.due = append(p.due, r.due)
		r.dealt++
		r.due = r.rateBegan + int64(float64(r.dealt)/r.o.Rate*1e9)
	}
}

// sendDue makes those publish who may and have something to.
func (r *run) sendDue() error {
	for n := len(r.idle); n > 0; n-- {
		i := r.nextIdle()
		if len(r.pubs[i].due) < r.o.Batch {
			r.idle = append(r.idle, int32(i))
			continue
		}
		if err := r.publish(i); err != nil {
			return err
		}
	}
	return nil
}

// nextIdle takes the publisher that is idle longest.
func (r *run) nextIdle() int {
	i := r.idle[0]
	r.idle = r.idle[1:]
	return int(i)
}

// publish sends a batch of what is due.
func (r *run) publish(i int) error {
	p := &r.pubs[i]
	p.busy = true
	p.sent = append(p.sent, p.due[0])
	owner := p.owner
	r.body = r.body[:0]
	for _, at := range p.due[:r.o.Batch] {
		r.appendEvent(i, at)
	}
	p.due = p.due[:copy(p.due, p.due[r.o.Batch:])]
	if r.o.NDJSON {
		r.request = strconv.AppendInt(r.request[:0], int64(len(r.body)), 16)
		r.request = append(append(append(r.request, "\r\n"...), r.body...), "\r\n"...)
		return r.send(i, r.request)
	}
	kind := wire.JSONType
	if r.o.Batch > 1 {
		kind = wire.NDJSONType
	}
	r.request = r.posts.publish(r.request[:0], owner, kind, len(r.body))
	return r.send(i, append(r.request, r.body...))
}

// appendEvent appends a publisher's next event to the body. All of one body
// have one owner where the address names it.
func (r *run) appendEvent(i int, at int64) {
	p := &r.pubs[i]
	number, done := r.judge.publish(p.owner, i)
	if !done {
		r.outstanding++
	}
	if r.posts.named() {
		r.body = appendPayload(r.body, at, number, r.o.Size)
	} else {
		r.body = publication(r.body, r.o.Channel, p.owner, at, number, r.o.Size)
	}
	if r.o.Batch > 1 || r.o.NDJSON {
		r.body = append(r.body, '\n')
	}
	if !r.posts.named() || r.o.Batch == 1 && !r.o.NDJSON {
		p.owner = r.nextOwner(i)
	}
}

// nextOwner returns the owner after the one that a publisher published for.
func (r *run) nextOwner(i int) int {
	if r.o.Scenario == Herd {
		return r.pubs[i].owner
	}
	if next := r.pubs[i].owner + len(r.pubs); next < r.o.Owners {
		return next
	}
	return i % r.o.Owners
}

// send writes to a publisher's connection; what it has no room for waits.
func (r *run) send(i int, b []byte) error {
	p := &r.pubs[i]
	n := 0
	if len(p.out) == 0 {
		var errno syscall.Errno
		if n, errno = write(p.fd, b); errno != 0 && !later(errno) {
			return fmt.Errorf("publisher %d: %w", i, errno)
		}
		n = max(n, 0)
	}
	if n < len(b) {
		p.out = append(p.out, b[n:]...)
		return r.urgent.change(p.fd, int32(firstPublisher-i), readable|writable)
	}
	r.rest(i)
	return nil
}

// rest makes a publisher idle whose request stays open and who has no need to
// wait for the answer.
func (r *run) rest(i int) {
	if p := &r.pubs[i]; p.busy && r.o.NDJSON {
		p.busy = false
		r.idle = append(r.idle, int32(i))
	}
}

// flush writes what the connection had no room for.
func (r *run) flush(i int) error {
	p := &r.pubs[i]
	n, errno := write(p.fd, p.out)
	if errno != 0 && !later(errno) {
		return fmt.Errorf("publisher %d: %w", i, errno)
	}
	if p.out = p.out[:copy(p.out, p.out[max(n, 0):])]; len(p.out) > 0 {
		return nil
	}
	r.rest(i)
	return r.urgent.change(p.fd, int32(firstPublisher-i), readable)
}

// hear reads what a publisher is answered.
func (r *run) hear(i int) error {
	p := &r.pubs[i]
	n, errno := read(p.fd, r.buffer)
	if later(errno) && n < 0 {
		return nil
	}
	if n <= 0 || errno != 0 {
		return fmt.Errorf("publisher %d: the server closed its connection (%s)", i, reason(errno))
	}
	p.in = append(p.in, r.buffer[:n]...)
	var err error
	if r.o.NDJSON {
		err = r.lines(p)
	} else {
		err = r.answers(i)
	}
	if err != nil {
		return fmt.Errorf("publisher %d: %w", i, err)
	}
	return nil
}

// answers takes a whole answer, after which the publisher is idle.
func (r *run) answers(i int) error {
	p := &r.pubs[i]
	size, err := wholeAnswer(p.in)
	if err != nil || size == 0 {
		return err
	}
	p.in = p.in[:copy(p.in, p.in[size:])]
	r.acknowledged(p)
	p.busy = false
	r.idle = append(r.idle, int32(i))
	return nil
}

// lines takes the lines of an answer that stays open, one for each event.
func (r *run) lines(p *publisher) error {
	if !p.open {
		head, ok, err := readResponse(p.in)
		if err != nil || !ok {
			return err
		}
		if err := head.refused(p.in[head.size:]); err != nil {
			return err
		}
		p.open, p.in = true, p.in[:copy(p.in, p.in[head.size:])]
		if !head.chunked {
			return fmt.Errorf("the answer to a request that stays open is not chunked")
		}
	}
	text, err := p.body.decode(p.in)
	if err != nil {
		return err
	}
	p.in = p.in[:0]
	p.line = append(p.line, text...)
	for {
		line, rest, ok := bytes.Cut(p.line, []byte("\n"))
		if !ok {
			return nil
		}
		if !bytes.Contains(line, []byte(`"id"`)) {
			return fmt.Errorf("refused: %.300s", line)
		}
		r.acknowledged(p)
		p.line = p.line[:copy(p.line, rest)]
	}
}

// acknowledged takes note of an answer to the oldest request.
func (r *run) acknowledged(p *publisher) {
	if len(p.sent) > 0 {
		r.acks.add(since(p.sent[0], r.now()), 1)
		p.sent = p.sent[:copy(p.sent, p.sent[1:])]
	}
}
