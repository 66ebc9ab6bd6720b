package delivery

import (
	"math"
	"time"
)

// A roster is connections, each with a slot of its own, and when each is to be
// looked at because of the time. Those times stand side by side: looking through
// those of thousands takes microseconds, while each connection would have to come
// from memory.
//
// Times are since the server began.
type roster[T any] struct {
	members []*T            // by slot, nil where there is none
	due     []time.Duration // by slot
	unused  []int32         // slots
}

// never is when nothing is to be looked at.
const never time.Duration = math.MaxInt64

// add gives a connection a slot, and has it looked at the next time.
func (r *roster[T]) add(m *T) (slot int32) {
	if n := len(r.unused); n > 0 {
		slot, r.unused = r.unused[n-1], r.unused[:n-1]
		r.members[slot], r.due[slot] = m, 0
		return slot
	}
	r.members, r.due = append(r.members, m), append(r.due, 0)
	return int32(len(r.members) - 1)
}

// remove frees a slot.
func (r *roster[T]) remove(slot int32) {
	r.members[slot], r.due[slot] = nil, never
	r.unused = append(r.unused, slot)
}

// hasten has a connection looked at by a time.
func (r *roster[T]) hasten(slot int32, at time.Duration) {
	r.due[slot] = min(r.due[slot], at)
}

// hastenAll has all connections looked at the next time.
func (r *roster[T]) hastenAll() {
	for slot, m := range r.members {
		if m != nil {
			r.due[slot] = 0
		}
	}
}
