package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/tidings-dev/tidings"
)

// A chase is how far a tail is, and what it knows of what comes next.
type chase struct {
	log   *Log
	after tidings.ID
	more  bool            // the last look did not see all
	told  bool            // that there is news was said; otherwise it was time to ask
	news  <-chan struct{} // closed when there is something to look for
	due   time.Time       // when to look in any case
}

// next returns what comes after the position, waiting for it. Events that were
// purged move the position as well.
func (c *chase) next(ctx context.Context) ([]tidings.Event, error) {
	for was := c.after; ; {
		if r := c.own(ctx); r != nil {
			c.after = r.last
			return slices.Clone(r.events), nil
		}
		if events, err := c.look(ctx); err != nil || c.after != was {
			return events, err
		}
	}
}

// look asks the database.
func (c *chase) look(ctx context.Context) ([]tidings.Event, error) {
	c.news = c.log.news.wait() // before looking
	k, err := c.log.look(ctx, c.after)
	if err != nil {
		return nil, err
	}
	if c.after, err = k.advance(c.after); err != nil {
		return nil, err
	}
	if k.any && !c.told {
		c.log.state.found()
	}
	c.more, c.due = k.more, time.Now().Add(c.log.opts.Poll)
	if k.due { // another statement looks after the house: the database is asked no more often
		c.due = c.due.Add(c.log.opts.Poll)
	}
	return k.events, nil
}

// own returns the run of this log's own that comes next, waiting for it, or nil
// if it is time to look.
func (c *chase) own(ctx context.Context) *run {
	for !c.must() {
		r, beyond, more := c.log.own.next(c.after)
		if r != nil || beyond { // of what comes before that nothing is known
			c.told = true
			return r
		}
		c.rest(ctx, more)
	}
	return nil
}

// must reports whether there is something to look for, or may be.
func (c *chase) must() bool {
	select {
	case <-c.news:
		c.told = true
		return true
	default:
		c.told = c.more
		return c.more || !time.Now().Before(c.due)
	}
}

// rest waits until there may be something.
func (c *chase) rest(ctx context.Context, more <-chan struct{}) {
	timer := time.NewTimer(time.Until(c.due))
	defer timer.Stop()
	select {
	case <-more:
	case <-c.news:
	case <-timer.C:
	case <-ctx.Done():
		c.due = time.Time{}
	case <-c.log.life.Done():
		c.due = time.Time{}
	}
}
