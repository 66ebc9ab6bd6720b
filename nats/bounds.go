package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// A floor is what is remembered of what was discarded. It is of the stream that
// was created at that time.
type floor struct {
	Created int64      `json:"created"`
	Floor   tidings.ID `json:"floor"`
}

// floorKey is where it is kept in the bucket.
const floorKey = "floor"

// A span is from where on a log has events, and up to where.
type span struct{ creation, floor, head tidings.ID }

// Bounds returns floor and head, see [tidings.Log].
func (l *Log) Bounds(ctx context.Context) (oldest, head tidings.ID, err error) {
	ctx, done := l.use(ctx)
	defer done()
	b, err := l.bounds(ctx)
	if err != nil {
		return tidings.ID{}, tidings.ID{}, l.failed(ctx, "bounds", err)
	}
	return b.floor, b.head, nil
}

// bounds asks the stream.
func (l *Log) bounds(ctx context.Context) (span, error) {
	ctx, cancel := l.asking(ctx, askTimeout)
	defer cancel()
	info, err := l.info(ctx)
	if err != nil {
		return span{}, err
	}
	creation := tidings.NewID(info.Created, 0)
	b := span{creation, creation, creation}
	if b.floor, _, err = l.floor(ctx, creation); err != nil {
		return span{}, err
	}
	if info.State.LastSeq == 0 {
		return b, nil
	}
	b.head, err = l.last(ctx, b, info.State.LastSeq)
	if errors.Is(err, tidings.ErrTruncated) { // what is missing was accepted
		return l.bounds(ctx)
	}
	return b, err
}

// last returns the position of the last event: at a place, unless that one is gone.
func (l *Log) last(ctx context.Context, b span, place uint64) (tidings.ID, error) {
	m, err := l.one(ctx, query{Seq: place})
	if isGone(err) && b.floor.Seq() >= place {
		return b.floor, nil
	}
	if isGone(err) {
		if err := l.explain(ctx, b.creation, runs{{place, place}}); err != nil {
			return tidings.ID{}, err
		}
		m, err = l.one(ctx, query{Last: l.names.all()})
	}
	if errors.Is(err, errNone) {
		return b.floor, nil
	}
	if err != nil {
		return tidings.ID{}, err
	}
	return position(m.Msg, m.seq)
}

// isGone reports whether there is no message, or one that is damaged.
func isGone(err error) bool { return errors.Is(err, errNone) || errors.Is(err, ErrDamaged) }

// info returns what the stream says of itself.
func (l *Log) info(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := l.asking(ctx, askTimeout)
	defer cancel()
	info, err := l.stream.Info(ctx)
	return info, because(ctx, err)
}

// floor returns what is remembered of the floor, and at which revision that is.
func (l *Log) floor(ctx context.Context, creation tidings.ID) (tidings.ID, uint64, error) {
	e, err := l.bucket().Get(ctx, floorKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return creation, 0, nil
	}
	if err != nil {
		return tidings.ID{}, 0, unavailable(err)
	}
	var f floor
	if err := json.Unmarshal(e.Value(), &f); err != nil {
		return tidings.ID{}, 0, fmt.Errorf("what the bucket %s has as the floor cannot be read: %w", l.names.state(), err)
	}
	if f.Created != creation.Time().UnixNano() { // of a stream that was here before
		return creation, e.Revision(), nil
	}
	return f.Floor, e.Revision(), nil
}

// begin returns from where a reader at a position goes on, which is proven to be
// one of this log. Zero is the floor.
func (l *Log) begin(ctx context.Context, b span, after tidings.ID) (tidings.ID, error) {
	at, proven, err := b.begin(after)
	if proven || err != nil {
		return at, err
	}
	return at, l.proveOrGone(ctx, b, at)
}

// begin is begin of the Log, as far as bounds tell: they do not prove a position
// between them.
func (b span) begin(after tidings.ID) (at tidings.ID, proven bool, err error) {
	switch {
	case after.IsZero():
		return b.floor, true, nil
	case after == b.floor, after == b.head:
		return after, true, nil
	case after.Seq() > b.head.Seq(), after.Seq() == 0 && after != b.creation, after.Seq() == b.floor.Seq():
		return after, false, tidings.ErrForeign
	case after.Seq() < b.floor.Seq():
		return after, false, &tidings.TruncatedError{Floor: b.floor}
	}
	return after, false, nil
}

// prove returns ErrForeign if another event is where a position was, and errNone if
// none is.
func (l *Log) prove(ctx context.Context, at tidings.ID) error {
	m, err := l.one(ctx, query{Seq: at.Seq()})
	if err != nil {
		return err
	}
	id, err := position(m.Msg, m.seq)
	if err == nil && id != at {
		err = tidings.ErrForeign
	}
	return err
}

// proveOrGone is prove, for a position that may be of a purged event.
func (l *Log) proveOrGone(ctx context.Context, b span, at tidings.ID) error {
	err := l.prove(ctx, at)
	if isGone(err) {
		return l.explain(ctx, b.creation, runs{{at.Seq(), at.Seq()}})
	}
	return err
}

// overtakenShared returns a TruncatedError if something after a position was
// discarded meanwhile. Of many who ask at once one does.
func (l *Log) overtakenShared(ctx context.Context, creation, after tidings.ID) error {
	at, err := l.floors.ask(ctx, l, func(ctx context.Context) (tidings.ID, error) {
		at, _, err := l.floor(ctx, creation)
		return at, err
	})
	if err != nil {
		return err
	}
	return truncated(at, after)
}

// truncated returns a TruncatedError if a floor is after a position.
func truncated(floor, at tidings.ID) error {
	if floor.Seq() > at.Seq() {
		return &tidings.TruncatedError{Floor: floor}
	}
	return nil
}
