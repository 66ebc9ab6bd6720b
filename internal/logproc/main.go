package logproc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings"
)

// Served is a log with all that the contract tests.
type Served interface {
	tidings.Log
	tidings.Purger
	tidings.Recaller
}

// Main serves the log that open opens, if the process was started by [Start], and does
// not return then. A TestMain calls it before anything else.
//
// When its input ends the process ends all calls, closes the log, if that is an
// io.Closer, and ends. It fails if that takes long, and if goroutines are left behind
// by Reads and Tails or by the log.
func Main[C any, L Served](open func(ctx context.Context, config C) (L, error)) {
	value := os.Getenv(variable)
	if value == "" {
		return
	}
	var config C
	err := json.Unmarshal([]byte(value), &config)
	if err == nil {
		err = serve(func(ctx context.Context) (Served, error) { return open(ctx, config) })
	}
	end(err)
}

// end ends the process.
func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// patience is how long a log may take to open, and to close.
const patience = 30 * time.Second

// serve serves a log until the input ends.
func serve(open func(context.Context) (Served, error)) error {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	log, err := open(ctx)
	cancel()
	if err != nil {
		return err
	}
	s := &Server{log: log}
	s.life, s.over = context.WithCancelCause(context.Background())
	r := rpc.NewServer()
	if err := r.RegisterName("Log", s); err != nil {
		return err
	}
	r.ServeCodec(jsonrpc.NewServerCodec(wire{input{s.over}, os.Stdout}))
	if kept := s.kept.Load(); kept > 0 && !settle(int(kept)+slack) {
		return stay("Reads and Tails left goroutines behind")
	}
	if c, ok := log.(io.Closer); ok {
		err = c.Close()
	}
	if !settle(before) {
		return stay("the log left goroutines behind")
	}
	return err
}

// An input is what the process reads. With it all calls end.
type input struct{ over context.CancelCauseFunc }

// Read implements io.Reader.
func (i input) Read(p []byte) (int, error) {
	n, err := os.Stdin.Read(p)
	if err != nil {
		i.over(errEnded)
		time.AfterFunc(patience, func() { end(stay("the log does not end")) })
	}
	return n, err
}

// slack is how many goroutines more than after the first Read or Tail there may be
// after the last: in a test the contract leaves 64 of each, one after the other.
const slack = 32

// settle reports whether there are soon at most so many goroutines.
func settle(most int) bool {
	for end := time.Now().Add(4 * time.Second); runtime.NumGoroutine() > most; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// stay returns an error about goroutines, with what they do.
func stay(what string) error {
	var all strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
	return fmt.Errorf("%s: %s", what, &all)
}

// A Server has a log do what is asked.
type Server struct {
	log   Served
	life  context.Context // ends with the input
	over  context.CancelCauseFunc
	calls sync.Map     // those under way, by number
	kept  atomic.Int64 // goroutines when the first Read or Tail had ended
}

// method is what is called of a Server.
const method = "Log.Do"

// A call is one under way. Its next and stop are of a Read or Tail.
type call struct {
	ctx    context.Context // is of the call, which takes several questions
	cancel context.CancelCauseFunc
	next   func() (tidings.Batch, error, bool)
	stop   func()
}

// call returns a call, which begins if it is new. One whose context ends as it returns
// may begin again, for nothing.
func (s *Server) call(number uint64) *call {
	ctx, cancel := context.WithCancelCause(s.life)
	c, _ := s.calls.LoadOrStore(number, &call{ctx: ctx, cancel: cancel})
	return c.(*call)
}

// Do answers a question.
func (s *Server) Do(q Question, a *Answer) (err error) {
	c := s.call(q.Call)
	if q.Ended {
		c.cancel(errEnded)
	}
	switch q.Do {
	case doNothing:
		return nil
	case doAppend:
		a.Receipts, err = s.log.Append(c.ctx, q.Events)
	case doBounds:
		a.Floor, a.Head, err = s.log.Bounds(c.ctx)
	case doPurge:
		a.ID, err = s.log.Purge(c.ctx, q.User)
	case doRecent:
		a.ID, err = s.log.Recent(c.ctx, q.Bytes)
	case doRead:
		a.Batch, err, a.More = c.begin(s.log.Read(c.ctx, q.Selector, q.After))
	case doTail:
		a.Batch, err, a.More = c.begin(s.log.Tail(c.ctx, q.After))
	case doNext:
		a.Batch, err, a.More = c.next()
	case doLeave:
		c.stop()
	}
	a.Fault = newFault(err)
	if !a.More {
		s.end(q.Call, c)
	}
	return nil
}

// begin begins a Read or Tail.
func (c *call) begin(batches iter.Seq2[tidings.Batch, error]) (tidings.Batch, error, bool) {
	c.next, c.stop = iter.Pull2(batches)
	return c.next()
}

// end ends a call.
func (s *Server) end(number uint64, c *call) {
	c.cancel(nil)
	s.calls.Delete(number)
	if c.next != nil {
		s.kept.CompareAndSwap(0, int64(runtime.NumGoroutine()))
	}
}
