package clients_test

import (
	"context"
	"sync"
)

// A watch guards state that goroutines change and others wait for.
type watch struct {
	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, with each change
}

// update changes the state.
func (w *watch) update(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// until waits for the state to be as it is wanted. It reports whether it came
// to that before ctx ended.
func (w *watch) until(ctx context.Context, wanted func() bool) bool {
	for {
		w.mu.Lock()
		if wanted() {
			w.mu.Unlock()
			return true
		}
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
