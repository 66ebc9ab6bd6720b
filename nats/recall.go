package nats

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/tidings-dev/tidings"
)

var _ tidings.Recaller = (*Log)(nil)

// samples is how many places of a stretch of the log are looked at, at once.
const samples = 32

// Recent estimates where the newest events begin that take so many bytes, see
// [tidings.Recaller]. It looks at some places of stretches that are longer the
// further back they are, so it costs little whatever the log holds. Places of
// which the event was purged count nothing.
func (l *Log) Recent(ctx context.Context, bytes int64) (tidings.ID, error) {
	ctx, done := l.use(ctx)
	defer done()
	at, err := l.recent(ctx, float64(bytes))
	if err != nil {
		return tidings.ID{}, l.failed(ctx, "recent", err)
	}
	return at, nil
}

// recent is Recent, but for its error.
func (l *Log) recent(ctx context.Context, bytes float64) (tidings.ID, error) {
	b, err := l.bounds(ctx)
	if err != nil {
		return tidings.ID{}, err
	}
	for end, length := b.head.Seq(), uint64(samples); end > b.floor.Seq(); length *= 2 {
		begin := end - min(length, end-b.floor.Seq())
		all, err := l.sample(ctx, begin, end)
		if err != nil {
			return tidings.ID{}, err
		}
		for _, s := range all {
			if bytes -= s.bytes; bytes < 0 && !s.at.IsZero() {
				return s.at, nil
			}
		}
		end = begin
	}
	return b.floor, nil
}

// A sample is what was found at a place: an event and what those around it may
// take, or nothing.
type sample struct {
	at    tidings.ID
	bytes float64
}

// sample looks at places after begin and up to end, the last one first. Each is
// any of its part of the stretch: events may be alike at regular distances.
func (l *Log) sample(ctx context.Context, begin, end uint64) ([]sample, error) {
	n := min(end-begin, samples)
	all, errs := make([]sample, n), make([]error, n)
	var asking sync.WaitGroup
	for i := range n {
		last, next := end-(end-begin)*i/n, end-(end-begin)*(i+1)/n
		asking.Go(func() { all[i], errs[i] = l.weigh(ctx, last-rand.N(last-next), float64(last-next)) }) // #nosec G404 -- a sample, and no secret
	}
	asking.Wait()
	return all, errors.Join(errs...)
}

// weigh looks at a place, which stands for several.
func (l *Log) weigh(ctx context.Context, seq uint64, places float64) (sample, error) {
	m, err := l.one(ctx, query{Seq: seq})
	if errors.Is(err, errNone) {
		return sample{}, nil
	}
	if err != nil {
		return sample{}, err
	}
	e, err := l.names.event(m.Msg, m.seq)
	each := tidings.RecallCost + len(e.Data) + len(e.Key) + len(e.Type) + len(e.Trace)
	return sample{e.ID, places * float64(each)}, err
}
