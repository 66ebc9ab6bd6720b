package nats

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

// attemptTimeout is how long an answer is waited for before what was sent is sent
// again.
const attemptTimeout = 5 * time.Second

// Append keeps events, see [tidings.Log].
//
// Where the outcome of an attempt is not known, it is made again. The stream
// refuses a message whose id it has, and what it refuses tells what became of the
// first.
func (l *Log) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	if len(events) == 0 {
		return nil, nil
	}
	b := newBatch(events)
	if err := l.insist(ctx, b); err != nil {
		return nil, fmt.Errorf("nats: append: %w", err)
	}
	return b.receipts(), nil
}

// Pipelined says that an event which is appended alone waits for no other, see
// [tidings.Pipelined]: the server answers each when it has it, in the order in which
// they come.
func (*Log) Pipelined() {}

// insist tries to append a batch until it is known what became of it, or ctx
// ends.
func (l *Log) insist(ctx context.Context, b *batch) error {
	pause := 5 * time.Millisecond
	for {
		err := l.attempt(ctx, b)
		if err == nil {
			return nil
		}
		b.unsure = b.unsure || isUnknown(err)
		over := l.over(ctx)
		if over != nil {
			err = fmt.Errorf("%w: %w", over, err)
		}
		switch {
		case b.unsure && (over != nil || l.inProcess || b.old(l.opts.KeyWindow)):
			return fmt.Errorf("%w: %w", tidings.ErrUnknownOutcome, err)
		case over != nil, !b.unsure && !l.again(err):
			return err
		}
		wait(ctx, pause)
		pause = min(2*pause, time.Second)
	}
}

// over returns why nothing is tried any more, or nil.
func (l *Log) over(ctx context.Context) error {
	if l.link.isClosed() {
		return tidings.ErrClosed
	}
	return context.Cause(ctx)
}

// Interrupt ends every Append that waits for an answer with an error that matches
// cause and tidings.ErrUnknownOutcome, in a process where it is known that none
// comes. Over a network it is made again.
func (l *Log) Interrupt(cause error) { l.acks.interrupt(cause) }

// attempt tries once, and more often as long as something is learnt from that.
func (l *Log) attempt(ctx context.Context, b *batch) error {
	for {
		err := l.try(ctx, b)
		switch code(err) {
		case codeBatchDuplicate:
			err = l.settle(ctx, b)
		case codeWrongSequence:
			err = l.learnPurges(ctx)
		}
		if err != nil || len(b.open) == 0 {
			return err
		}
	}
}

// try has all events kept whose outcome is open, or none.
func (l *Log) try(ctx context.Context, b *batch) error {
	if len(b.open) == 1 {
		return l.put(ctx, b, b.open[0])
	}
	attempt := rand.Text()
	for n, i := range b.open {
		m := l.part(b, n, attempt)
		if n < len(b.open)-1 {
			if err := l.nc.PublishMsg(m); err != nil {
				return unsent(err)
			}
			continue
		}
		m.Header[batchCommitHeader] = []string{"1"}
		a, err := l.request(ctx, m)
		if err != nil {
			return fmt.Errorf("event %d and those before: %w", i, err)
		}
		b.kept(a.Seq - uint64(n))
	}
	return nil
}

// put has one event kept, or learns where it is already.
func (l *Log) put(ctx context.Context, b *batch, i int) error {
	m := l.names.message(b.events[i], b.stamp)
	l.identify(m, b, i)
	a, err := l.request(ctx, m)
	switch {
	case err != nil:
		return err
	case a.Duplicate:
		return l.found(ctx, b, i, a.Seq)
	}
	b.kept(a.Seq)
	return nil
}

// part returns an event, the nth of those that are open, as a message of an
// attempt to keep them at once.
func (l *Log) part(b *batch, n int, attempt string) *nats.Msg {
	i := b.open[n]
	m := l.names.message(b.events[i], b.stamp)
	m.Header[appendHeader] = []string{b.name()}
	m.Header[batchHeader], m.Header[batchSequenceHeader] = []string{attempt}, []string{strconv.Itoa(n + 1)}
	if n == 0 && !l.inProcess || b.events[i].Key != "" {
		m.Header[nats.MsgIdHdr] = []string{l.id(b, i)}
	}
	if n == 0 {
		l.guard(m)
	}
	return m
}

// identify gives a message that is sent alone what tells it from others.
func (l *Log) identify(m *nats.Msg, b *batch, i int) {
	if b.events[i].Key != "" {
		l.guard(m)
	} else if l.inProcess {
		return // it is sent once, and the stream would remember each
	}
	m.Header[appendHeader], m.Header[nats.MsgIdHdr] = []string{b.name()}, []string{l.id(b, i)}
}

// id returns what tells an event from others.
func (l *Log) id(b *batch, i int) string {
	if e := b.events[i]; e.Key != "" {
		return l.keyID(e)
	}
	return b.name() + "." + strconv.Itoa(i)
}
