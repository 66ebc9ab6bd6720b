package nats

import (
	"context"
	"sync"

	"github.com/tidings-dev/tidings"
)

// A question is asked once for all who want to know at the same time. Who comes
// while it is being asked shares the next one, for the answer has to be of after
// he came.
type question[T any] struct {
	mu     sync.Mutex // guards what follows
	asking bool
	next   *answer[T] // to the one that is to be asked next; nil if nobody waits for it
}

// An answer is what came of a question.
type answer[T any] struct {
	given chan struct{} // closed when what follows is set
	value T
	err   error
}

// ask returns the answer to a question that is put after the call began. put must
// be the same for all.
func (q *question[T]) ask(ctx context.Context, l *Log, put func(context.Context) (T, error)) (value T, err error) {
	a := q.join(l, put)
	if a == nil {
		return value, tidings.ErrClosed
	}
	select {
	case <-a.given:
		return a.value, a.err
	case <-ctx.Done():
		return value, context.Cause(ctx)
	}
}

// join joins the next question, and sees to it that it is put. It returns nil if
// the log is closed.
func (q *question[T]) join(l *Log, put func(context.Context) (T, error)) *answer[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next == nil {
		q.next = &answer[T]{given: make(chan struct{})}
	}
	if !q.asking && !l.beside(func() { q.putAll(l, put) }) {
		return nil
	}
	q.asking = true
	return q.next
}

// putAll puts the question as long as somebody wants to know.
func (q *question[T]) putAll(l *Log, put func(context.Context) (T, error)) {
	for a := q.take(); a != nil; a = q.take() {
		a.value, a.err = put(l.life)
		if l.life.Err() != nil {
			a.err = tidings.ErrClosed
		}
		close(a.given)
	}
}

// take returns the next question, or nil if there is none.
func (q *question[T]) take() *answer[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.next
	q.next = nil
	q.asking = a != nil
	return a
}
