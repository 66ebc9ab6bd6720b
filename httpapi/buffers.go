package httpapi

import (
	"sync"

	"github.com/tidings-dev/tidings"
)

// Streams borrow buffers while they write, so that those that wait, which most
// do, hold none.

var eventBuffers = sync.Pool{New: func() any {
	b := make([]tidings.Event, 0, 64)
	return &b
}}

var byteBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 4<<10)
	return &b
}}

// returnEvents gives back a buffer in which n events were used.
func returnEvents(b *[]tidings.Event, n int) {
	clear((*b)[:min(n, cap(*b))])
	eventBuffers.Put(b)
}

// returnBytes gives back a buffer, unless it became larger than most need.
func returnBytes(b *[]byte) {
	if cap(*b) <= 4*chunk {
		byteBuffers.Put(b)
	}
}
