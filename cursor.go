package tidings

// A cursor is a position in the log and a topic in which to look for what
// comes after it. It holds no events.
//
// Whoever owns the cursor calls take until it returns nothing; the cursor then
// waits and ready gets a value when there may be more. The topic's lock guards
// all fields but ready and waker.
type cursor struct {
	waker Waker // in place of ready, if not nil
	group *group
	pos   ID
	clear uint64 // the window's discards before this one were dealt with: they do not concern it, or notice was given
	seen  uint64 // how many of group.matched are read or were lost,
	exact bool   // if this is set: not while history is read
	left  bool   // the topic, for good
	place int32  // in group.waiting, if it waits
	ready chan struct{}
}

// Bounds of one take: how many events it looks at under the topic's lock, and
// how many bytes of frames it returns, so that a slow reader of large events
// holds few of them.
const (
	scanLimit = 1024
	takeBytes = 1 << 20
)

// wake marks the cursor ready. It never blocks.
func (c *cursor) wake() {
	if c.waker != nil {
		c.waker.Wake()
		return
	}
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// waits reports whether the cursor stands in its group's waiting list.
func (c *cursor) waits() bool {
	w := c.group.waiting
	return int(c.place) < len(w) && w[c.place] == c
}

// wait puts the cursor into the waiting list.
func (c *cursor) wait() {
	if c.left || c.waits() {
		return
	}
	c.place = int32(len(c.group.waiting))
	c.group.waiting = append(c.group.waiting, c)
}

// A taking is the outcome of one take.
type taking struct {
	events  []Event
	at      ID     // where the cursor is now
	floor   ID     // if not zero: nothing was taken, events up to here are not in the topic
	idle    bool   // there is nothing more; the cursor waits to be woken
	dropped uint64 // events that turned out to have left unread
}

// take appends pending events to dst, at most up to its capacity, and moves
// the cursor past them. Once it has looked at everything the position becomes
// head, of which the caller knows that all topics have it. The cursor waits for
// more if it found nothing, or at once if that was everything.
func (c *cursor) take(dst []Event, head ID, atOnce bool) taking {
	t := c.group.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	if floor := t.gone.since(c.clear, c.group); floor.seq > c.pos.seq {
		return taking{events: dst, floor: floor}
	}
	before := len(dst)
	dst, all := c.collect(dst)
	c.seen += uint64(len(dst) - before)
	taken := taking{events: dst, idle: all && (atOnce || len(dst) == before)}
	if all {
		taken.dropped = c.upToDate(head)
	}
	if taken.idle {
		c.wait()
	}
	taken.at = c.pos
	return taken
}

// upToDate notes that the cursor has looked at everything, and returns how many
// events it found gone of which it had not been told how many.
func (c *cursor) upToDate(head ID) (dropped uint64) {
	if c.exact {
		dropped = c.group.matched - c.seen
	}
	c.seen, c.exact = c.group.matched, true
	c.pos = later(c.pos, head)
	return dropped
}

// collect copies what is pending and reports whether it saw all of it.
func (c *cursor) collect(dst []Event) (events []Event, all bool) {
	scanned, size := 0, 0
	for e := range c.group.topic.events.after(c.pos.seq) {
		if len(dst) == cap(dst) || scanned == scanLimit || size > takeBytes {
			return dst, false
		}
		if c.group.matches(e) {
			dst = append(dst, *e)
			size += len(e.frame)
		}
		c.pos = e.ID
		scanned++
	}
	return dst, true
}

// overtaken deals with a floor beyond the cursor's position. What is retained
// in between will still be read; if nothing is, the position becomes the floor.
// It returns the position, and how many events of the selection can no longer
// be read, as far as that is known now: in a long topic it is known when the
// cursor is up to date again, and one that has never been does not know.
func (c *cursor) overtaken(floor ID) (at ID, dropped uint64) {
	t := c.group.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	next, unread, all := t.unread(c)
	if next == nil && all || next != nil && next.ID.seq > floor.seq {
		c.pos = floor
	}
	if c.exact && all {
		reached := c.group.matched - unread
		dropped = reached - c.seen
		c.seen = reached
	}
	return c.pos, dropped
}

// back gives up the n last events taken: the position is now before them.
func (c *cursor) back(pos ID, n uint64) {
	t := c.group.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	c.pos = pos
	c.seen -= n
}

// move sets the position, after events were read from elsewhere.
func (c *cursor) move(pos ID) {
	t := c.group.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	c.pos, c.exact = pos, false
}

// position returns where the cursor is.
func (c *cursor) position() ID {
	c.group.topic.mu.Lock()
	defer c.group.topic.mu.Unlock()
	return c.pos
}
