package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"golang.org/x/time/rate"
)

// A speed says how many times faster than it happened; +Inf is as fast as can
// be.
type speed float64

// UnmarshalText reads "10x", "0.5" or "max".
func (s *speed) UnmarshalText(text []byte) error {
	if string(text) == "max" {
		*s = speed(math.Inf(1))
		return nil
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(string(text), "x"), 64)
	if err != nil || !(f >= 0.001 && f <= 1e6) {
		return fmt.Errorf("%q: want a factor such as 10x or 0.5x, from 0.001x to 1000000x, or max", text)
	}
	*s = speed(f)
	return nil
}

// String returns what UnmarshalText reads.
func (s speed) String() string {
	if math.IsInf(float64(s), 1) {
		return "max"
	}
	return strconv.FormatFloat(float64(s), 'g', -1, 64) + "x"
}

// A pace says when events are due. With a limiter it is the limiter's, which
// all recordings share, otherwise that of the recording.
type pace struct {
	speed   speed
	limiter *rate.Limiter
}

// newPace returns a pace; perSecond, if positive, is its rate.
func newPace(s speed, perSecond float64) pace {
	p := pace{speed: s}
	if perSecond > 0 {
		// What falls due within 20 ms goes out together.
		p.limiter = rate.NewLimiter(rate.Limit(perSecond), min(max(int(perSecond/50), 1), mostEvents))
	}
	return p
}

// play hands the events of a recording to send when they are due, those that
// are due together in one batch, and stops at the first error.
func (p *pace) play(ctx context.Context, r *recording, send func([]tidings.Event) error) error {
	start := time.Now()
	for next := 0; next < len(r.events); {
		batch, err := p.wait(ctx, start, r.events[next:])
		if err != nil {
			return err
		}
		if err := send(batch); err != nil {
			return err
		}
		next += len(batch)
	}
	return nil
}

// wait waits until the first event is due, and returns those that then are.
func (p *pace) wait(ctx context.Context, start time.Time, events []recorded) ([]tidings.Event, error) {
	if p.limiter != nil {
		n := min(p.limiter.Burst(), len(events))
		if err := p.limiter.WaitN(ctx, n); err != nil {
			return nil, err
		}
		return take(events[:n], func(*recorded) bool { return true }), nil
	}
	if err := sleepUntil(ctx, start.Add(p.due(&events[0]))); err != nil {
		return nil, err
	}
	gone := time.Since(start)
	return take(events, func(e *recorded) bool { return p.due(e) <= gone }), nil
}

// due returns when an event is due.
func (p *pace) due(e *recorded) time.Duration { return time.Duration(float64(e.at) / float64(p.speed)) }

// take returns the events up to the first that is not due, at least one and as
// many as a batch may hold.
func take(events []recorded, due func(*recorded) bool) []tidings.Event {
	var batch []tidings.Event
	for i := range events {
		if i > 0 && (full(batch) || !due(&events[i])) {
			break
		}
		batch = append(batch, events[i].Event)
	}
	return batch
}

// sleepUntil waits, and returns why it could not.
func sleepUntil(ctx context.Context, due time.Time) error {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
