// Package control has what all servers that share a log must know of access: what
// was revoked, which tickets were used, and which connections go on with newer
// access. It travels as events on [tidings.Control], of owners that are nobody's.
package control

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/fold"
)

// Reserved begins the names of owners that are nobody's.
const Reserved = "tidings."

// Owners of what servers tell each other.
const (
	lasting = Reserved + "control"     // a server that starts has to know it
	passing = Reserved + "connections" // concerns what runs at the moment
	used    = Reserved + "tickets"     // nobody reads it: what counts is whose key was first
)

// Types of events.
const (
	revokedType  = "access.revoked"
	extendedType = "access.extended"
	keyType      = "ticket.key"
	usedType     = "ticket.used"
)

// Options are the options of New.
type Options struct {
	// Remember is how long access can last after it was issued, and so how long
	// it has to be known that it was revoked.
	Remember time.Duration
	// Revoked is called after something was revoked. Extended is called with each
	// extension. Both are called by one goroutine at a time, more than once for the
	// same, and must not block.
	Revoked  func()
	Extended func(*Extension)
	// Logger gets what cannot be read.
	Logger *slog.Logger
}

// A Control knows what servers tell each other, as long as the hub is open. All
// methods may be called concurrently.
type Control struct {
	hub     *tidings.Hub
	opts    Options
	lasting *fold.Follower
	passing *fold.Follower
	begun   atomic.Bool   // all that was there when it began is known
	seeking chan struct{} // has a value while somebody looks for a key
	sought  time.Time     // when one was looked for; who looks has it

	mu       sync.RWMutex // guards what follows
	subjects map[string]time.Time
	tokens   map[string]time.Time
	most     int // of both, before old ones are looked for
	keys     map[string]*key
}

// New returns a Control of a hub.
func New(hub *tidings.Hub, o Options) *Control {
	c := &Control{hub: hub, opts: o, seeking: make(chan struct{}, 1), subjects: make(map[string]time.Time), tokens: make(map[string]time.Time), most: fewest}
	channel := []tidings.Channel{tidings.Control}
	c.lasting = fold.New(hub, tidings.Selector{User: lasting, Channels: channel}, (*lastingState)(c))
	c.passing = fold.New(hub, tidings.Selector{User: passing, Channels: channel}, (*passingState)(c))
	return c
}

// forget forgets the keys of a log that was replaced, which does not know either
// what they opened. What was revoked stays revoked, whatever another log says.
func (c *Control) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = make(map[string]*key)
}

// fewest is how many revocations are kept in any case.
const fewest = 1000

// tell has all servers know something.
func (c *Control) tell(ctx context.Context, owner, eventType, key string, what any) (tidings.Receipt, error) {
	data, err := json.Marshal(what)
	if err != nil {
		return tidings.Receipt{}, fmt.Errorf("%s: %w", eventType, err)
	}
	return c.hub.PublishReserved(ctx, tidings.Event{User: owner, Channel: tidings.Control, Type: eventType, Key: key, Data: data})
}

// read reads what another server told.
func read[T any](c *Control, e *tidings.Event) (what T, ok bool) {
	if err := json.Unmarshal(e.Data, &what); err != nil {
		c.opts.Logger.Error("an event on the channel tidings.control cannot be read", "id", e.ID, "type", e.Type, "err", err)
		return what, false
	}
	return what, true
}

// lastingState is a Control as its follower sees it that reads what lasts.
type lastingState Control

// Begin implements [fold.State].
func (s *lastingState) Begin(context.Context) (tidings.Start, error) {
	(*Control)(s).forget()
	return tidings.Oldest, nil
}

// Apply implements [fold.State].
func (s *lastingState) Apply(e *tidings.Event) {
	c := (*Control)(s)
	switch e.Type {
	case revokedType:
		if r, ok := read[Revocation](c, e); ok {
			c.revoke(&r, e.ID.Time())
		}
	case keyType:
		if k, ok := read[sharedKey](c, e); ok {
			c.learn(&k, e.ID.Time())
		}
	}
}

// Lost implements [fold.State]. What is not retained any more is older than access
// may be.
func (s *lastingState) Lost(*tidings.LostError) (again bool) { return false }

// passingState is a Control as its follower sees it that reads what passes.
type passingState Control

// Begin implements [fold.State].
func (s *passingState) Begin(context.Context) (tidings.Start, error) { return tidings.Live, nil }

// Apply implements [fold.State].
func (s *passingState) Apply(e *tidings.Event) {
	c := (*Control)(s)
	if x, ok := read[Extension](c, e); ok && e.Type == extendedType {
		c.opts.Extended(&x)
	}
}

// Lost implements [fold.State]. A connection that misses its extension ends, and
// its client comes back.
func (s *passingState) Lost(*tidings.LostError) (again bool) { return false }

// An Extension lets a connection go on with newer access, which its subject has
// shown to be granted what the connection carries.
type Extension struct {
	Connection string    `json:"connection"`
	Subject    string    `json:"subject"`
	Owner      string    `json:"owner,omitempty"`
	Everyone   bool      `json:"everyone,omitempty"`
	Stream     string    `json:"stream"`
	Sessions   []string  `json:"sessions,omitempty"`
	Token      string    `json:"token,omitempty"`
	Issued     time.Time `json:"issued,omitzero"`
	Expires    time.Time `json:"expires,omitzero"`
}

// Extend tells all servers of an extension. One of them may have the connection.
func (c *Control) Extend(ctx context.Context, x *Extension) error {
	_, err := c.tell(ctx, passing, extendedType, "", x)
	return err
}
