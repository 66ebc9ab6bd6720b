package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

// settle learns which of the events that are open the stream has: the others are
// to be kept at once, in one piece.
func (l *Log) settle(ctx context.Context, b *batch) error {
	for n, i := range b.open {
		if (n > 0 || l.inProcess) && b.events[i].Key == "" {
			continue
		}
		seq, err := l.lookUp(ctx, b, i)
		if errors.Is(err, errNone) {
			continue
		}
		if err == nil {
			err = l.found(ctx, b, i, seq)
		}
		if err != nil || len(b.open) == 0 {
			return err
		}
	}
	return nil
}

// lookUp returns where the stream has the message with an event's id, or errNone.
// What is sent can never be kept: first the stream looks for the id, and then
// whether its last message has one that none has.
func (l *Log) lookUp(ctx context.Context, b *batch, i int) (uint64, error) {
	m := &nats.Msg{Subject: l.names.events(b.events[i].User), Header: nats.Header{
		nats.MsgIdHdr:             {l.id(b, i)},
		nats.ExpectedLastMsgIdHdr: {"none"},
	}}
	a, err := l.request(ctx, m)
	switch {
	case code(err) == codeWrongID:
		return 0, errNone
	case err != nil:
		return 0, err
	case !a.Duplicate:
		return 0, fmt.Errorf("a question was kept as event %d", a.Seq)
	}
	return a.Seq, nil
}

// found takes note of where the stream has an event already, which may be by an
// earlier attempt.
func (l *Log) found(ctx context.Context, b *batch, i int, seq uint64) error {
	id := l.id(b, i)
	m, err := l.one(ctx, query{Seq: seq})
	if errors.Is(err, errNone) {
		if err := l.learnPurges(ctx); err != nil || l.id(b, i) != id {
			return err
		}
		// It was discarded, so this is before the floor.
		b.duplicate(i, tidings.NewID(time.Unix(0, b.stamp), seq))
		return nil
	}
	if err != nil {
		return err
	}
	at, err := position(m.Msg, seq)
	switch {
	case err != nil:
		return err
	case get(m.Msg, appendHeader) == b.name():
		b.kept(seq - place(m.Msg))
	default:
		b.duplicate(i, at)
	}
	return nil
}

// place returns how many messages of the same attempt stand before one.
func place(m *nats.Msg) uint64 {
	n, err := strconv.ParseUint(get(m, batchSequenceHeader), 10, 64)
	if err != nil || n == 0 {
		return 0
	}
	return n - 1
}
