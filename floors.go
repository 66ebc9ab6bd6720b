package tidings

import "slices"

// floors says what was discarded of a topic. Events leave a session in their
// order, but not a topic with several: its highest discarded position alone
// would hide from a reader below it what goes later.
type floors struct {
	any   *mark          // on any channel: what was lost with a freed topic
	marks *[]channelMark // nil while nothing was discarded, as in most topics
}

// A mark says that the window's discard number n, and perhaps earlier ones,
// took events up to a position. It is never changed: many topics share one.
type mark struct {
	n     uint64
	floor ID
}

// A channelMark is the mark of one channel's events. Those of a channel are in
// the order of their numbers, with ever lower positions.
type channelMark struct {
	channel Channel
	mark
}

// maxMarks bounds the marks of a channel in a topic. Beyond it two are joined,
// and a reader who has dealt with the one may be told of it again.
const maxMarks = 16

// add notes a discarded event, of which m is the mark.
func (f *floors) add(c Channel, m mark) {
	if f.marks == nil {
		f.marks = new([]channelMark)
	}
	marks := slices.DeleteFunc(*f.marks, func(old channelMark) bool { return old.channel == c && old.floor.seq <= m.floor.seq })
	marks = append(marks, channelMark{c, m})
	if len(marks) > maxMarks {
		marks = joinFirst(marks, c)
	}
	*f.marks = marks
}

// joinFirst makes one of a channel's first two marks if it has too many.
func joinFirst(marks []channelMark, c Channel) []channelMark {
	count, second := 0, 0
	for i := len(marks) - 1; i >= 0; i-- {
		if marks[i].channel != c {
			continue
		}
		if count++; count <= maxMarks {
			second = i
			continue
		}
		marks[second].mark = *marks[second].join(&marks[i].mark)
		return slices.Delete(marks, i, i+1)
	}
	return marks
}

// channels returns the marks of channels.
func (f *floors) channels() []channelMark {
	if f.marks == nil {
		return nil
	}
	return *f.marks
}

// since returns the floor of what the selector selects in the topic, as far as
// discard number n and later ones made it.
func (f *floors) since(n uint64, g *group) ID {
	floor := f.any.since(n)
	marks := f.channels()
	for i := range marks {
		if m := &marks[i]; m.n >= n && (g.role == tail || g.filter.channel(m.channel)) {
			floor = later(floor, m.floor)
		}
	}
	return floor
}

// all returns the mark of everything in the topic.
func (f *floors) all() *mark {
	m, marks := f.any, f.channels()
	for i := range marks {
		m = m.join(&marks[i].mark)
	}
	return m
}

// since returns the mark's floor unless it was made before discard number n.
func (m *mark) since(n uint64) ID {
	if m.n < n {
		return ID{}
	}
	return m.floor
}

// join returns the one mark that hides neither.
func (m *mark) join(other *mark) *mark {
	return &mark{max(m.n, other.n), later(m.floor, other.floor)}
}

// later returns the position that comes after the other.
func later(a, b ID) ID {
	if b.seq > a.seq || a.IsZero() {
		return b
	}
	return a
}
