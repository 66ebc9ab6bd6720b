package tidings

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// tailHealth is what is known of following the log.
type tailHealth struct {
	mu    sync.Mutex // guards err
	err   error      // nil while it works
	tries int        // failures in a row; of the tail's goroutine only
}

// get returns why the tail does not work, or nil.
func (t *tailHealth) get() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// set notes an outcome and reports whether it is news.
func (t *tailHealth) set(err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	news := (t.err == nil) != (err == nil)
	t.err = err
	return news
}

// follow fills the window from the log's tail until the hub closes. It is the
// only way into the window of a log that is not in memory, so no event can
// enter twice.
func (h *Hub) follow() {
	for h.life.Err() == nil {
		err := h.followOnce()
		if h.life.Err() != nil {
			return
		}
		h.report(err)
		if errors.Is(err, ErrForeign) {
			h.replace(err)
		}
		if gap, ok := errors.AsType[*TruncatedError](err); ok {
			h.current().restart(gap.Floor)
		}
		h.tail.tries++
		if !h.backoff(h.tail.tries, nil) {
			return
		}
	}
}

// followOnce reads one tail until it fails.
func (h *Hub) followOnce() error {
	w := h.current()
	for batch, err := range h.log.Tail(h.life, w.position()) {
		if err != nil {
			return err
		}
		h.tail.tries = 0
		h.report(nil)
		w.extend(batch)
	}
	return errTailEnded
}

// errTailEnded stands for a tail that stopped without saying why.
var errTailEnded = errors.New("tidings: the log's tail ended")

// extend puts a batch of the tail into the window.
func (w *window) extend(batch Batch) {
	for i := range batch.Events {
		if batch.Events[i].ID.seq > w.position().seq {
			e := batch.Events[i]
			w.add(&e)
		}
	}
	w.advance(batch.Through)
}

// add inserts one event and wakes whom it concerns.
func (w *window) add(e *Event) {
	w.mu.Lock()
	_, wakes := w.insert(e, nil)
	w.mu.Unlock()
	wake(wakes)
}

// restart empties the window and lets it begin anew at a position, because the
// log discarded what comes before. Cursors find themselves behind.
func (w *window) restart(at ID) {
	w.mu.Lock()
	for e := w.feed.events.front(); e != nil; e = w.feed.events.front() {
		s, _ := w.sessions.get(sessionName{e.User, e.Session})
		w.discard(s)
	}
	w.discards++
	w.freed = &mark{w.discards, at}
	w.feed.raise(w.freed)
	for _, o := range w.owners.all() {
		o.freed = w.freed
		o.raise(w.freed)
	}
	for _, s := range w.sessions.all() {
		s.raise(w.freed)
	}
	w.head.Store(&Event{ID: at})
	w.arrive()
	w.mu.Unlock()
	w.wakeAll()
}

// raise sets the floor of everything in the topic.
func (t *topic) raise(m *mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = floors{any: m}
}

// replace drops the window after the log was replaced or rolled back. All
// subscriptions end; those who come back start from what the log has now.
func (h *Hub) replace(cause error) {
	w, err := h.newestWindow(h.life)
	if err != nil {
		return // the tail fails the same way again, and comes back here
	}
	h.opts.Logger.Warn("log replaced", "err", cause, "head", w.position().String())
	h.mu.Lock()
	old := h.window
	h.window = w
	h.mu.Unlock()
	old.end(ErrReplaced)
}

// report notes whether the tail works, and says so if that is news.
func (h *Hub) report(err error) {
	if !h.tail.set(err) {
		return
	}
	h.opts.Hooks.Tail(err)
	if err != nil {
		h.opts.Logger.Warn("log not followed", "err", err)
	} else {
		h.opts.Logger.Info("log followed again")
	}
}

// jitter returns a random part of d.
func jitter(d time.Duration) time.Duration { return rand.N(max(d, 1)) } // #nosec G404 -- it spreads load and keeps no secret
