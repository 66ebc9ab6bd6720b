package tidings

import (
	"maps"
	"time"
)

// A keyTable remembers the receipts of keyed events for the key window. It has
// two generations, so that forgetting is dropping a map. Its log's lock guards
// it.
type keyTable struct {
	window   time.Duration
	limit    int
	current  map[keyName]ID
	previous map[keyName]ID
	turned   time.Time // when current began
}

type keyName struct{ user, key string }

// get returns the position of the event that had the key within the window
// before now.
func (t *keyTable) get(k keyName, now time.Time) (ID, bool) {
	id, ok := t.current[k]
	if !ok {
		id, ok = t.previous[k]
	}
	return id, ok && now.Sub(id.Time()) < t.window+stampGrain
}

// put remembers the receipt of an event with a key.
func (t *keyTable) put(k keyName, id ID) {
	if t.current == nil {
		t.current = make(map[keyName]ID)
	}
	t.current[k] = id
}

// forget forgets all keys of an owner.
func (t *keyTable) forget(user string) {
	own := func(k keyName, _ ID) bool { return k.user == user }
	maps.DeleteFunc(t.current, own)
	maps.DeleteFunc(t.previous, own)
}

// turn drops the generation that has left the window.
func (t *keyTable) turn(now time.Time) {
	switch age := now.Sub(t.turned); {
	case age < t.window:
	case age < 2*t.window:
		t.previous, t.current, t.turned = t.current, nil, now
	default:
		t.previous, t.current, t.turned = nil, nil, now
	}
}

// room reports whether n more keys may be remembered.
func (t *keyTable) room(n int) bool { return len(t.current)+len(t.previous)+n <= t.limit }
