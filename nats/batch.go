package nats

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/tidings-dev/tidings"
)

// A batch is what one Append keeps, however often that is tried.
type batch struct {
	id     string // see name
	stamp  int64
	events []*tidings.Event  // those given, without those whose key occurs before
	of     []int             // for each given, which of events it is
	open   []int             // events whose outcome is not known
	got    []tidings.Receipt // of the others
	unsure bool              // an attempt may have been kept
}

// newBatch returns events as a batch.
func newBatch(events []tidings.Event) *batch {
	b := &batch{stamp: time.Now().UnixNano()}
	type name struct{ user, key string }
	var first map[name]int
	for i := range events {
		e := &events[i]
		if n := (name{e.User, e.Key}); e.Key != "" {
			if at, known := first[n]; known {
				b.of = append(b.of, at)
				continue
			}
			if first == nil {
				first = make(map[name]int)
			}
			first[n] = len(b.events)
		}
		b.of, b.open = append(b.of, len(b.events)), append(b.open, len(b.events))
		b.events = append(b.events, e)
	}
	b.got = make([]tidings.Receipt, len(b.events))
	return b
}

// name returns what tells the append from others.
func (b *batch) name() string {
	if b.id == "" {
		b.id = rand.Text()
	}
	return b.id
}

// old reports whether the stream may soon forget the ids of the first attempt.
func (b *batch) old(window time.Duration) bool {
	return time.Since(time.Unix(0, b.stamp)) > window/2
}

// kept takes note that all events which are open were kept, from a place on.
func (b *batch) kept(first uint64) {
	for n, i := range b.open {
		b.got[i] = tidings.Receipt{ID: tidings.NewID(time.Unix(0, b.stamp), first+uint64(n))}
	}
	b.open = nil
}

// duplicate takes note of where an event is that was not kept again.
func (b *batch) duplicate(i int, at tidings.ID) {
	b.got[i] = tidings.Receipt{ID: at, Duplicate: true}
	b.open = slices.DeleteFunc(slices.Clone(b.open), func(open int) bool { return open == i })
}

// receipts returns those of all that was given.
func (b *batch) receipts() []tidings.Receipt {
	all := make([]tidings.Receipt, len(b.of))
	next := 0
	for i, at := range b.of {
		if all[i] = b.got[at]; at < next {
			all[i].Duplicate = true
		} else {
			next = at + 1
		}
	}
	return all
}
