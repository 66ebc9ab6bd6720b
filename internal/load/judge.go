package load

import "fmt"

// A judge knows what was published, and checks what arrives.
//
// Of each owner it keeps the order in which events first arrived anywhere; every
// subscriber must get them in that order. So an event that is missing, comes
// twice or comes early is noticed where it happens, and one that never comes
// when the run ends.
type judge struct {
	events []published // by number
	owners []line
}

// A published is an event that was sent.
type published struct {
	owner  int32
	sender int32 // the publisher's connection
	left   int32 // how many subscribers do not have it yet
	placed bool  // somebody has it
}

// A line is what is known of an owner's events.
type line struct {
	readers int32   // subscribers that read
	order   []int32 // numbers of events as they first arrived
}

// seen is how far a subscriber got.
type seen struct {
	events int32 // how many of the owner's line, from the first on
	id     position
}

// newJudge returns a judge for owners without subscribers.
func newJudge(owners int) *judge {
	const usual = 1 << 20 // so that a run does not stop to move them
	return &judge{owners: make([]line, owners), events: make([]published, 0, usual)}
}

// publish notes an event of an owner, and returns its number and whether
// nobody waits for it.
func (j *judge) publish(owner, sender int) (number int, done bool) {
	left := j.owners[owner].readers
	j.events = append(j.events, published{int32(owner), int32(sender), left, false})
	return len(j.events) - 1, left == 0
}

// take notes that a subscriber of an owner got an event. It returns whether
// all have it now, and an error if that was not its next one.
func (j *judge) take(owner int, s *seen, e *event) (done bool, err error) {
	if e.number < 0 || e.number >= len(j.events) {
		return false, fmt.Errorf("event %d arrived, which was not published in this run", e.number)
	}
	p := &j.events[e.number]
	if p.owner != int32(owner) {
		return false, fmt.Errorf("event %d of owner %d arrived at a subscriber of owner %d", e.number, p.owner, owner)
	}
	if err := j.inOrder(&j.owners[owner], p, s, e.number); err != nil {
		return false, err
	}
	if e.id != (position{}) && !s.id.before(e.id) {
		return false, fmt.Errorf("event %d has position %d-%d, which is not after the position %d-%d before it", e.number, e.id.major, e.id.minor, s.id.major, s.id.minor)
	}
	s.events++
	s.id = e.id
	p.left--
	return p.left == 0, nil
}

// inOrder reports whether an event is the next one of a line for a subscriber.
func (j *judge) inOrder(l *line, p *published, s *seen, number int) error {
	if int(s.events) < len(l.order) {
		if want := l.order[s.events]; want != int32(number) {
			return fmt.Errorf("event %d arrived, but event %d was next: one is missing, repeated or out of order", number, want)
		}
		return nil
	}
	if p.placed {
		return fmt.Errorf("event %d arrived again", number)
	}
	if n := len(l.order); n > 0 && j.swapped(l.order[n-1], number) {
		return fmt.Errorf("event %d arrived after event %d, which its publisher sent later", number, l.order[n-1])
	}
	p.placed = true
	l.order = append(l.order, int32(number))
	return nil
}

// swapped reports whether one publisher sent two events the other way round.
func (j *judge) swapped(first int32, second int) bool {
	return int(first) > second && j.events[first].sender == j.events[second].sender
}

// missing returns an error if an event did not reach everybody.
func (j *judge) missing() error {
	first, n := -1, 0
	for i := range j.events {
		if j.events[i].left > 0 {
			if n++; first < 0 {
				first = i
			}
		}
	}
	if n == 0 {
		return nil
	}
	p := &j.events[first]
	return fmt.Errorf("%d of %d events are missing: first event %d of owner %d, at %d of its %d subscribers",
		n, len(j.events), first, p.owner, p.left, j.owners[p.owner].readers)
}
