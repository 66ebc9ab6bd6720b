package tidings

import (
	"context"
	"sync"
)

// standard is the process-wide default hub.
var standard struct {
	mu  sync.Mutex // guards hub
	hub *Hub
}

// Default returns the process-wide hub, which is one over a log in memory until
// SetDefault is called. The default broadcasters of the packages agui, a2a,
// contexts and analytics are this hub's. It may be called concurrently.
func Default() *Hub {
	standard.mu.Lock()
	defer standard.mu.Unlock()
	if standard.hub == nil {
		hub, err := New(context.Background(), nil, nil)
		if err != nil { // neither the log in memory nor the default options fail
			panic("tidings: default hub: " + err.Error())
		}
		standard.hub = hub
	}
	return standard.hub
}

// SetDefault makes hub the process-wide one. The one before it goes on, and is
// the caller's to close. Nil means a new one in memory. It may be called
// concurrently.
func SetDefault(hub *Hub) {
	standard.mu.Lock()
	defer standard.mu.Unlock()
	standard.hub = hub
}

// A DefaultBroadcaster is a process-wide broadcaster: one on the default hub,
// whichever that is, until another is set. Packages have one for each kind of
// their events. All methods may be called concurrently.
type DefaultBroadcaster[E any] struct {
	make func(*Hub) *Broadcaster[E]
	mu   sync.Mutex // guards all that follows
	set  *Broadcaster[E]
	made *Broadcaster[E]
}

// NewDefaultBroadcaster returns a DefaultBroadcaster that is made by a function
// when it is asked for.
func NewDefaultBroadcaster[E any](broadcaster func(*Hub) *Broadcaster[E]) *DefaultBroadcaster[E] {
	return &DefaultBroadcaster[E]{make: broadcaster}
}

// Get returns what was set, or else one on the default hub.
func (d *DefaultBroadcaster[E]) Get() *Broadcaster[E] {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.set != nil {
		return d.set
	}
	if hub := Default(); d.made == nil || d.made.hub != hub {
		d.made = d.make(hub)
	}
	return d.made
}

// Set makes b the broadcaster that Get returns. Nil means one on the default
// hub again.
func (d *DefaultBroadcaster[E]) Set(b *Broadcaster[E]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.set = b
}
