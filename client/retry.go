package client

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Bounds of what a server may ask for, and of what is waited without being
// asked.
const (
	longestRetryAfter = 5 * time.Minute
	longestRetry      = time.Minute
	longestBackoff    = 30 * time.Second
	shortestBackoff   = 100 * time.Millisecond
)

// retryAfter reads a Retry-After (RFC 9110 10.2.3): seconds or a date. What it
// does not understand is 0.
func retryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestRetryAfter)
}

// backoff returns how long to wait after n failures in a row, where base is the
// shortest wait. It grows, and is never in step with that of others.
func backoff(n int, base time.Duration) time.Duration {
	if n > 0 {
		base = max(base, shortestBackoff)
	}
	wait := max(base, min(base<<min(n, 10), longestBackoff))
	return wait + jitter(wait/2)
}

// jitter returns a random duration up to most.
func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most) // #nosec G404 -- it spreads load and keeps no secret
}

// sleep waits, and returns why it could not.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retrying tells hooks and log of a wait.
func (c *Client) retrying(ctx context.Context, err error, wait time.Duration) {
	c.opts.Logger.InfoContext(ctx, "trying again", "err", err, "wait", wait)
	if c.opts.Hooks.Retrying != nil {
		c.opts.Hooks.Retrying(err, wait)
	}
}
