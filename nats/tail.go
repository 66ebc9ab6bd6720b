package nats

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// Tail yields every later event, see [tidings.Log]. There is one consumer for each
// Tail, which lives as long as that.
func (l *Log) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		ctx, done := l.use(ctx)
		defer done()
		if err := l.tail(ctx, after, yield); err != nil {
			yield(tidings.Batch{}, l.failed(ctx, "tail", err))
		}
	}
}

// tail is Tail, but for its error.
func (l *Log) tail(ctx context.Context, after tidings.ID, yield func(tidings.Batch, error) bool) error {
	f, err := l.startFollowing(ctx, after)
	if err != nil {
		return err
	}
	defer f.stop()
	if !yield(tidings.Batch{Through: f.through}, nil) {
		return nil
	}
	for {
		batch, err := f.next(ctx)
		if err != nil {
			return err
		}
		if !yield(batch, nil) {
			return nil
		}
	}
}

// A follower is a consumer of the stream.
type follower struct {
	l        *Log
	messages jetstream.MessagesContext
	stop     func()
	creation tidings.ID // of the log
	through  tidings.ID
	taken    uint64 // how many messages the consumer sent
}

// startFollowing has a consumer made after a position, which is proven before, and
// after that: what becomes of the stream later ends the consumer.
func (l *Log) startFollowing(ctx context.Context, after tidings.ID) (*follower, error) {
	f := &follower{l: l}
	if err := f.prove(ctx, after); err != nil {
		return nil, err
	}
	if err := f.consume(ctx); err != nil {
		return nil, unavailable(err)
	}
	if err := f.prove(ctx, f.through); err != nil {
		f.stop()
		return nil, err
	}
	return f, nil
}

// prove sees to it that a position is one of the log, from where f goes on.
func (f *follower) prove(ctx context.Context, at tidings.ID) error {
	b, err := f.l.bounds(ctx)
	if err != nil {
		return err
	}
	f.creation = b.creation
	f.through, err = f.l.begin(ctx, b, at)
	return err
}

// consume has the consumer made, which f has to stop.
func (f *follower) consume(ctx context.Context) error {
	asking, cancel := f.l.asking(ctx, askTimeout)
	defer cancel()
	consumer, err := f.l.stream.CreateConsumer(asking, jetstream.ConsumerConfig{
		Description: "a tail of tidings", DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: f.through.Seq() + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 30 * time.Second,
	})
	if err != nil {
		return because(asking, err)
	}
	f.messages, err = consumer.Messages(jetstream.PullMaxMessages(pageEvents), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return err
	}
	ended, lost := context.AfterFunc(ctx, f.messages.Stop), context.AfterFunc(f.l.link.current(), f.messages.Stop)
	f.stop = func() {
		ended()
		lost()
		f.messages.Stop()
		f.l.forget(consumer.CachedInfo().Name)
	}
	return nil
}

// forget deletes a consumer, if that is possible. One that is left goes by itself.
func (l *Log) forget(consumer string) {
	ctx, cancel := l.asking(context.Background(), time.Second)
	defer cancel()
	_ = l.js.DeleteConsumer(ctx, l.opts.Stream, consumer)
}

// next waits for what comes next, and for what is on its way with it.
func (f *follower) next(ctx context.Context) (batch tidings.Batch, err error) {
	for more := true; more && len(batch.Events) < pageEvents; {
		var m stored
		if m, more, err = f.take(ctx); err != nil {
			return tidings.Batch{}, err
		}
		if !sound(m.Msg) { // it is as missing
			more = more || len(batch.Events) == 0
			continue
		}
		e, err := f.l.names.event(m.Msg, m.seq)
		if err != nil {
			return tidings.Batch{}, err
		}
		batch.Events, batch.Through = append(batch.Events, e), e.ID
	}
	if missing := f.missing(batch); len(missing) > 0 {
		if err := f.l.explain(ctx, f.creation, missing); err != nil {
			return tidings.Batch{}, err
		}
	}
	f.through = batch.Through
	return batch, nil
}

// missing returns which places have no event in a batch.
func (f *follower) missing(batch tidings.Batch) runs {
	whole := run{f.through.Seq() + 1, batch.Through.Seq()}
	if whole.last-f.through.Seq() == uint64(len(batch.Events)) {
		return nil
	}
	return runs{whole}.without(placesOf(batch.Events))
}

// placesOf returns where events are.
func placesOf(events []tidings.Event) (places runs) {
	for i := range events {
		places = places.add(events[i].ID.Seq())
	}
	return places
}

// take waits for the next message, and reports whether more are on their way.
func (f *follower) take(ctx context.Context) (s stored, more bool, err error) {
	m, err := f.messages.Next()
	if err != nil {
		return stored{}, false, f.ended(ctx, err)
	}
	meta, err := m.Metadata()
	if err != nil {
		return stored{}, false, fmt.Errorf("a message of the consumer: %w", err)
	}
	if f.taken++; meta.Sequence.Consumer != f.taken {
		return stored{}, false, fmt.Errorf("%w: the consumer lost messages: %d came after %d", tidings.ErrUnavailable, meta.Sequence.Consumer, f.taken-1)
	}
	return stored{asMessage(m), meta.Sequence.Stream}, meta.NumPending > 0, nil
}

// ended says why there are no more messages.
func (f *follower) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
		return fmt.Errorf("%w: the consumer ended", tidings.ErrUnavailable)
	}
	return unavailable(err)
}

// asMessage returns a message of a consumer as one of the stream.
func asMessage(m jetstream.Msg) *nats.Msg {
	return &nats.Msg{Subject: m.Subject(), Header: m.Headers(), Data: m.Data()}
}
