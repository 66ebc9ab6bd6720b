package tidingstest_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A broken log is a SliceLog that breaks a promise in one of its methods. The
// methods that are nil keep it.
type broken struct {
	*tidingstest.SliceLog
	append func(context.Context, []tidings.Event) ([]tidings.Receipt, error)
	read   func(context.Context, tidings.Selector, tidings.ID) iter.Seq2[tidings.Batch, error]
	tail   func(context.Context, tidings.ID) iter.Seq2[tidings.Batch, error]
	bounds func(context.Context) (floor, head tidings.ID, err error)
	purge  func(ctx context.Context, user string) (tidings.ID, error)
	recent func(ctx context.Context, bytes int64) (tidings.ID, error)
}

func (l *broken) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	if l.append != nil {
		return l.append(ctx, events)
	}
	return l.SliceLog.Append(ctx, events)
}

func (l *broken) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	if l.read != nil {
		return l.read(ctx, sel, after)
	}
	return l.SliceLog.Read(ctx, sel, after)
}

func (l *broken) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	if l.tail != nil {
		return l.tail(ctx, after)
	}
	return l.SliceLog.Tail(ctx, after)
}

func (l *broken) Bounds(ctx context.Context) (floor, head tidings.ID, err error) {
	if l.bounds != nil {
		return l.bounds(ctx)
	}
	return l.SliceLog.Bounds(ctx)
}

func (l *broken) Purge(ctx context.Context, user string) (tidings.ID, error) {
	if l.purge != nil {
		return l.purge(ctx, user)
	}
	return l.SliceLog.Purge(ctx, user)
}

func (l *broken) Recent(ctx context.Context, bytes int64) (tidings.ID, error) {
	if l.recent != nil {
		return l.recent(ctx, bytes)
	}
	return l.SliceLog.Recalling().Recent(ctx, bytes)
}

// A breakage says which fact must notice a broken log. It is called once for
// each backend, and what it returns once for each log over it.
type breakage struct {
	fact  string
	how   string
	begin func(testing.TB) func(*broken)
}

// alone is a breakage without anything that logs share.
func alone(do func(*broken)) func(testing.TB) func(*broken) {
	return func(testing.TB) func(*broken) { return do }
}

// A judge records what a test says of a log, instead of failing.
type judge struct {
	testing.TB
	mu       sync.Mutex
	verdicts []string
	cleanups []func()
}

func (j *judge) Helper()                      {}
func (j *judge) Logf(string, ...any)          {}
func (j *judge) Cleanup(f func())             { j.cleanups = append(j.cleanups, f) }
func (j *judge) Fatal(args ...any)            { j.Errorf("%s", fmt.Sprint(args...)); runtime.Goexit() }
func (j *judge) Fatalf(f string, args ...any) { j.Errorf(f, args...); runtime.Goexit() }
func (j *judge) Errorf(f string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.verdicts = append(j.verdicts, fmt.Sprintf(f, args...))
}

// try returns what a test says.
func try(t *testing.T, check func(testing.TB)) []string {
	j := &judge{TB: t}
	done := make(chan struct{})
	go func() { // ends with the test, which is waited for
		defer close(done)
		check(j)
	}()
	<-done
	for _, f := range slices.Backward(j.cleanups) {
		f()
	}
	return j.verdicts
}

func TestBrokenLogsAreNoticed(t *testing.T) {
	for _, b := range breakages {
		t.Run(b.fact+"/"+b.how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				verdicts := try(t, func(t testing.TB) { b.harness(t).Check(t, b.fact) })
				if len(verdicts) == 0 {
					t.Fatal("the log passes")
				}
				t.Log(strings.Join(verdicts[:min(3, len(verdicts))], "\n"))
			})
		})
	}
}

// harness tests logs that are broken in this way.
func (b *breakage) harness(t testing.TB) tidingstest.Harness[*replicated] {
	breakIt := b.begin(t)
	return harness(func(t testing.TB, l *tidingstest.SliceLog) tidings.Log {
		broken := &broken{SliceLog: l}
		breakIt(broken)
		return broken
	})
}

func TestEveryFactNoticesABrokenLog(t *testing.T) {
	for _, fact := range harness(plain).Facts(t) {
		if !slices.ContainsFunc(breakages, func(b breakage) bool { return b.fact == fact }) {
			t.Errorf("nothing breaks %s", fact)
		}
	}
}
