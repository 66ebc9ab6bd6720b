package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A faultyLog is a log that a hub follows, as it does one that is not in
// memory, and that fails when it is told to.
type faultyLog struct {
	*tidings.MemoryLog
	fail, failTail, failRead atomic.Pointer[error]
}

func (l *faultyLog) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	if err := l.fail.Load(); err != nil {
		return nil, *err
	}
	return l.MemoryLog.Append(ctx, events)
}

func (l *faultyLog) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	if err := l.failRead.Load(); err != nil {
		return func(yield func(tidings.Batch, error) bool) { yield(tidings.Batch{}, *err) }
	}
	return l.MemoryLog.Read(ctx, sel, after)
}

func (l *faultyLog) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		for batch, err := range l.MemoryLog.Tail(ctx, after) {
			if fault := l.failTail.Load(); fault != nil {
				yield(tidings.Batch{}, *fault)
				return
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
	}
}

func newFaultyLog(t testing.TB) *faultyLog {
	l := &faultyLog{MemoryLog: tidings.NewMemoryLog(nil)}
	t.Cleanup(func() { l.MemoryLog.Close() })
	return l
}

func TestErrorsOfTheLog(t *testing.T) {
	for _, tt := range []struct {
		err     error
		status  int
		problem string
		detail  string
	}{
		{tidings.ErrUnknownOutcome, 503, wire.OutcomeUnknown, "outcome unknown"},
		{fmt.Errorf("x: %w: %w", tidings.ErrUnknownOutcome, context.Canceled), 503, wire.OutcomeUnknown, "outcome unknown"},
		{fmt.Errorf("%w: password=secret", tidings.ErrUnknownOutcome), 503, wire.OutcomeUnknown, "outcome unknown"},
		{fmt.Errorf("%w: password=secret", tidings.ErrUnavailable), 503, wire.Unavailable, "the log is not available"},
		{fmt.Errorf("%w: password=secret", tidings.ErrReadOnly), 503, wire.Unavailable, "read-only"},
		{tidings.ErrReplaced, 503, wire.Unavailable, "replaced"},
		{tidings.ErrTooManyKeys, 503, wire.Unavailable, "too many keys"},
		{tidings.ErrClosed, 503, wire.Unavailable, "closed"},
		{context.DeadlineExceeded, 503, wire.Unavailable, "deadline"},
		{errors.New("password=secret"), 500, wire.Internal, "the server's log has the reason"},
	} {
		var logged strings.Builder
		l := newFaultyLog(t)
		a := serveHub(t, newHub(t, l, nil), &httpapi.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		l.fail.Store(&tt.err)
		for _, got := range []answer{a.post("/v1/publish/system?user=u", `1`), a.post("/v1/events", `[{"user":"u","channel":"system","data":1}]`)} {
			if got.is(t, tt.status, tt.problem); !strings.Contains(got.detail, tt.detail) || strings.Contains(got.detail, "secret") || (got.header.Get("Retry-After") != "") != (tt.status == 503) {
				t.Errorf("got %s, Retry-After %q", got.body, got.header.Get("Retry-After"))
			}
		}
		if n := strings.Count(logged.String(), "password"); (tt.status == 500) != (n == 2) {
			t.Errorf("logged %q", logged.String())
		}
	}
}

func TestReadinessFollowsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFaultyLog(t)
		a := serveInMemory(t, newHub(t, l, nil), nil, nil)
		a.publish("alice", `1`)
		a.get("/health/ready").ok(t)
		fault := errors.New("host db1 is gone")
		l.failTail.Store(&fault)
		a.publish("alice", `2`)
		synctest.Wait()
		refused := a.get("/health/ready")
		if refused.is(t, 503, wire.Unavailable); strings.Contains(refused.body, "db1") {
			t.Errorf("got %s", refused.body)
		}
		a.get("/health/live").ok(t) // it is not the process that has to be started again
		if body := a.get("/v1/stats").ok(t); !strings.Contains(body, `"log":{"ok":false,"error":"`) || !strings.Contains(body, "db1") {
			t.Errorf("got %s", body)
		}
		l.failTail.Store(nil)
		time.Sleep(time.Minute)
		a.get("/health/ready").ok(t)
		a.hub.Close()
	})
}

// A log that fails while a client catches up ends the stream; the client
// resumes and misses nothing.
func TestFailureWhileCatchingUpEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFaultyLog(t)
		hub := newHub(t, l, &tidings.Options{WindowBytes: 1})
		a := serveInMemory(t, hub, nil, nil)
		a.publish("alice", `1`, `2`, `3`)
		synctest.Wait()
		fault := errors.New("gone")
		l.failRead.Store(&fault)
		r := a.follow("/v1/stream/agui?user=alice&from=start")
		r.expect("end")
		l.failRead.Store(nil)
		r = a.follow("/v1/stream/agui?user=alice&from=start")
		r.expect("1 1", "2 2")
		r.close()
		r = a.follow("/v1/stream/agui?user=alice", "Last-Event-ID: "+r.lastID)
		r.expect("at 2", "3 3")
		time.Sleep(time.Second)
		a.publish("alice", `4`)
		r.expect("4 4", ": keep-alive")
		a.publish("bob", `5`)
		r.expect(": keep-alive", "at 5")
		r.close()
		hub.Close()
	})
}
