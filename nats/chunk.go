package nats

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/tidings-dev/tidings"
)

// A chunk is all that the stream has in a range of places. Nobody changes it any
// more once it was arranged, and any number of readers may share it.
type chunk struct {
	from, to uint64 // it has what comes after the one, up to and including the other
	events   []tidings.Event
	order    []int32 // the events of one owner after those of another
	owners   map[string]part
	bytes    int
	used     uint64            // when it was used last; the scan's lock guards it
	names    map[string]string // those that several events have, while they are added
	rest     []byte            // of the memory for payloads
}

// A part is where the events of an owner are in a chunk's order.
type part struct{ at, end int32 }

// Bounds of a chunk. They are few enough for a reader to wait for, and enough for
// an owner to have some.
const (
	chunkEvents = 32 << 10
	chunkBytes  = 16 << 20
	chunkGrain  = 1 << 10 // begins at a multiple
)

// eventBytes is about what an event costs in memory besides its payload.
const eventBytes = 300

// newChunk returns a chunk to which at most n events will be added.
func newChunk(from, n uint64) *chunk {
	return &chunk{from: from, to: from, events: make([]tidings.Event, 0, n), names: make(map[string]string)}
}

// add appends what follows. It keeps nothing of the message that e was in, which is
// several times as large.
func (c *chunk) add(e tidings.Event) {
	e.Data, e.Key, e.Trace = c.copied(e.Data), strings.Clone(e.Key), strings.Clone(e.Trace)
	e.Channel, e.Session, e.Type = tidings.Channel(c.name(string(e.Channel))), c.name(e.Session), c.name(e.Type)
	c.events = append(c.events, e)
	c.bytes += eventBytes + len(e.Data)
	c.to = e.ID.Seq()
}

// payloads is how much memory for payloads is had at once.
const payloads = 64 << 10

// copied returns a copy of a payload, in memory of several.
func (c *chunk) copied(data []byte) []byte {
	if len(data) > payloads/8 {
		return bytes.Clone(data)
	}
	if len(data) > len(c.rest) {
		c.rest = make([]byte, payloads)
	}
	n := copy(c.rest, data)
	data, c.rest = c.rest[:n:n], c.rest[n:]
	return data
}

// name returns a name that other events may have too.
func (c *chunk) name(name string) string {
	known, ok := c.names[name]
	if !ok {
		known = strings.Clone(name)
		c.names[known] = known
	}
	return known
}

// arrange finds what is whose, after everything was added.
func (c *chunk) arrange() {
	c.owners = make(map[string]part)
	for i := range c.events {
		p := c.owners[c.events[i].User]
		p.end++
		c.owners[c.events[i].User] = p
	}
	at := int32(0)
	for user, p := range c.owners {
		c.owners[user] = part{at, at} // end grows as they are put there
		at += p.end
	}
	c.order = make([]int32, len(c.events))
	for i := range c.events {
		p := c.owners[c.events[i].User]
		c.order[p.end] = int32(i)
		p.end++
		c.owners[c.events[i].User] = p
	}
	c.bytes += 4096 + 64*len(c.owners)
	c.names, c.rest = nil, nil
}

// covers reports whether a place is in the range.
func (c *chunk) covers(seq uint64) bool { return c.from < seq && seq <= c.to }

// position returns that of the event at a place, if there is one.
func (c *chunk) position(seq uint64) (tidings.ID, bool) {
	i, found := slices.BinarySearchFunc(c.events, seq, bySeq)
	if !found {
		return tidings.ID{}, false
	}
	return c.events[i].ID, true
}

// last returns the position of the last event, or that of before if there is none
// after it.
func (c *chunk) last(before tidings.ID) tidings.ID {
	if n := len(c.events); n > 0 && c.events[n-1].ID.Seq() > before.Seq() {
		return c.events[n-1].ID
	}
	return before
}

// bySeq orders events and places.
func bySeq(e tidings.Event, seq uint64) int { return cmp.Compare(e.ID.Seq(), seq) }

// after calls do with what a selector may select after a place, in order, until
// that returns false.
func (c *chunk) after(sel *tidings.Selector, seq uint64, do func(*tidings.Event) bool) {
	if sel.Everyone {
		i, _ := slices.BinarySearchFunc(c.events, seq+1, bySeq)
		for ; i < len(c.events) && do(&c.events[i]); i++ {
		}
		return
	}
	p := c.owners[sel.User]
	order := c.order[p.at:p.end]
	i, _ := slices.BinarySearchFunc(order, seq+1, func(i int32, seq uint64) int { return bySeq(c.events[i], seq) })
	for ; i < len(order) && do(&c.events[order[i]]); i++ {
	}
}
