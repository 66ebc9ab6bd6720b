package analytics

import (
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
)

// Options of a [Fold]. Zero fields mean the defaults.
type Options struct {
	// ActiveFor is for how long a session is active after its last request; a
	// part of a second counts as a whole one. Default 5 minutes.
	ActiveFor time.Duration
	// MaxSessions bounds how many sessions of all owners are remembered. Above
	// it the one that was silent longest is forgotten. Default 200,000.
	MaxSessions int
}

// withDefaults returns a copy of o with zero fields set to their defaults.
func (o *Options) withDefaults() Options {
	d := Options{ActiveFor: 5 * time.Minute, MaxSessions: 200_000}
	if o != nil && o.ActiveFor > 0 {
		d.ActiveFor = o.ActiveFor
	}
	if o != nil && o.MaxSessions > 0 {
		d.MaxSessions = o.MaxSessions
	}
	return d
}

// A Fold computes real-time stats from the analytics events of all owners: give
// it every event in the order of the log, and ask it at any time. What it says
// depends on the events and the time it is asked for, and on nothing else. It
// is NOT safe for concurrent use.
//
// # What the figures mean
//
// All times are the stamps of the log, [tidings.Event.Time], never those in a
// payload. The time that a Fold is asked for is called now. Times count in whole
// seconds: what happened anywhere in a second happened in it.
//
//   - A request is a SESSION_STARTED, PAGE_VIEW or ENGAGEMENT_UPDATE.
//   - A session is what has one owner, the event's User, and one session_id; if
//     the payload has none, the event's Session counts. A request begins it. It
//     ends with SESSION_ENDED, or by silence: when ActiveFor has passed since its
//     last request. A request with the same id after that begins another. A request
//     that names no session counts as a request, and belongs to none.
//   - ActiveSessions is how many sessions have begun and not ended.
//   - ActiveUsers is how many people have active sessions. A session's person is
//     the last user_id that a PAGE_VIEW of the session gave; until one does it is
//     the session's owner. One who is given by the owner's own name is the owner.
//     The same user_id under two owners is two people.
//   - RequestsPerMinute is how many requests there were in the last 60 seconds.
//   - PageViewsLast5m is how many PAGE_VIEW there were in the last 300 seconds.
//   - BotRequestsLast5m is how many requests of bots there were in the last 300
//     seconds. A session is a bot's if its last SESSION_STARTED had is_bot, from
//     that request on.
//
// The last 60 and 300 seconds are that of now and those before it. An event that
// is stamped later than now is not in them, though its session is active:
// sessions are what all events so far made of them.
//
// An event that says that its owner was purged, [tidings.Event.Purged], takes
// away what earlier events of the owner counted, as if there had been none.
//
// REAL_TIME_STATS and HEARTBEAT count nothing, as does what is of another
// channel, of a type that is not known, not on a log, or malformed: payloads
// that are not objects, and members of those that matter that are of the wrong
// kind or no name by [tidings.CheckName] of 256 bytes.
//
// # Memory
//
// A Fold holds a session until ActiveFor and a minute after its last request,
// and for each owner, and for everybody together, a count for each second with
// requests, until six minutes after the last. Owners of whom nothing is left are
// forgotten. What is over is forgotten when there are later events or when it
// is asked: ask it now and then.
//
// So stamps and now may go back and forth by a minute. What is stamped, or asked
// for, more than a minute before the latest of them finds only what that left. A
// session that leaves because of MaxSessions is no longer active; if it goes on
// it is as if it had begun.
type Fold struct {
	activeFor   int64 // seconds
	maxSessions int

	owners   map[string]*owner
	sessions map[sessionKey]*session
	people   map[personKey]*person
	visited  history[session]
	speaking history[owner] // those who have a window

	since  int64 // sessions are active if their last request was after this
	active int   // sessions that are
	users  int   // people who have such
	window window
}

// NewFold returns a Fold that has seen nothing. Nil options mean the defaults.
func NewFold(o *Options) *Fold {
	options := o.withDefaults()
	f := &Fold{activeFor: int64((options.ActiveFor-1)/time.Second) + 1, maxSessions: options.MaxSessions}
	f.clear()
	return f
}

// clear makes the maps anew, because a map that is emptied keeps its memory.
func (f *Fold) clear() {
	f.owners = make(map[string]*owner)
	f.sessions = make(map[sessionKey]*session)
	f.people = make(map[personKey]*person)
}

// Apply takes the next event of the log. It does not keep e. The payload is
// JSON, as that of every event of a log is.
func (f *Fold) Apply(e *tidings.Event) {
	if e.Purged() {
		f.purge(e.User)
		return
	}
	r, ok := look(e)
	if !ok {
		return
	}
	at := e.Time().Unix()
	f.forget(at)
	if r.kind == TypeSessionEnded {
		if s := f.sessions[sessionKey{f.owners[e.User], r.session}]; s != nil {
			f.drop(s)
		}
		return
	}
	f.request(f.owner(e.User), &r, at)
}

// owner returns the owner of a name, making it if need be.
func (f *Fold) owner(name string) *owner {
	o := f.owners[name]
	if o == nil {
		o = &owner{name: strings.Clone(name)}
		o.place.of = o
		f.owners[o.name] = o
	}
	return o
}

// request counts a request.
func (f *Fold) request(o *owner, r *record, at int64) {
	f.speaking.touch(&o.place, at)
	bot, view := r.session != "" && f.visit(o, r, at), r.kind == TypePageView
	o.window.add(at, view, bot)
	f.window.add(at, view, bot)
}

// purge takes away what an owner's events counted.
func (f *Fold) purge(name string) {
	o := f.owners[name]
	if o == nil {
		return
	}
	for key, s := range f.sessions {
		if key.owner == o {
			f.drop(s)
		}
	}
	f.window.subtract(o.window)
	f.speaking.remove(&o.place)
	o.window = nil
	f.release(o)
}

// Of returns the stats of an owner's events; its Timestamp is now. An owner who
// is not known has zeros.
func (f *Fold) Of(owner string, now time.Time) RealTimeStats {
	at := f.settle(now)
	stats := RealTimeStats{Timestamp: now}
	if o := f.owners[owner]; o != nil {
		stats.ActiveSessions, stats.ActiveUsers = int64(o.active), int64(o.users)
		o.window.tell(&stats, at)
	}
	return stats
}

// Everyone returns the stats of all owners together; its Timestamp is now.
func (f *Fold) Everyone(now time.Time) RealTimeStats {
	at := f.settle(now)
	stats := RealTimeStats{Timestamp: now, ActiveSessions: int64(f.active), ActiveUsers: int64(f.users)}
	f.window.tell(&stats, at)
	return stats
}

// settle goes to the time that is asked for, in seconds since 1970. No event is
// before that.
func (f *Fold) settle(now time.Time) int64 {
	at := max(now.Unix(), 0)
	f.turn(at)
	f.forget(at)
	return at
}

// forget discards what nobody who asks at most the grace before now can see.
func (f *Fold) forget(now int64) {
	for s := f.visited.oldest(now - f.activeFor - grace); s != nil; s = f.visited.oldest(now - f.activeFor - grace) {
		f.drop(s)
	}
	for o := f.speaking.oldest(now - fiveMinutes - grace); o != nil; o = f.speaking.oldest(now - fiveMinutes - grace) {
		f.speaking.remove(&o.place)
		o.window = nil
		f.release(o)
	}
	f.window.trim(now)
}
