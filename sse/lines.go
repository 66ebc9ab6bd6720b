package sse

import (
	"bytes"
	"fmt"
	"io"
)

// A lineReader cuts a stream into lines that end in CR, LF or CRLF. A line is
// given as soon as its first line end byte is there: the LF of a CRLF is
// dropped when it arrives, and not waited for.
type lineReader struct {
	r       io.Reader
	max     int    // bytes of a line, without its end
	buf     []byte // its length is the space there is to read into
	start   int    // of the current line in buf
	end     int    // of what was read into buf
	scanned int    // bytes after start known to hold no line end
	afterCR bool   // the last line ended in CR: an LF belongs to it
	err     error  // from r, to be returned once all lines were
}

const (
	firstBuffer = 4 << 10
	maxIdle     = 100 // reads without bytes and without error, as bufio has it
)

// next returns the next line without its end, valid until the call after. An
// incomplete line at the end of the stream is dropped.
func (l *lineReader) next() ([]byte, error) {
	for {
		line, ok := l.cut()
		if len(line) > l.max {
			return nil, &TooLargeError{What: "line", Limit: l.max}
		}
		if ok {
			return line, nil
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
}

// cut takes a complete line from the buffer. Without one it returns what there
// is of it, and false.
func (l *lineReader) cut() ([]byte, bool) {
	l.dropLF()
	rest := l.buf[l.start:l.end]
	i := lineEnd(rest[l.scanned:])
	if i < 0 {
		l.scanned = len(rest)
		return rest, false
	}
	i += l.scanned
	l.afterCR = rest[i] == '\r'
	l.start += i + 1
	l.scanned = 0
	return rest[:i], true
}

// dropLF drops the LF of a CRLF whose CR has already ended a line.
func (l *lineReader) dropLF() {
	if !l.afterCR || l.start == l.end {
		return
	}
	l.afterCR = false
	if l.buf[l.start] == '\n' {
		l.start++
	}
}

// fill reads once more, after everything in the buffer was looked at.
func (l *lineReader) fill() error {
	if l.err != nil {
		return l.err
	}
	l.makeRoom()
	for range maxIdle {
		n, err := l.r.Read(l.buf[l.end:])
		l.end += n
		l.err = wrapRead(err)
		if n > 0 {
			return nil
		}
		if err != nil {
			return l.err
		}
	}
	l.err = wrapRead(io.ErrNoProgress)
	return l.err
}

// wrapRead says what was being done, but leaves io.EOF as it is.
func wrapRead(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return fmt.Errorf("read event stream: %w", err)
}

// makeRoom moves the incomplete line to the front of the buffer and doubles a
// full one.
func (l *lineReader) makeRoom() {
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	if l.end == len(l.buf) {
		grown := make([]byte, max(firstBuffer, 2*len(l.buf)))
		copy(grown, l.buf)
		l.buf = grown
	}
}

// lineEnd returns the index of the first CR or LF in b, or -1. It looks for
// both, piece by piece: two fast searches beat one for either byte, and a
// stream of many short CR lines must not be searched to its end for each.
func lineEnd(b []byte) int {
	const piece = 1 << 10
	for at := 0; at < len(b); at += piece {
		p := b[at:min(at+piece, len(b))]
		lf := bytes.IndexByte(p, '\n')
		if lf >= 0 {
			p = p[:lf]
		}
		if cr := bytes.IndexByte(p, '\r'); cr >= 0 {
			return at + cr
		}
		if lf >= 0 {
			return at + lf
		}
	}
	return -1
}
