package tidings

// Stats are figures of one Hub on this replica. Counters start with the hub.
type Stats struct {
	Published   uint64 // events acknowledged, duplicates not counted
	Duplicates  uint64 // publishes that a key made repetitions
	Refused     uint64 // publishes that failed
	Delivered   uint64 // events handed to subscribers
	Lost        uint64 // notices of loss given
	Dropped     uint64 // events discarded before an attached subscriber read them
	Subscribers int    // attached now
	Replays     Replays
	Users       int    // owners with retained events or subscribers
	Sessions    int    // sessions with retained events or subscribers
	Events      int    // retained in the window
	Bytes       int64  // accounted to the window
	Floor, Head ID     // between which the window has every event
	Tail        error  // why the log is not followed; nil while it is
	Log         Health // what the log says of itself; zero if it is not Diagnosed
}

// Replays are the Subscriptions and snapshots that read the log, because the window
// does not have what they want.
type Replays struct {
	Limit   int // how many may at the same time; negative if that is any number
	Reading int // now
	Waiting int // for their turn
}

// Stats returns the hub's figures. Those of the window are of one moment.
func (h *Hub) Stats() Stats {
	c := &h.count
	s := Stats{
		Published: c.published.Load(), Duplicates: c.duplicates.Load(), Refused: c.refused.Load(),
		Delivered: c.delivered.Load(), Lost: c.lost.Load(), Dropped: c.dropped.Load(),
		Subscribers: int(c.subscribers.Load()), Tail: h.tail.get(), Log: h.health(),
		Replays: Replays{h.opts.Replays, int(h.turns.reading.Load()), int(h.turns.standing.Load())},
	}
	w := h.current()
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Users, s.Sessions, s.Events = w.owners.count, w.sessions.count, w.feed.events.live
	s.Bytes, s.Floor, s.Head = w.bytes, w.floorOfAll(), w.position()
	return s
}

// Rings returns how many events are retained of each session of an owner; of
// those without a session under "".
func (h *Hub) Rings(user string) map[string]int {
	w := h.current()
	w.mu.Lock()
	defer w.mu.Unlock()
	rings := make(map[string]int)
	if o, ok := w.owners.get(user); ok {
		for _, s := range o.bySize.heap {
			rings[s.name] = s.events.live
		}
	}
	return rings
}
