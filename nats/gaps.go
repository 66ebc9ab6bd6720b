package nats

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// JetStream passes by messages that it cannot read, without a word. Who reads
// everything sees that some are missing; who reads one owner's events does not. So
// what the stream says of its gaps is compared with what was discarded when a log is
// opened; in a process that has the files, what they have is, too.

// lookThrough compares that, learns of purges and completes those that others left.
// If what is known beside the events is damaged too, and that is accepted, it is
// forgotten.
func (l *Log) lookThrough(ctx context.Context) error {
	err := l.lookThroughOnce(ctx)
	if err == nil || !l.opts.AcceptLoss || !l.inProcess || ctx.Err() != nil {
		return err
	}
	if err := l.renewBucket(ctx); err != nil {
		return err
	}
	return l.lookThroughOnce(ctx)
}

func (l *Log) lookThroughOnce(ctx context.Context) error {
	b, err := l.bounds(ctx)
	if err != nil {
		return err
	}
	if err := l.completePurges(ctx, b.creation); err != nil {
		return err
	}
	gaps, err := l.gaps(ctx)
	if err != nil {
		return err
	}
	return l.missing(ctx, b, gaps)
}

// gaps returns which places have no event, as the stream knows.
func (l *Log) gaps(ctx context.Context) (runs, error) {
	info, err := l.info(ctx)
	if err != nil {
		return nil, err
	}
	var gaps runs
	if first := info.State.FirstSeq; first > 1 {
		gaps = runs{{1, first - 1}}
	}
	if info.State.NumDeleted == 0 || !l.inProcess && info.State.NumDeleted > mostGaps {
		return gaps, nil
	}
	if info, err = l.stream.Info(ctx, jetstream.WithDeletedDetails(true)); err != nil {
		return nil, because(ctx, err)
	}
	for _, seq := range info.State.Deleted {
		gaps = gaps.add(seq)
	}
	return gaps.with(), nil
}

// mostGaps is how many gaps are asked for over a network, where one answer has them
// all.
const mostGaps = 50_000

// Missing says of places of the stream, the first and the last of each run in order,
// that they have no event which can be read. If it was not discarded that is an
// error that matches ErrDamaged, unless Options.AcceptLoss is set.
func (l *Log) Missing(ctx context.Context, places [][2]uint64) error {
	ctx, done := l.use(ctx)
	defer done()
	b, err := l.bounds(ctx)
	if err != nil {
		return l.failed(ctx, "missing", err)
	}
	var s runs
	for _, p := range places {
		s = append(s, run{p[0], p[1]})
	}
	return l.missing(ctx, b, s.with())
}

// missing is Missing. Only what is between the bounds matters.
func (l *Log) missing(ctx context.Context, b span, places runs) error {
	if b.head.Seq() == b.floor.Seq() {
		return nil
	}
	within := runs{{b.floor.Seq() + 1, b.head.Seq()}}
	places = within.without(within.without(places))
	if len(places) == 0 {
		return nil
	}
	if err := l.explain(ctx, b.creation, places); !errors.Is(err, tidings.ErrTruncated) { // readers are told
		return err
	}
	return nil
}
