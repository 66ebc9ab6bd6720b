package tidings

import (
	"context"
	"errors"
	"fmt"
)

// A window that begins empty makes everyone who comes back after a restart read
// the log. A log that is a [Recaller] spares them: the window begins where what
// fits into it does. It is filled before anybody sees it, so nobody who wants
// what is live meets a head of the past.

// newestWindow returns a window whose head is that of the log, at the time of
// the call or later. An error of the first question to the log is returned;
// after it, what fails is tried again as long as ctx and the hub allow.
func (h *Hub) newestWindow(ctx context.Context) (*window, error) {
	if log, ok := h.log.(Recaller); ok {
		return h.recall(ctx, log)
	}
	_, head, err := h.log.Bounds(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the log for its bounds: %w", err)
	}
	if h.memory != nil {
		return h.memory.window, nil
	}
	return h.freshWindow(head), nil
}

// recall returns a window that has the newest events of the log.
func (h *Hub) recall(ctx context.Context, log Recaller) (*window, error) {
	w, err := h.recentWindow(ctx, log)
	if err != nil {
		return nil, fmt.Errorf("ask the log for its recent events: %w", err)
	}
	for {
		err := h.fill(ctx, w)
		if err == nil {
			return w, nil
		}
		if ended := h.ended(ctx); ended != nil {
			return nil, fmt.Errorf("fill the window: %w: %w", ended, err)
		}
		h.report(err)
		if again := h.mend(ctx, log, err); again != nil {
			w = again
		}
		h.tail.tries++
		h.backoff(h.tail.tries, ctx.Done())
	}
}

// recentWindow returns an empty window that begins where a little less than fits into
// it follows: what was read is not to be thrown away at once.
func (h *Hub) recentWindow(ctx context.Context, log Recaller) (*window, error) {
	start, err := log.Recent(ctx, h.opts.WindowBytes/8*7)
	if err != nil {
		return nil, err
	}
	return h.freshWindow(start), nil
}

// mend returns the window to go on with after a failure, or nil for the same: if
// events before the head were discarded or the log was replaced it begins anew.
func (h *Hub) mend(ctx context.Context, log Recaller, failure error) *window {
	if !errors.Is(failure, ErrForeign) && !errors.Is(failure, ErrTruncated) {
		return nil
	}
	w, _ := h.recentWindow(ctx, log) // if that fails the next tail fails as this one did
	return w
}

// fill reads one tail into a window until that has the head that the log had
// once the tail ran. Asked for earlier, the head could be rolled back unnoticed,
// and be waited for in vain.
func (h *Hub) fill(ctx context.Context, w *window) error {
	goal := ID{}
	for batch, err := range h.log.Tail(ctx, w.position()) {
		if err != nil {
			return err
		}
		h.tail.tries = 0
		h.report(nil)
		w.extend(batch)
		if goal.IsZero() {
			_, goal, err = h.log.Bounds(ctx)
		}
		if err != nil || w.position().seq >= goal.seq {
			return err
		}
	}
	return errTailEnded
}

// ended returns why nothing is tried again, or nil.
func (h *Hub) ended(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return h.closed()
}
