package analytics

import (
	"cmp"
	"math"
	"strings"

	"github.com/tidings-dev/tidings"
)

// An owner is what is known of the events of one owner.
type owner struct {
	name   string
	place  place[owner] // by the last request; in none without a window
	window window
	kept   int // sessions that are remembered
	active int // those of them that are active
	users  int // people who have active sessions
}

// A session is remembered for a while after it has ended by silence, for the
// case that now goes back.
type session struct {
	place  place[session] // by the last request
	key    sessionKey
	person *person
	bot    bool
}

type sessionKey struct {
	owner *owner
	id    string
}

// A person is who sessions of an owner are attributed to.
type person struct {
	key    personKey
	kept   int // sessions that are remembered
	active int // those of them that are active
}

type personKey struct {
	owner *owner
	name  string
}

// A record is what counts of an event.
type record struct {
	kind, session string
	user          string // of a PAGE_VIEW
	bot           bool   // of a SESSION_STARTED
}

// look reads what counts of an event, and reports whether it counts.
func look(e *tidings.Event) (r record, ok bool) {
	if e.Channel != tidings.Analytics || e.ID.IsZero() || e.Type != "" && !counts(e.Type) {
		return record{}, false
	}
	var values [memberCount][]byte
	if pick(e.Data, values[:]) != nil {
		return record{}, false
	}
	if e.Type != "" {
		values[typeName] = nil // what the publisher said counts
	}
	p, err := read(&values)
	r = record{kind: cmp.Or(e.Type, p.Type), session: p.SessionID}
	if err != nil || !counts(r.kind) || !name(r.session) || !r.more(&values) {
		return record{}, false
	}
	r.session = cmp.Or(r.session, e.Session)
	return r, true
}

// counts reports whether events of the type say something of sessions.
func counts(eventType string) bool {
	switch eventType {
	case TypePageView, TypeEngagementUpdate, TypeSessionStarted, TypeSessionEnded:
		return true
	}
	return false
}

// name reports whether s can be held as an id.
func name(s string) bool { return tidings.CheckName("", s, nameLimit) == nil }

// more reads what only one type has, and reports whether it is as it must be.
func (r *record) more(values *[memberCount][]byte) bool {
	switch r.kind {
	case TypePageView:
		user, err := text(values, userID)
		r.user = user
		return err == nil && name(user)
	case TypeSessionStarted:
		said := string(values[isBot])
		r.bot = said == "true"
		return r.bot || said == "" || said == "false" || said == "null"
	}
	return true
}

// visit takes a request of a session and reports whether it is a bot's.
func (f *Fold) visit(o *owner, r *record, at int64) (bot bool) {
	s := f.sessions[sessionKey{o, r.session}]
	if s == nil {
		s = f.begin(o, strings.Clone(r.session), at)
	}
	f.count(s, -1)
	if at-s.place.at >= f.activeFor {
		s.bot = false
		f.attribute(s, o.name)
	}
	f.visited.touch(&s.place, at)
	if r.kind == TypeSessionStarted {
		s.bot = r.bot
	}
	if r.user != "" {
		f.attribute(s, r.user)
	}
	f.count(s, 1)
	if len(f.sessions) > f.maxSessions {
		f.drop(f.visited.oldest(math.MaxInt64))
	}
	return s.bot
}

// begin remembers a new session, which has no place yet.
func (f *Fold) begin(o *owner, id string, at int64) *session {
	s := &session{key: sessionKey{o, id}}
	s.place.of, s.place.at = s, at
	f.sessions[s.key] = s
	o.kept++
	f.attribute(s, o.name)
	return s
}

// attribute makes the person of a name that of a session that is not counted.
func (f *Fold) attribute(s *session, name string) {
	if s.person != nil && s.person.key.name == name {
		return
	}
	f.unattribute(s)
	p := f.people[personKey{s.key.owner, name}]
	if p == nil {
		p = &person{key: personKey{s.key.owner, strings.Clone(name)}}
		f.people[p.key] = p
	}
	p.kept++
	s.person = p
}

// unattribute takes a session from its person, if it has one.
func (f *Fold) unattribute(s *session) {
	p := s.person
	if p == nil {
		return
	}
	if p.kept--; p.kept == 0 {
		delete(f.people, p.key)
	}
	s.person = nil
}

// count adds a session, if it has a place and is active, to those that are (n is
// 1), or takes it from them (n is -1).
func (f *Fold) count(s *session, n int) {
	if s.place.in == nil || s.place.at <= f.since {
		return
	}
	o, p := s.key.owner, s.person
	f.active += n
	o.active += n
	p.active += n
	if p.active == 0 || n > 0 && p.active == 1 {
		f.users += n
		o.users += n
	}
}

// turn goes to a time, forward or back: it counts the sessions that are active
// at one and not at the other.
func (f *Fold) turn(now int64) {
	from, to := f.since, now-f.activeFor
	f.since = min(from, to) // so that count takes them for active
	n := 1
	if to > from {
		n = -1
	}
	for _, s := range f.visited.between(min(from, to), max(from, to)) {
		for p := s.first; p != nil; p = p.next {
			f.count(p.of, n)
		}
	}
	f.since = to
}

// drop forgets a session.
func (f *Fold) drop(s *session) {
	f.count(s, -1)
	f.visited.remove(&s.place)
	f.unattribute(s)
	delete(f.sessions, s.key)
	s.key.owner.kept--
	f.release(s.key.owner)
}

// release forgets an owner of whom nothing is left.
func (f *Fold) release(o *owner) {
	if o.kept > 0 || o.place.in != nil {
		return
	}
	delete(f.owners, o.name)
	if len(f.owners) == 0 {
		f.clear()
	}
}
