package tidings

import (
	"context"
	"sync"
)

// A questioner asks the log for its bounds, once for all who want to know at
// the same time. Who comes while a question is under way shares the next one,
// for the answer has to be of after he came.
type questioner struct {
	mu     sync.Mutex // guards all that follows
	asking bool
	next   *answer // to the question that is to be asked next; nil if nobody waits for it
}

// An answer is what the log said.
type answer struct {
	given       chan struct{} // closed when what follows is set
	floor, head ID
	err         error
}

// Bounds returns the floor and the head of the log, as the authority saw them
// after the call began. The error is the log's, the cause of ctx, or ErrClosed.
func (h *Hub) Bounds(ctx context.Context) (floor, head ID, err error) {
	a, err := h.ask()
	if err != nil {
		return ID{}, ID{}, err
	}
	select {
	case <-a.given:
	case <-ctx.Done():
		return ID{}, ID{}, context.Cause(ctx)
	}
	if a.err != nil {
		return ID{}, ID{}, unanswered(ctx, "ask the log for its bounds", a.err)
	}
	return a.floor, a.head, nil
}

// ask joins the next question, and sees to it that it is asked.
func (h *Hub) ask() (*answer, error) {
	q := &h.questions
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next == nil {
		q.next = &answer{given: make(chan struct{})}
	}
	if !q.asking {
		if err := h.Go(h.askAll); err != nil {
			return nil, err
		}
		q.asking = true
	}
	return q.next, nil
}

// askAll asks as long as somebody wants to know.
func (h *Hub) askAll(ctx context.Context) {
	for a := h.questions.take(); a != nil; a = h.questions.take() {
		a.floor, a.head, a.err = h.log.Bounds(ctx)
		if ctx.Err() != nil {
			a.err = ErrClosed
		}
		close(a.given)
	}
}

// take returns the next question, or nil if there is none.
func (q *questioner) take() *answer {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.next
	q.next = nil
	q.asking = a != nil
	return a
}
