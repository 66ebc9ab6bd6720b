package control

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
)

// A ticket is for clients that cannot say who they are but by an address. It is
// sealed by a key that all servers of a log know, so that nothing has to be kept
// when one is given out. That it was used is kept: an event whose key is the
// ticket's, of which there can be one.
//
// The key is in the log. Who reads that has everything that a ticket could let him
// see.

// ErrTicket says that a ticket is none, too old, or was used. The text says which.
var ErrTicket = errors.New("control: no ticket that can be used")

// A Ticket stands for the access of who asked for it, to one thing and once.
type Ticket struct {
	ID       string    `json:"id"`
	Until    time.Time `json:"until"` // it can be used before
	Subject  string    `json:"subject"`
	Owner    string    `json:"owner,omitempty"`
	Everyone bool      `json:"everyone,omitempty"`
	Stream   string    `json:"stream"`
	Sessions []string  `json:"sessions,omitempty"`

	// Of the access that it stands for.
	Token   string    `json:"token,omitempty"`
	Issued  time.Time `json:"issued,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
}

// A sharedKey is how servers tell each other of a key.
type sharedKey struct {
	ID     string `json:"id"`
	Secret []byte `json:"secret"`
}

// A key seals tickets.
type key struct {
	id    string
	since time.Time
	aead  cipher.AEAD
}

// keyLife is how long a key seals tickets. It opens them for longer.
const keyLife = 12 * time.Hour

// learn takes note of a key, and forgets those that are too old to open anything.
func (c *Control) learn(shared *sharedKey, since time.Time) {
	k, err := newKey(shared, since)
	if err != nil {
		c.opts.Logger.Error("a key for tickets cannot be used", "err", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, old := range c.keys {
		if since.Sub(old.since) > 2*keyLife {
			delete(c.keys, id)
		}
	}
	c.keys[k.id] = k
}

func newKey(shared *sharedKey, since time.Time) (*key, error) {
	block, err := aes.NewCipher(shared.Secret)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &key{shared.ID, since, aead}, nil
}

// sealing returns the key that seals tickets now. If there is none, it is made.
func (c *Control) sealing(ctx context.Context) (*key, error) {
	if err := c.Begin(ctx); err != nil {
		return nil, err
	}
	if k := c.newest(); k != nil && time.Since(k.since) < keyLife {
		return k, nil
	}
	shared := sharedKey{rand.Text()[:8], make([]byte, 32)}
	_, _ = rand.Read(shared.Secret) // it never fails
	receipt, err := c.tell(ctx, lasting, keyType, "", shared)
	if err != nil {
		return nil, err
	}
	c.learn(&shared, receipt.ID.Time())
	return c.find(shared.ID), nil
}

// newest returns the newest key, or nil.
func (c *Control) newest() (newest *key) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, k := range c.keys {
		if newest == nil || k.since.After(newest.since) {
			newest = k
		}
	}
	return newest
}

// find returns the key of an id, or nil.
func (c *Control) find(id string) *key {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.keys[id]
}

// seekTimeout is how long a ticket of an unknown key waits for the log, seekRest how
// long the log is left alone after that: anybody can make such tickets up.
const (
	seekTimeout = 2 * time.Second
	seekRest    = time.Second
)

// seek returns the key of an id, if the log has it, or nil.
func (c *Control) seek(ctx context.Context, id string) (*key, error) {
	ctx, cancel := context.WithTimeout(ctx, seekTimeout)
	defer cancel()
	select {
	case c.seeking <- struct{}{}:
		defer func() { <-c.seeking }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", tidings.ErrUnavailable, context.Cause(ctx))
	}
	if k := c.find(id); k != nil || time.Since(c.sought) < seekRest {
		return k, nil
	}
	if err := c.synced(ctx); err != nil {
		return nil, err
	}
	c.sought = time.Now()
	return c.find(id), nil
}

// encoding is of a ticket's text, which stands in an address.
var encoding = base64.RawURLEncoding.Strict()

// Seal gives out a ticket, whose ID it sets.
func (c *Control) Seal(ctx context.Context, t *Ticket) (string, error) {
	k, err := c.sealing(ctx)
	if err != nil {
		return "", fmt.Errorf("ticket: %w", err)
	}
	t.ID = rand.Text()
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("ticket: %w", err)
	}
	return k.id + "." + encoding.EncodeToString(k.aead.Seal(nil, nil, text, []byte(k.id))), nil // #nosec G407 -- this AEAD makes the nonce itself
}

// Open returns what a ticket stands for, which is not used by that. An error
// matches ErrTicket, or is of the log.
func (c *Control) Open(ctx context.Context, text string) (*Ticket, error) {
	id, sealed, _ := strings.Cut(text, ".")
	k := c.find(id)
	if k == nil { // another server may just have made it
		var err error
		if k, err = c.seek(ctx, id); err != nil {
			return nil, fmt.Errorf("ticket: %w", err)
		}
	}
	bytes, err := encoding.DecodeString(sealed)
	if k == nil || err != nil || strings.ContainsAny(sealed, "\r\n") { // which the encoding passes by
		return nil, fmt.Errorf("%w: it was not given out here", ErrTicket)
	}
	t := new(Ticket)
	plain, err := k.aead.Open(nil, nil, bytes, []byte(k.id))
	if err != nil || json.Unmarshal(plain, t) != nil {
		return nil, fmt.Errorf("%w: it was not given out here", ErrTicket)
	}
	if !time.Now().Before(t.Until) {
		return nil, fmt.Errorf("%w: it could be used until %s", ErrTicket, t.Until.UTC().Format(time.RFC3339))
	}
	return t, nil
}

// Use uses a ticket. Of all who try, on all servers, one gets nil.
func (c *Control) Use(ctx context.Context, t *Ticket) error {
	receipt, err := c.tell(ctx, used, usedType, t.ID, struct{}{})
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	if receipt.Duplicate {
		return fmt.Errorf("%w: it was used before", ErrTicket)
	}
	return nil
}

// synced waits until all is known that was told before the call.
func (c *Control) synced(ctx context.Context) error {
	return c.lasting.Read(ctx, func(tidings.ID) {})
}
