package load

import (
	"bytes"
	"fmt"
)

// A scanner reads the frames of one stream. What it keeps between two reads is
// the beginning of a frame that was cut, usually nothing; everything else is
// shared by all connections. The zero scanner is at the start of a body that is
// not chunked.
type scanner struct {
	chunks  chunks
	chunked bool
	rest    []byte
}

// clean reports whether the scanner stands between two frames, and keeps
// nothing: what it finds in the next bytes depends on these alone.
func (s *scanner) clean() bool { return len(s.rest) == 0 && s.chunks == chunks{} }

// ended reports whether the body is at its end.
func (s *scanner) ended() bool { return s.chunks.at == chunksOver }

// scan appends the events that p has to events. It overwrites p.
func (s *scanner) scan(events []event, p []byte) ([]event, error) {
	if s.chunked {
		var err error
		if p, err = s.chunks.decode(p); err != nil {
			return events, err
		}
	}
	if len(s.rest) > 0 {
		s.rest = append(s.rest, p...)
		p = s.rest
	}
	events, rest, err := frames(events, p)
	s.keep(rest)
	return events, err
}

// keep keeps the beginning of a frame.
func (s *scanner) keep(rest []byte) {
	if len(rest) == 0 {
		s.rest = nil // most connections never have one again
		return
	}
	s.rest = append([]byte(nil), rest...)
}

// frames appends the events of all whole frames of p, and returns what is left.
func frames(events []event, p []byte) ([]event, []byte, error) {
	for {
		i := bytes.Index(p, []byte("\n\n"))
		if i < 0 {
			return events, p, nil
		}
		e, is, err := readFrame(p[:i])
		if err != nil {
			return events, nil, err
		}
		if is {
			events = append(events, e)
		}
		p = p[i+2:]
	}
}

// readFrame reads a frame. Comments, and frames that have no data, are no
// events; data that nobody here published is an error.
func readFrame(frame []byte) (e event, is bool, err error) {
	if e, is = readPayload(frame); is {
		e.id = frameID(frame)
		return e, true, nil
	}
	if bytes.HasPrefix(frame, []byte("data:")) || bytes.Contains(frame, []byte("\ndata:")) {
		return e, false, fmt.Errorf("a frame that was not published: %.200q", frame)
	}
	return e, false, nil
}

// frameID returns the position in a frame, or none. The line stands last where
// Tidings writes it, and first where nchan does.
func frameID(frame []byte) position {
	name := []byte("id: ")
	start := 0
	if !bytes.HasPrefix(frame, name) {
		start = bytes.LastIndex(frame, []byte("\nid: ")) + 1
	}
	if start == 0 && !bytes.HasPrefix(frame, name) {
		return position{}
	}
	line := frame[start+len(name):]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	id, _ := readPosition(line)
	return id
}

// chunks decodes a body with Transfer-Encoding: chunked (RFC 9112, 7.1). The
// zero chunks stand before the first size or after a chunk.
type chunks struct {
	at   chunkPart
	left int // of the chunk
}

type chunkPart uint8

const (
	chunkSize  chunkPart = iota
	chunkDigit           // a size has begun
	chunkLF              // to the end of the size's line
	chunkData
	chunkEnd // CR LF after the data
	chunksOver
)

// decode returns the data in p, which it overwrites. What follows the last
// chunk is ignored.
func (c *chunks) decode(p []byte) ([]byte, error) {
	out := p[:0]
	for i := 0; i < len(p) && c.at != chunksOver; {
		if c.at == chunkData {
			n := min(c.left, len(p)-i)
			out = append(out, p[i:i+n]...)
			if c.left -= n; c.left == 0 {
				c.at = chunkEnd
			}
			i += n
			continue
		}
		if err := c.frame(p[i]); err != nil {
			return nil, err
		}
		i++
	}
	return out, nil
}

// frame takes a byte that is no data.
func (c *chunks) frame(b byte) error {
	switch {
	case c.at == chunkEnd:
		if b == '\n' {
			c.at = chunkSize
		}
	case b == '\n' && c.at != chunkSize:
		c.at = chunkData
		if c.left == 0 {
			c.at = chunksOver
		}
	case c.at == chunkLF || c.at == chunkDigit && (b == '\r' || b == ';'):
		c.at = chunkLF // an extension means nothing here
	default:
		digit, ok := hexadecimal(b)
		if !ok || c.left > 1<<30 {
			return fmt.Errorf("the size of a chunk has %q in it", b)
		}
		c.at, c.left = chunkDigit, c.left<<4|digit
	}
	return nil
}

// hexadecimal returns the value of a digit.
func hexadecimal(b byte) (int, bool) {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0'), true
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		return int(b|0x20-'a') + 10, true
	}
	return 0, false
}
