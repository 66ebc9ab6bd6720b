package nats

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

// One reader is served best by his owner's subject: the stream looks where that
// is, and steps over everything else. It does so for each reader again. What a
// thousand of them make it step over costs more than to read all of it once, and
// to pass it to all. So while many read at once what they have to pass by is read
// in chunks, each of them once for all who want it.
//
// The chunk is the place at which readers meet. One that many want is loaded, the
// first of the log first, so that a herd stays together; those that were used are
// kept as long as there is room, for those who come a little later. Who is later
// than that has it loaded again, if there are enough of them, or goes by subject.
// No reader waits for another.

// A scan knows who reads and where, and has the chunks that they share.
type scan struct {
	crowd int           // readers for whom a chunk is loaded; fewer go by subject
	room  int           // bytes of chunks that are kept
	turns chan struct{} // has one for each who goes by subject

	mu       sync.Mutex     // guards what follows
	creation tidings.ID     // of the log that the chunks are of
	chunks   []*chunk       // by their place
	bytes    int            // of chunks
	clock    uint64         // counts uses
	wanted   []*want        // are not there yet
	changed  chan struct{}  // closed when something is wanted that was not
	places   map[uint64]int // how many read in the range of each chunk
	reading  int            // readers
	sweeping bool           // there is somebody who loads
	news     chan struct{}  // tells him
}

// Bounds of what is shared and of what is asked at once.
const (
	crowd     = 8         // who pass by a chunk's events by themselves cost at least as much as loading it
	scanRoom  = 96 << 20  // for chunks
	readRoom  = 128 << 20 // for what all readers together hold, about
	readLeast = 4 << 10   // of which each may hold so much,
	readMost  = 16 << 10  // and this at most: it is held as long as a client does not read
	turns     = 4         // who ask the stream by themselves at once: it answers one after the other
)

// A want is a chunk that somebody waits for.
type want struct {
	of       span // the log as it was then
	from, to uint64
	since    time.Time
	waiting  int           // how many wait; the scan's lock guards it
	done     chan struct{} // closed when what follows is set
	chunk    *chunk
	err      error
}

func newScan() *scan {
	return &scan{
		crowd: crowd, room: scanRoom, turns: make(chan struct{}, turns), changed: make(chan struct{}),
		places: make(map[uint64]int), news: make(chan struct{}, 1),
	}
}

// A reader is somebody who reads now. It is not safe for concurrent use.
type reader struct {
	s     *scan
	place uint64
}

// placeOf returns in the range of which chunk a place of the stream is.
func placeOf(seq uint64) uint64 { return (max(seq, 1) - 1) / chunkEvents }

// enter notes that somebody reads at a place, until leave.
func (s *scan) enter(seq uint64) *reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading++
	r := &reader{s, placeOf(seq)}
	s.places[r.place]++
	return r
}

func (r *reader) leave() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.reading--
	r.depart()
}

// move notes that a reader is at another place. mu must be held.
func (r *reader) move(seq uint64) {
	if place := placeOf(seq); place != r.place {
		r.depart()
		r.place = place
		r.s.places[place]++
	}
}

// depart notes that a reader is not where it was. mu must be held.
func (r *reader) depart() {
	if r.s.places[r.place]--; r.s.places[r.place] == 0 {
		delete(r.s.places, r.place)
	}
}

// crowded reports whether enough readers have to pass a place. mu must be held.
func (s *scan) crowded(place uint64) bool {
	if s.reading < s.crowd {
		return false
	}
	n := 0
	for at, readers := range s.places {
		if at <= place {
			n += readers
		}
	}
	return n >= s.crowd
}

// share returns about how many bytes a reader may hold.
func (s *scan) share() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(max(readRoom/max(s.reading, 1), readLeast), readMost)
}

// find returns the chunk with a place. If it has to be loaded, and not enough
// others pass there, it returns nil: the caller has a turn to ask the stream, which
// it gives back.
func (l *Log) find(ctx context.Context, r *reader, seq uint64, b span) (*chunk, error) {
	for {
		c, w, changed := l.look(r, seq, b)
		switch {
		case c != nil:
			return c, nil
		case w != nil:
			if err := l.scan.await(ctx, w); err != nil {
				return nil, err
			}
			if w.chunk.covers(seq) {
				return w.chunk, nil
			}
			continue
		}
		select {
		case l.scan.turns <- struct{}{}:
			return nil, nil
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// turned gives a turn back.
func (s *scan) turned() { <-s.turns }

// look returns the chunk with a place or, if it is worth to wait for it, what the
// reader waits for; or else what tells of news.
func (l *Log) look(r *reader, seq uint64, b span) (*chunk, *want, <-chan struct{}) {
	s := l.scan
	s.mu.Lock()
	defer s.mu.Unlock()
	r.move(seq)
	if s.creation != b.creation || seq > b.head.Seq() {
		return nil, nil, nil
	}
	i := s.search(seq)
	if i >= 0 && s.chunks[i].covers(seq) {
		s.clock++
		s.chunks[i].used = s.clock
		return s.chunks[i], nil, nil
	}
	w := s.awaited(seq)
	if w == nil && s.crowded(r.place) {
		w = s.want(l, seq, i, b)
	}
	if w != nil {
		w.waiting++
	}
	return nil, w, s.changed
}

// search returns the last chunk that begins before a place, or -1. mu must be held.
func (s *scan) search(seq uint64) int {
	i, _ := slices.BinarySearchFunc(s.chunks, seq, func(c *chunk, seq uint64) int {
		if c.from < seq {
			return -1
		}
		return 1
	})
	return i - 1
}

// awaited returns what is wanted already, or nil. mu must be held.
func (s *scan) awaited(seq uint64) *want {
	for _, w := range s.wanted {
		if w.of.creation == s.creation && w.from < seq && seq <= w.to {
			return w
		}
	}
	return nil
}

// want has the chunk with a place loaded, which is after chunk i. It returns nil if
// the log is closed. mu must be held.
func (s *scan) want(l *Log, seq uint64, i int, b span) *want {
	if !s.sweeping && !l.beside(l.sweep) {
		return nil
	}
	s.sweeping = true
	w := s.add(seq, i, b)
	close(s.changed)
	s.changed = make(chan struct{})
	select {
	case s.news <- struct{}{}:
	default:
	}
	return w
}

// add adds the chunk with a place, which is after chunk i, to what is wanted. mu must
// be held.
func (s *scan) add(seq uint64, i int, b span) *want {
	w := &want{
		of: b, from: (seq - 1) / chunkGrain * chunkGrain, to: min((placeOf(seq)+1)*chunkEvents, b.head.Seq()),
		since: time.Now(), done: make(chan struct{}),
	}
	if i >= 0 {
		w.from = max(w.from, s.chunks[i].to)
	}
	if i+1 < len(s.chunks) {
		w.to = min(w.to, s.chunks[i+1].from)
	}
	s.wanted = append(s.wanted, w)
	return w
}

// goOn wants what follows a chunk that many waited for: they are about to ask for
// it. Whoever loads need not wait for them.
func (s *scan) goOn(after *want, c *chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := c.to + 1
	i := s.search(next)
	many := after.waiting >= s.crowd && s.creation == after.of.creation
	if !many || next > after.of.head.Seq() || s.awaited(next) != nil || i < 0 || s.chunks[i].covers(next) {
		return
	}
	s.add(next, i, after.of).waiting = 1 // who loads
}

// await waits for what was wanted.
func (s *scan) await(ctx context.Context, w *want) error {
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.waiting--
	return context.Cause(ctx)
}

// give hands out what was wanted, and keeps it if it is of the log of now.
func (s *scan) give(w *want, c *chunk, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = slices.DeleteFunc(s.wanted, func(o *want) bool { return o == w })
	if w.chunk, w.err = c, err; err == nil && s.creation == w.of.creation {
		s.keep(c)
	}
	close(w.done)
}

// keep keeps a chunk, and lets go of those that nobody used for longest. mu must be
// held.
func (s *scan) keep(c *chunk) {
	s.clock++
	c.used = s.clock
	s.chunks = slices.Insert(s.chunks, s.search(c.from+1)+1, c)
	s.bytes += c.bytes
	for s.bytes > s.room && len(s.chunks) > 1 {
		oldest := slices.MinFunc(s.chunks, func(a, b *chunk) int { return int(a.used) - int(b.used) })
		s.chunks = slices.DeleteFunc(s.chunks, func(c *chunk) bool { return c == oldest })
		s.bytes -= oldest.bytes
	}
}

// drop lets go of all chunks. mu must be held.
func (s *scan) drop() { s.chunks, s.bytes = nil, 0 }

// newest returns the position of the newest event of the chunks, if they are of
// this log. Those of another are let go of.
func (s *scan) newest(creation tidings.ID) (at tidings.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.creation != creation {
		s.drop()
		s.creation = creation
	}
	for _, c := range s.chunks {
		at = c.last(at)
	}
	return at
}

// forgetChunks lets go of all chunks.
func (s *scan) forgetChunks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
}
