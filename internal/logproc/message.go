package logproc

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/tidings-dev/tidings"
)

// What is asked. A Read or Tail is one call: its first batch, or error, is the answer,
// and then what comes next is asked for, unless it is left.
const (
	doNothing = ""
	doAppend  = "append"
	doBounds  = "bounds"
	doPurge   = "purge"
	doRecent  = "recent"
	doRead    = "read"
	doTail    = "tail"
	doNext    = "next"
	doLeave   = "leave"
)

// A Question is what a process is asked, in a call.
type Question struct {
	Call     uint64
	Do       string
	Ended    bool // the context of the call has
	Events   []tidings.Event
	Selector tidings.Selector
	After    tidings.ID
	User     string
	Bytes    int64
}

// An Answer is what it says.
type Answer struct {
	Receipts        []tidings.Receipt
	Batch           tidings.Batch
	More            bool // what follows Batch, or Fault, can be asked for
	ID, Floor, Head tidings.ID
	Fault           *Fault
}

// known are the errors that a log's error may match.
var known = []error{
	tidings.ErrClosed, tidings.ErrInvalid, tidings.ErrTooLarge, tidings.ErrForeign, tidings.ErrTruncated, tidings.ErrUnknownOutcome,
	tidings.ErrUnavailable, tidings.ErrReadOnly, tidings.ErrTooManyKeys, context.Canceled, context.DeadlineExceeded,
}

// A wire is what a process reads, and what it writes, or the other ends.
type wire struct {
	io.Reader
	io.WriteCloser
}

// errEnded is the cause with which contexts end in a process.
var errEnded = errors.New("the caller's context ended")

// A Fault is an error that an Answer carries.
type Fault struct {
	Text      string
	Matches   []int // of known
	Ended     bool  // it matches the cause with which the context ended
	Truncated *tidings.TruncatedError
}

// newFault returns what there is to say of an error, or nil.
func newFault(err error) *Fault {
	if err == nil {
		return nil
	}
	f := &Fault{Text: err.Error(), Ended: errors.Is(err, errEnded)}
	for i, k := range known {
		if errors.Is(err, k) {
			f.Matches = append(f.Matches, i)
		}
	}
	f.Truncated, _ = errors.AsType[*tidings.TruncatedError](err)
	return f
}

// again returns the error, in a context whose end it may be about.
func (f *Fault) again(ctx context.Context) error {
	if f == nil {
		return nil
	}
	e := &faultError{Fault: *f}
	if f.Truncated != nil {
		e.parts = append(e.parts, f.Truncated)
	}
	if f.Ended {
		e.parts = append(e.parts, context.Cause(ctx))
	}
	return e
}

// A faultError is the error of a log in another process, and matches what that did.
type faultError struct {
	Fault
	parts []error
}

func (e *faultError) Error() string { return e.Text }

func (e *faultError) Is(target error) bool {
	return slices.ContainsFunc(e.Matches, func(i int) bool { return known[i] == target })
}

func (e *faultError) Unwrap() []error { return e.parts }
