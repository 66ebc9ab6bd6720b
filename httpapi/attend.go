package httpapi

import (
	"context"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// attend is what is done where a connection is not taken over: the goroutine of
// the request waits for what there is to say, and writes it. It returns why the
// stream ends.
func (s *stream) attend(ctx context.Context, out *writer) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		more, err := s.write(out)
		if err != nil {
			return err
		}
		if !more {
			timer.Reset(time.Until(s.next()))
			s.wait(ctx, timer.C)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := s.Tick(time.Now()); err != nil {
			return err
		}
	}
}

// write writes what is to be said next.
func (s *stream) write(out *writer) (more bool, err error) {
	bytes := byteBuffers.Get().(*[]byte)
	defer returnBytes(bytes)
	b := delivery.Buffer{B: (*bytes)[:0]}
	more, end := s.Fill(&b)
	*bytes = b.B
	if b.Len() == 0 {
		return more, end
	}
	for part := range b.Parts() {
		if err := out.write(part); err != nil {
			return false, err
		}
	}
	if end != nil {
		return false, end
	}
	return more, out.rest()
}

// wait returns when there may be something to say, or the stream may be over.
func (s *stream) wait(ctx context.Context, due <-chan time.Time) {
	draining := s.h.drain.begun
	if s.parts > 0 {
		draining = nil
	}
	select {
	case <-s.sub.Ready():
	case <-due:
	case <-draining:
	case <-s.h.drain.cut:
	case <-s.lease.revoked():
	case <-s.guard.Done():
	case <-ctx.Done():
	}
}

// next returns when there is something to do because of the time.
func (s *stream) next() time.Time {
	next := s.spoke + moment(s.h.opts.KeepAlive)
	for _, m := range []moment{s.ages, s.parts} {
		if m > 0 {
			next = min(next, m)
		}
	}
	at := s.h.zero.Add(time.Duration(next))
	for _, t := range []time.Time{s.lease.expiry().time(), s.lease.due().time(), s.realtime.next()} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}
