package tidings

import (
	"iter"
	"slices"
	"sort"
)

// A timeline is a list of retained events in the order of their seq, cheap to
// append to, to search by seq, to shorten at its front and to punch holes in.
// It is cut into chunks so that no operation touches more than one of them and
// the list of chunks.
//
// The zero timeline is empty. Its topic's lock guards it.
type timeline struct {
	chunks []chunk
	live   int // events, holes not counted
}

// A chunk is a run of slots; it has at least one live one.
type chunk struct {
	slots []slot
	live  int
	made  int // slots there is memory for, also in front of the first
}

// A slot holds an event, or nil where it was removed. seq is there so that a
// search need not touch the events.
type slot struct {
	seq   uint64
	event *Event
}

// chunkSlots is the length at which a chunk is full.
const chunkSlots = 256

// add appends an event that comes after all others.
func (t *timeline) add(e *Event) {
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last].slots) == chunkSlots {
		t.chunks = append(t.chunks, chunk{slots: make([]slot, 0, t.firstCap())})
		last++
	}
	c := &t.chunks[last]
	c.slots = append(c.slots, slot{e.ID.seq, e})
	c.made = max(c.made, cap(c.slots))
	c.live++
	t.live++
}

// firstCap keeps the first chunk of a short timeline small.
func (t *timeline) firstCap() int {
	if len(t.chunks) == 0 {
		return 1
	}
	return chunkSlots
}

// find returns the indices of the first slot after seq.
func (t *timeline) find(seq uint64) (c, s int) {
	n := len(t.chunks)
	if n > 0 && t.chunks[n-1].last() <= seq {
		return n, 0 // the usual case: nothing new
	}
	c = sort.Search(n, func(i int) bool { return t.chunks[i].last() > seq })
	if c == n {
		return n, 0
	}
	slots := t.chunks[c].slots
	if k := len(slots) - 2; k < 0 || slots[k].seq <= seq {
		return c, k + 1 // the next usual case: one event is new
	}
	return c, sort.Search(len(slots), func(i int) bool { return slots[i].seq > seq })
}

// last returns the seq of the chunk's last slot.
func (c *chunk) last() uint64 { return c.slots[len(c.slots)-1].seq }

// after yields the events after seq, oldest first.
func (t *timeline) after(seq uint64) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		c, s := t.find(seq)
		for ; c < len(t.chunks); c, s = c+1, 0 {
			for _, slot := range t.chunks[c].slots[s:] {
				if slot.event != nil && !yield(slot.event) {
					return
				}
			}
		}
	}
}

// before yields the events before seq, newest first.
func (t *timeline) before(seq uint64) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		c, s := t.find(seq - 1) // the first slot not before seq
		if c == len(t.chunks) {
			c, s = c-1, chunkSlots
		}
		for ; c >= 0; c, s = c-1, chunkSlots {
			slots := t.chunks[c].slots
			for _, slot := range slices.Backward(slots[:min(s, len(slots))]) {
				if slot.event != nil && !yield(slot.event) {
					return
				}
			}
		}
	}
}

// front returns the oldest event, or nil. The first slot of a chunk is never a
// hole.
func (t *timeline) front() *Event {
	if len(t.chunks) == 0 {
		return nil
	}
	return t.chunks[0].slots[0].event
}

// get returns the event with the seq, or nil.
func (t *timeline) get(seq uint64) *Event {
	c, s := t.find(seq - 1)
	if seq == 0 || c == len(t.chunks) || t.chunks[c].slots[s].seq != seq {
		return nil
	}
	return t.chunks[c].slots[s].event
}

// remove takes out the event with the seq, which must be there.
func (t *timeline) remove(seq uint64) {
	i, s := t.find(seq - 1)
	c := &t.chunks[i]
	c.slots[s].event = nil
	c.live--
	t.live--
	switch {
	case c.live == 0:
		t.drop(i)
	case c.live*4 <= c.made:
		t.tighten(i)
	case s == 0:
		c.slots = c.slots[c.holes():]
	}
}

// holes returns how many slots at the front are holes. There is a live one.
func (c *chunk) holes() int {
	return slices.IndexFunc(c.slots, func(s slot) bool { return s.event != nil })
}

// drop removes chunk i. Dropping the first one does not move the others.
func (t *timeline) drop(i int) {
	if i > 0 {
		t.chunks = slices.Delete(t.chunks, i, i+1)
		return
	}
	t.chunks[0] = chunk{}
	t.chunks = t.chunks[1:]
	if len(t.chunks) == 0 {
		t.chunks = nil
	}
}

// tighten copies the live slots of chunk i together, and into the chunk before
// it if they fit there, so that scattered survivors do not keep chunks of
// holes.
func (t *timeline) tighten(i int) {
	live := make([]slot, 0, t.chunks[i].live)
	for _, s := range t.chunks[i].slots {
		if s.event != nil {
			live = append(live, s)
		}
	}
	if i > 0 && len(t.chunks[i-1].slots)+len(live) <= chunkSlots {
		before := &t.chunks[i-1]
		before.slots = append(before.slots, live...)
		before.live += len(live)
		before.made = max(before.made, cap(before.slots))
		t.drop(i)
		return
	}
	t.chunks[i].slots, t.chunks[i].made = live, len(live)
}
