package httpapi

import (
	"sync"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A slot is what connections are counted for.
type slot struct{ subject, stream string }

// slots counts connections.
type slots struct {
	limit int // negative: none
	mu    sync.Mutex
	held  map[slot]int
}

func newSlots(limit int) slots { return slots{limit: limit, held: make(map[slot]int)} }

// take counts one more connection, if there may be one.
func (s *slots) take(k slot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit >= 0 && s.held[k] >= s.limit {
		return refusal(wire.TooManyConnections, "%d connections are open already, which is the limit: close one, or follow several sessions with one", s.limit).after(5 * time.Second)
	}
	s.held[k]++
	return nil
}

// release gives a connection back.
func (s *slots) release(k slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[k]--; s.held[k] == 0 {
		delete(s.held, k)
	}
}

// admit lets a stream begin. The caller calls release when it has ended.
func (h *Handler) admit(subject, stream string) (release func(), err error) {
	k := slot{subject, stream}
	if h.opts.AcrossStreams {
		k.stream = ""
	}
	if !h.drain.enter() {
		return nil, draining()
	}
	if err := h.slots.take(k); err != nil {
		h.drain.leave()
		return nil, err
	}
	return func() {
		h.slots.release(k)
		h.drain.leave()
	}, nil
}
