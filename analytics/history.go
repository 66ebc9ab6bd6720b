package analytics

import (
	"cmp"
	"slices"
)

// A history holds things by the second in which each last did something, the
// longest ago first. Clocks that stamp a log may be apart, or go back: finding
// a second costs a search among the seconds, however many things they hold.
type history[T any] struct {
	seconds []*second[T] // none is empty
}

// A second is the list of what did something in it and nothing since.
type second[T any] struct {
	at          int64 // since 1970
	first, last *place[T]
}

// A place is where in a history something stands. What has it needs no
// allocation to move.
type place[T any] struct {
	of         *T
	at         int64      // the second in which it stands, or last stood
	in         *second[T] // nil: in none
	prev, next *place[T]
}

// touch moves p to the second at, unless it stands there or later.
func (h *history[T]) touch(p *place[T], at int64) {
	if p.in != nil && at <= p.at {
		return
	}
	h.remove(p)
	i, found := h.find(at)
	if !found {
		h.seconds = slices.Insert(h.seconds, i, &second[T]{at: at})
	}
	s := h.seconds[i]
	p.at, p.in, p.prev = at, s, s.last
	if s.last != nil {
		s.last.next = p
	} else {
		s.first = p
	}
	s.last = p
}

// remove takes p out, and its second with the last one.
func (h *history[T]) remove(p *place[T]) {
	s := p.in
	if s == nil {
		return
	}
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		s.first = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	} else {
		s.last = p.prev
	}
	p.in, p.prev, p.next = nil, nil, nil
	if s.first == nil {
		i, _ := h.find(s.at)
		h.seconds = slices.Delete(h.seconds, i, i+1)
	}
}

// find returns where a second is or would be. Usually it is the last.
func (h *history[T]) find(at int64) (int, bool) {
	if n := len(h.seconds); n > 0 && h.seconds[n-1].at <= at {
		if h.seconds[n-1].at == at {
			return n - 1, true
		}
		return n, false
	}
	return slices.BinarySearchFunc(h.seconds, at, func(s *second[T], at int64) int { return cmp.Compare(s.at, at) })
}

// oldest returns what did something the longest ago, if that was not after
// until, or nil.
func (h *history[T]) oldest(until int64) *T {
	if len(h.seconds) == 0 || h.seconds[0].at > until {
		return nil
	}
	return h.seconds[0].first.of
}

// between returns the seconds after one and up to another.
func (h *history[T]) between(after, until int64) []*second[T] {
	i, _ := h.find(after + 1)
	j, _ := h.find(until + 1)
	return h.seconds[i:max(i, j)]
}
