package delivery

import (
	"bytes"
	"io"
	"iter"
	"sync"
)

// A Buffer gathers what is sent next. What is small is appended to B; what is
// large is added by Refer, and sent from where it is. The zero Buffer is
// empty. It is not safe for concurrent use.
type Buffer struct {
	// B may be appended to and must not be changed otherwise.
	B []byte

	referred []reference
	size     int // of what was referred to
}

// A reference is bytes that stand behind the first at bytes of B.
type reference struct {
	at int
	p  []byte
}

// buffers are those that are not in use.
var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// giveBack puts a buffer back that is not needed any more.
func (b *Buffer) giveBack() {
	b.Reset()
	buffers.Put(b)
}

// lend gives the memory of b to others, as sending what is left of it may take
// long, and returns a copy of that. Without a Buffer nothing needs to be copied.
func (b *Buffer) lend(left []byte) []byte {
	if b == nil {
		return left
	}
	left = bytes.Clone(left)
	(&Buffer{B: b.B}).giveBack()
	b.B = nil
	return left
}

// wasteful is the capacity from which on a Buffer does not keep its memory.
const wasteful = 4 * MaxFill

// Refer adds p behind all that was added so far. Nobody may change p any more:
// it is sent from where it is, which may be after the Buffer was reset.
func (b *Buffer) Refer(p []byte) {
	if len(p) == 0 {
		return
	}
	b.referred = append(b.referred, reference{len(b.B), p})
	b.size += len(p)
}

// Len returns how many bytes were added.
func (b *Buffer) Len() int { return len(b.B) + b.size }

// Reset empties b. It keeps the memory of B for the next use, unless that is
// unusually large.
func (b *Buffer) Reset() {
	b.B = b.B[:0]
	if cap(b.B) > wasteful {
		b.B = nil
	}
	clear(b.referred)
	b.referred, b.size = b.referred[:0], 0
}

// Parts yields what was added, in order, in parts that are not empty. A part
// that is of B is valid until b is reset.
func (b *Buffer) Parts() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for p := range b.parts() {
			if !yield(p) {
				return
			}
		}
	}
}

// WriteTo writes all parts to w, each by one Write.
func (b *Buffer) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for p := range b.parts() {
		n, err := w.Write(p)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// parts yields the parts, and of each whether it is one of B.
func (b *Buffer) parts() iter.Seq2[[]byte, bool] {
	return func(yield func([]byte, bool) bool) {
		from := 0
		for _, r := range b.referred {
			if from < r.at && !yield(b.B[from:r.at], true) || !yield(r.p, false) {
				return
			}
			from = r.at
		}
		if from < len(b.B) {
			yield(b.B[from:], true)
		}
	}
}
