package control

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// A Revocation takes access back: that which one token proves, or all that a
// subject was given before.
type Revocation struct {
	Subject string `json:"subject,omitempty"`
	Token   string `json:"token,omitempty"`
}

// Revoke takes access back on all servers. When it returns nil that is kept, and
// this server knows.
func (c *Control) Revoke(ctx context.Context, r Revocation) error {
	receipt, err := c.tell(ctx, lasting, revokedType, "", r)
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	c.revoke(&r, receipt.ID.Time()) // not only when it comes back
	return nil
}

// revoke takes note of a revocation.
func (c *Control) revoke(r *Revocation, at time.Time) {
	c.mu.Lock()
	if r.Subject != "" && c.subjects[r.Subject].Before(at) {
		c.subjects[r.Subject] = at
	}
	if r.Token != "" && c.tokens[r.Token].Before(at) {
		c.tokens[r.Token] = at
	}
	if len(c.subjects)+len(c.tokens) > c.most {
		c.prune(at.Add(-c.opts.Remember))
	}
	c.mu.Unlock()
	c.opts.Revoked()
}

// prune forgets what was revoked before a time. c.mu must be held.
func (c *Control) prune(before time.Time) {
	old := func(_ string, at time.Time) bool { return at.Before(before) }
	maps.DeleteFunc(c.subjects, old)
	maps.DeleteFunc(c.tokens, old)
	c.most = max(fewest, 2*(len(c.subjects)+len(c.tokens)))
}

// Begin waits until all is known that was revoked before the call, unless that was
// so before.
func (c *Control) Begin(ctx context.Context) error {
	if c.begun.Load() {
		return nil
	}
	err := c.synced(ctx)
	if err == nil { // what is told from now on is heard
		err = c.passing.Latest(ctx, func() {})
	}
	if err != nil {
		return fmt.Errorf("what was revoked is not known: %w", err)
	}
	c.begun.Store(true)
	return nil
}

// Revoked reports whether access that a subject was given at a time, by a token
// which may have no id, is revoked, as far as this server has heard. What was given
// in the same second is: tokens tell no more of the time, and logs not all of it. A
// time of which nothing is known, which is zero, is after every revocation.
func (c *Control) Revoked(subject, token string, issued time.Time) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if _, revoked := c.tokens[token]; revoked && token != "" {
		return true
	}
	at, revoked := c.subjects[subject]
	return revoked && !issued.IsZero() && issued.Before(at.Truncate(time.Second).Add(time.Second))
}
