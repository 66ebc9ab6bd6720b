package tidings

import (
	"context"
	"slices"
)

// This file is for parts of a program that keep state of their own from what a
// hub's log says: the contexts of an owner, figures, what replicas tell each
// other.

// Observe is Subscribe without being a subscriber: receipts, figures and hooks
// do not tell of it. It may select reserved channels, by name.
func (h *Hub) Observe(sel Selector, start Start) (*Subscription, error) {
	if h.life.Err() != nil {
		return nil, ErrClosed
	}
	return h.attach(sel, start, observer)
}

// PublishReserved is Publish on a reserved channel, which no stream carries and
// only an observer reads. It is for what a program, or its replicas, say to
// themselves, and figures and hooks do not tell of it either. Do not pass on to
// it what came from outside.
func (h *Hub) PublishReserved(ctx context.Context, event Event) (Receipt, error) {
	if !event.Channel.Reserved() {
		return Receipt{}, invalid("channel", string(event.Channel), "one that begins with "+reservedPrefix)
	}
	events := [1]Event{event}
	receipts := [1]Receipt{}
	if err := h.opts.Limits.check(&events[0]); err != nil {
		return Receipt{}, err
	}
	err := h.append(ctx, events[:], receipts[:])
	return receipts[0], err
}

// Durable reports whether the log is another than a MemoryLog, and so may keep
// events longer than the hub lives.
func (h *Hub) Durable() bool { return h.memory == nil }

// Go runs f in a goroutine of the hub's, whose context ends when the hub
// closes. Close waits until f returns. The error is ErrClosed if the hub is
// closed already; then f is not run.
func (h *Hub) Go(f func(ctx context.Context)) error {
	h.commits.mu.Lock() // Close ends h.life under it, and waits for h.work after
	defer h.commits.mu.Unlock()
	if h.life.Err() != nil {
		return ErrClosed
	}
	h.work.Go(func() { f(h.life) })
	return nil
}

// Synced waits until the hub has every event that was acknowledged before the
// call, on any replica, and returns a position up to which it has. It waits as
// long as ctx and the hub allow; the error is that of the log, the cause of
// ctx, ErrClosed, or ErrReplaced.
func (h *Hub) Synced(ctx context.Context) (ID, error) {
	if h.memory != nil {
		h.memory.expire()
		return h.window.position(), h.closed()
	}
	_, head, err := h.Bounds(ctx)
	if err != nil {
		return ID{}, err
	}
	w := h.current()
	arrived := w.await(head)
	select {
	case <-arrived:
	case <-ctx.Done():
		w.unawait(arrived)
		return ID{}, context.Cause(ctx)
	case <-h.life.Done():
		w.unawait(arrived)
	}
	if err := h.closed(); err != nil {
		return ID{}, err
	}
	return head, w.failed()
}

// closed returns ErrClosed after Close.
func (h *Hub) closed() error {
	if h.life.Err() != nil {
		return ErrClosed
	}
	return nil
}

// An awaited is a position that somebody waits for.
type awaited struct {
	seq     uint64
	arrived chan struct{}
}

// await returns what is closed when the head is at or beyond a position, or
// the window has ended.
func (w *window) await(id ID) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := awaited{id.seq, make(chan struct{})}
	w.awaited = append(w.awaited, a)
	w.arrive()
	return a.arrived
}

// unawait forgets who no longer waits.
func (w *window) unawait(arrived chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.awaited = slices.DeleteFunc(w.awaited, func(a awaited) bool { return a.arrived == arrived })
}

// arrive tells those whose position was reached. w.mu must be held.
func (w *window) arrive() {
	if len(w.awaited) == 0 {
		return
	}
	head, over := w.position().seq, w.failed() != nil
	w.awaited = slices.DeleteFunc(w.awaited, func(a awaited) bool {
		if reached := over || a.seq <= head; !reached {
			return false
		}
		close(a.arrived)
		return true
	})
}
