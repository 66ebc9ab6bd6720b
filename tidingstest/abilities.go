package tidingstest

import (
	"context"
	"fmt"
	"maps"

	"github.com/tidings-dev/tidings"
)

// Purge implements [tidings.Purger]. It passes Appends, and fails as Append
// does.
func (l *SliceLog) Purge(ctx context.Context, user string) (tidings.ID, error) {
	err := enter(ctx, &l.Appends)
	if err == nil {
		err = l.faults.next(OpAppend)
	}
	if err != nil {
		return tidings.ID{}, fmt.Errorf("purge: %w", err)
	}
	return l.slice.purge(user), nil
}

// purge makes hollow what there is of an owner, and appends the event that says
// so.
func (s *slice) purge(user string) tidings.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.events {
		if e := &s.events[i]; e.User == user && !hollow(e) {
			*e = tidings.Event{ID: e.ID}
			s.purged[user] = e.ID
		}
	}
	maps.DeleteFunc(s.keys, func(k ownedKey, _ tidings.ID) bool { return k.user == user })
	e := tidings.Event{User: user, Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}
	id := s.keepOne(&e, s.stamp()).ID
	if s.opts.Retain > 0 {
		s.discard(len(s.events) - s.opts.Retain)
	}
	s.changed.fire()
	return id
}

// hollow reports whether of an event only the position is left. Others have a
// channel.
func hollow(e *tidings.Event) bool { return e.Channel == "" }

// Health implements [tidings.Diagnosed]. It returns what [SliceLog.Diagnose]
// was given; before that, that all is well.
func (l *SliceLog) Health() tidings.Health {
	if h := l.health.Load(); h != nil {
		return tidings.Health{Err: h.Err, Figures: maps.Clone(h.Figures)}
	}
	return tidings.Health{}
}

// Diagnose sets what the log says of itself. It changes nothing else: see Fail
// and Break.
func (l *SliceLog) Diagnose(h tidings.Health) {
	l.health.Store(&tidings.Health{Err: h.Err, Figures: maps.Clone(h.Figures)})
}
