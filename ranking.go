package tidings

import (
	"container/heap"
	"math/bits"
)

// A ranking knows the largest of a changing set: who pays first when a budget
// is exceeded. Sizes are compared by class, an eighth of an octave wide, so
// that most changes of a size move nothing; within a class the one with the
// oldest event is first. The zero ranking is empty.
type ranking[T ranked] struct{ heap rankHeap[T] }

// A ranked thing has a size, and embeds its place in a ranking.
type ranked interface {
	size() int64
	oldest() uint64
	rank() *place
}

// A place is where a thing stands in a ranking.
type place struct {
	index int32
	class uint16
	first uint64 // seq of its oldest event when it was placed
}

func (p *place) rank() *place { return p }

// sizeClass returns the class of n bytes.
func sizeClass(n int64) uint16 {
	if n < 16 {
		return uint16(max(n, 0))
	}
	octave := bits.Len64(uint64(n))
	return uint16(octave<<3 | int(n>>(octave-4))&7)
}

// add enters a thing.
func (r *ranking[T]) add(t T) {
	t.rank().update(t)
	heap.Push(&r.heap, t)
}

// fix follows a change of a thing's size.
func (r *ranking[T]) fix(t T) {
	if t.rank().update(t) {
		heap.Fix(&r.heap, int(t.rank().index))
	}
}

// remove takes a thing out.
func (r *ranking[T]) remove(t T) { heap.Remove(&r.heap, int(t.rank().index)) }

// largest returns the thing that pays first. There is one.
func (r *ranking[T]) largest() T { return r.heap[0] }

// update notes what a thing is now, and reports whether that may move it.
func (p *place) update(t ranked) bool {
	class, first := sizeClass(t.size()), t.oldest()
	if class == p.class && first == p.first {
		return false
	}
	p.class, p.first = class, first
	return true
}

type rankHeap[T ranked] []T

func (h rankHeap[T]) Len() int { return len(h) }

func (h rankHeap[T]) Less(i, j int) bool {
	a, b := h[i].rank(), h[j].rank()
	return a.class > b.class || a.class == b.class && a.first < b.first
}

func (h rankHeap[T]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].rank().index, h[j].rank().index = int32(i), int32(j)
}

func (h *rankHeap[T]) Push(t any) {
	thing := t.(T)
	thing.rank().index = int32(len(*h))
	*h = append(*h, thing)
}

func (h *rankHeap[T]) Pop() any {
	old := *h
	last := old[len(old)-1]
	var none T
	old[len(old)-1] = none
	*h = old[:len(old)-1]
	if cap(old) > shrinkFrom && len(old)*4 < cap(old) {
		*h = append(make(rankHeap[T], 0, 2*len(old)), *h...)
	}
	return last
}
