package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tidings-dev/tidings"
)

// A line is a line of NDJSON without the space around it.
type line struct {
	number int // from 1, blank ones counted
	text   []byte
}

// A lineReader reads the lines of a body as they come. While none has begun it
// holds no buffer.
type lineReader struct {
	body io.Reader
	most int // bytes of a line, more of which are an *overlongError
	// await is called before the next chunk of a line that has begun, rest before
	// one that may begin at any time.
	await, rest func()

	buffer *[]byte // borrowed; what it holds is data and room for more
	data   []byte  // was read and is not yet given out
	looked int     // how much of data has no end of a line
	number int     // of the last line that was given out
	left   int     // how much of the chunk is still to come
	err    error   // why there is nothing more to read
}

// An overlongError says that a line is longer than one may be.
type overlongError struct{ number, most int }

func (e *overlongError) Error() string {
	return fmt.Sprintf("line %d has more than %d bytes", e.number, e.most)
}

// Is reports whether target is tidings.ErrTooLarge.
func (e *overlongError) Is(target error) bool { return target == tidings.ErrTooLarge }

// lineBuffers are lent to those whose line has begun.
var lineBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, chunk)
	return &b
}}

// wait waits until a line, or what there is instead, can be taken.
func (l *lineReader) wait() {
	for l.err == nil && !l.whole() {
		l.fill()
	}
}

// whole reports whether a line has come to its end, which is then looked at, or
// is longer than one may be.
func (l *lineReader) whole() bool {
	end := bytes.IndexByte(l.data[l.looked:], '\n')
	if end < 0 {
		l.looked = len(l.data)
		return len(l.data) > l.most
	}
	l.looked += end
	return true
}

// take appends the lines that have come and are not blank, at most max. They are
// good until the next wait. An error may come with lines before it, and is the
// last; the end of the body is io.EOF.
func (l *lineReader) take(lines []line, max int) ([]line, error) {
	for l.whole() {
		if len(lines) == max {
			return lines, nil
		}
		if l.looked > l.most {
			return lines, &overlongError{l.number + 1, l.most}
		}
		lines = l.give(lines, l.data[:l.looked])
		l.data, l.looked, l.left = l.data[l.looked+1:], 0, 0
	}
	if len(l.data) > 0 && errors.Is(l.err, io.EOF) { // which ends a line too
		if len(lines) == max {
			return lines, nil
		}
		lines = l.give(lines, l.data)
		l.data, l.looked = nil, 0
	}
	return lines, l.err
}

// give appends a line unless it is blank.
func (l *lineReader) give(lines []line, text []byte) []line {
	l.number++
	if text = bytes.Trim(text, space); len(text) > 0 {
		lines = append(lines, line{l.number, text})
	}
	return lines
}

// fill reads once, at least a byte or the error. Of a line that has not begun it
// reads the first byte only: who waits for that shall hold no buffer, and a body
// in chunks may not return before all of a chunk has come.
func (l *lineReader) fill() {
	var first [1]byte
	n := 0
	if len(l.data) == 0 {
		l.release()
		l.rest()
		l.left = 0
		if n, l.err = l.body.Read(first[:]); n == 0 {
			return
		}
		l.buffer = lineBuffers.Get().(*[]byte)
		l.data = append((*l.buffer)[:0], first[0])
		return
	}
	l.grow()
	if l.left <= 0 {
		l.left = chunk
		l.await()
	}
	n, l.err = l.body.Read(l.data[len(l.data):cap(l.data)])
	l.data, l.left = l.data[:len(l.data)+n], l.left-n
}

// grow makes room behind the data.
func (l *lineReader) grow() {
	const enough = chunk / 4
	switch {
	case cap(l.data)-len(l.data) >= enough:
		return
	case cap(*l.buffer)-len(l.data) >= enough:
		l.data = append((*l.buffer)[:0], l.data...) // to the front, over what was given out
	default:
		l.data = append(make([]byte, 0, 2*cap(*l.buffer)), l.data...)
		*l.buffer = l.data
	}
}

// release gives the buffer back. Lines that were given out are no longer good.
func (l *lineReader) release() {
	if l.buffer != nil {
		if cap(*l.buffer) <= 4*chunk { // unless a line was larger than most are
			lineBuffers.Put(l.buffer)
		}
		l.buffer, l.data = nil, nil
	}
}
