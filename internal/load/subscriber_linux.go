package load

import (
	"bytes"
	"fmt"
	"syscall"
)

// A subscriber is one stream.
type subscriber struct {
	fd      int
	owner   int32
	state   subscriberState
	mute    bool // never reads its events
	port    uint16
	scanner scanner
	seen    seen
}

type subscriberState uint8

const (
	unborn subscriberState = iota
	asked                  // the request is sent
	running
	cut
)

// stalledRoom is how many bytes of what a stalled reader does not read its
// kernel keeps, about.
const stalledRoom = 4096

// begin connects a subscriber and asks for its stream.
func (r *run) begin(i int, after string) error {
	s := &r.subs[i]
	room := 0
	if s.mute {
		room = stalledRoom
	}
	fd, err := dial(r.streams.addr, room)
	if err != nil {
		return fmt.Errorf("subscriber %d: %w", i, err)
	}
	s.fd, s.state = fd, asked
	if s.port, err = localPort(fd); err != nil {
		return err
	}
	r.request = r.streams.subscribe(r.request[:0], int(s.owner), after)
	if n, errno := write(fd, r.request); n != len(r.request) {
		return fmt.Errorf("subscriber %d: its request could not be sent: %w", i, errno)
	}
	return r.poll.add(fd, int32(i), readable)
}

// receive reads what there is for a subscriber.
func (r *run) receive(i int) error {
	s := &r.subs[i]
	n, errno := read(s.fd, r.buffer)
	if later(errno) && n < 0 {
		return nil
	}
	if n <= 0 || errno != 0 {
		return r.lost(i, errno)
	}
	p := r.buffer[:n]
	if s.state == asked {
		var err error
		if p, err = r.answer(i, p); err != nil || s.state == asked {
			return err
		}
	}
	if err := r.deliver(s, p); err != nil {
		return fmt.Errorf("subscriber %d: %w", i, err)
	}
	if s.scanner.ended() {
		return r.lost(i, 0)
	}
	return nil
}

// lost takes note that a stream ended, which only those that do not read may.
func (r *run) lost(i int, errno syscall.Errno) error {
	s := &r.subs[i]
	if !s.mute {
		return fmt.Errorf("subscriber %d: its stream ended after %d events (%v)", i, s.seen.events, reason(errno))
	}
	r.close(s)
	r.noteCut()
	return nil
}

// reason says how a connection ended.
func reason(errno syscall.Errno) string {
	if errno == 0 {
		return "end of file"
	}
	return errno.Error()
}

// answer reads the head of the answer, and returns what follows it.
func (r *run) answer(i int, p []byte) ([]byte, error) {
	s := &r.subs[i]
	s.scanner.rest = append(s.scanner.rest, p...)
	head, ok, err := readResponse(s.scanner.rest)
	if err == nil && ok {
		err = head.refused(s.scanner.rest[head.size:])
	}
	if err != nil {
		return nil, fmt.Errorf("subscriber %d: %w", i, err)
	}
	if !ok {
		return nil, nil
	}
	p = p[:copy(p, s.scanner.rest[head.size:])]
	s.scanner.rest, s.scanner.chunked, s.state = nil, head.chunked, running
	r.open++
	if s.mute {
		return nil, r.poll.change(s.fd, int32(i), gone)
	}
	return p, nil
}

// deliver takes what arrived of a stream. Of a broadcast most connections get
// the very bytes that the one before got, and those mean the same: they are not
// read again, only judged.
func (r *run) deliver(s *subscriber, p []byte) error {
	clean := s.scanner.clean()
	if len(r.same) == 0 || !clean || !bytes.Equal(p, r.same) {
		r.same = append(r.same[:0], p...)
		var err error
		if r.events, err = s.scanner.scan(r.events[:0], p); err != nil {
			return err
		}
		if !clean || !s.scanner.clean() {
			r.same = r.same[:0]
		}
	}
	now := r.now()
	for i := range r.events {
		e := &r.events[i]
		done, err := r.judge.take(int(s.owner), &s.seen, e)
		if err != nil {
			return err
		}
		if done {
			r.outstanding--
		}
		r.latency.add(since(e.at, now), 1)
	}
	r.deliveries += len(r.events)
	return nil
}

// close closes a subscriber's connection.
func (r *run) close(s *subscriber) {
	if s.state != unborn && s.state != cut {
		syscall.Close(s.fd)
		s.state = cut
	}
}
