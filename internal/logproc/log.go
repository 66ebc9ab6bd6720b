package logproc

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/tidings-dev/tidings"
)

// variable is where a process finds that it has a log, and which.
const variable = "TIDINGS_TEST_LOG"

// A Log is a log in a process of its own. All methods may be called concurrently.
// Their calls end when the log's do.
type Log struct {
	process *rpc.Client
	calls   atomic.Uint64
}

var _ Served = (*Log)(nil)

// Start starts a process that opens a log as [Main] says, with a config that goes there
// as JSON. It ends with the test, which fails if the process does.
func Start(t testing.TB, config any) *Log {
	t.Helper()
	value, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+string(value), quickly())
	cmd.Stderr = os.Stderr
	l, err := start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.process.Close() // its input ends
		if err := cmd.Wait(); err != nil {
			t.Errorf("the process of a log: %v", err)
		}
	})
	if _, err := l.ask(t.Context(), Question{Do: doNothing}); err != nil {
		t.Fatal(err)
	}
	return l
}

// quickly has a process with the race detector not sleep for a second at its end.
func quickly() string { return "GORACE=" + os.Getenv("GORACE") + " atexit_sleep_ms=0" }

// start starts a process, which answers when its log is open.
func start(cmd *exec.Cmd) (*Log, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Log{process: jsonrpc.NewClient(wire{out, in})}, nil
}

// call asks in a call of its own.
func (l *Log) call(ctx context.Context, q Question) (Answer, error) {
	q.Call = l.calls.Add(1)
	return l.ask(ctx, q)
}

// ask asks, and tells if ctx ends before the answer.
func (l *Log) ask(ctx context.Context, q Question) (a Answer, err error) {
	q.Ended = ctx.Err() != nil
	defer context.AfterFunc(ctx, func() {
		_ = l.process.Call(method, Question{Call: q.Call, Ended: true}, new(Answer)) // who asks learns what went wrong
	})()
	if err := l.process.Call(method, q, &a); err != nil {
		return Answer{}, fmt.Errorf("the process of a log: %w", err)
	}
	return a, a.Fault.again(ctx)
}

// stream asks for batches as they are wanted.
func (l *Log) stream(ctx context.Context, q Question) iter.Seq2[tidings.Batch, error] {
	return func(yield func(tidings.Batch, error) bool) {
		q.Call = l.calls.Add(1)
		a, err := l.ask(ctx, q)
		for a.More {
			if !yield(a.Batch, err) {
				_, _ = l.ask(ctx, Question{Call: q.Call, Do: doLeave})
				return
			}
			a, err = l.ask(ctx, Question{Call: q.Call, Do: doNext})
		}
		if err != nil { // the process is not there
			yield(tidings.Batch{}, err)
		}
	}
}

// Append implements [tidings.Log].
func (l *Log) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	a, err := l.call(ctx, Question{Do: doAppend, Events: events})
	return a.Receipts, err
}

// Read implements [tidings.Log].
func (l *Log) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return l.stream(ctx, Question{Do: doRead, Selector: sel, After: after})
}

// Tail implements [tidings.Log].
func (l *Log) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	return l.stream(ctx, Question{Do: doTail, After: after})
}

// Bounds implements [tidings.Log].
func (l *Log) Bounds(ctx context.Context) (floor, head tidings.ID, err error) {
	a, err := l.call(ctx, Question{Do: doBounds})
	return a.Floor, a.Head, err
}

// Purge implements [tidings.Purger].
func (l *Log) Purge(ctx context.Context, user string) (tidings.ID, error) {
	a, err := l.call(ctx, Question{Do: doPurge, User: user})
	return a.ID, err
}

// Recent implements [tidings.Recaller].
func (l *Log) Recent(ctx context.Context, bytes int64) (tidings.ID, error) {
	a, err := l.call(ctx, Question{Do: doRecent, Bytes: bytes})
	return a.ID, err
}
