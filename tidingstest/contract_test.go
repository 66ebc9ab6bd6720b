package tidingstest_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A replicated is a SliceLog and all its replicas.
type replicated struct {
	clock    atomic.Int64 // ahead of time.Now
	replicas []*tidingstest.SliceLog
}

// backends counts the clocks, which differ even in a bubble.
var backends atomic.Int64

func newReplicated(testing.TB) *replicated {
	b := new(replicated)
	b.clock.Store(backends.Add(1) * int64(7*time.Minute))
	return b
}

// open returns the first log, and replicas after that.
func (b *replicated) open() *tidingstest.SliceLog {
	if n := len(b.replicas); n == 0 {
		b.replicas = append(b.replicas, tidingstest.NewSliceLog(&tidingstest.SliceOptions{Now: b.now}))
	} else {
		b.replicas = append(b.replicas, b.replicas[0].Replica())
	}
	return b.replicas[len(b.replicas)-1]
}

func (b *replicated) now() time.Time { return time.Now().Add(time.Duration(b.clock.Load())) }

func (b *replicated) each(do func(*tidingstest.SliceLog)) {
	for _, l := range b.replicas {
		do(l)
	}
}

// harness tests logs over SliceLogs; wrap returns what is tested.
func harness(wrap func(testing.TB, *tidingstest.SliceLog) tidings.Log) tidingstest.Harness[*replicated] {
	return tidingstest.Harness[*replicated]{
		New:           newReplicated,
		Open:          func(t testing.TB, b *replicated) tidings.Log { return wrap(t, b.open()) },
		PassKeyWindow: func(_ testing.TB, b *replicated) { b.clock.Add(int64(2 * time.Minute)) },
		Truncate: func(t testing.TB, b *replicated, through tidings.ID) {
			floor, _, _ := b.replicas[0].Bounds(t.Context())
			b.replicas[0].Truncate(int(through.Seq() - floor.Seq()))
		},
		FailMidway: func(_ testing.TB, b *replicated) {
			b.each(func(l *tidingstest.SliceLog) { l.FailMidway(errors.New("midway")) })
		},
		Break: func(_ testing.TB, b *replicated) {
			b.each(func(l *tidingstest.SliceLog) { l.Break(errors.New("broken")) })
		},
		Restore: func(_ testing.TB, b *replicated) { b.each((*tidingstest.SliceLog).Restore) },
		Replace: func(_ testing.TB, b *replicated) { b.replicas[0].Replace() },
		Rollback: func(t testing.TB, b *replicated, to tidings.ID) {
			_, head, _ := b.replicas[0].Bounds(t.Context())
			b.replicas[0].Rollback(int(head.Seq() - to.Seq()))
		},
	}
}

func plain(_ testing.TB, l *tidingstest.SliceLog) tidings.Log { return l.Recalling() }

func TestSliceLogKeepsTheContract(t *testing.T) { tidingstest.TestLog(t, harness(plain)) }

func TestContractHoldsInABubble(t *testing.T) {
	h := harness(plain)
	for _, name := range h.Facts(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { h.Check(t, name) })
		})
	}
}
