package tidings

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Errors that a caller only needs to recognise. Test for them with errors.Is.
var (
	// ErrClosed is returned by everything that is called on, or waits for, a
	// closed Hub, Subscription or log.
	ErrClosed = errors.New("tidings: closed")

	// ErrInvalid is matched by every *InvalidError: the input was refused and
	// nothing was done.
	ErrInvalid = errors.New("tidings: invalid")

	// ErrTooLarge is matched, besides ErrInvalid, by an *InvalidError whose
	// value was over a size limit.
	ErrTooLarge = errors.New("tidings: too large")

	// ErrForeign says that a position is not one of this log: its time is not
	// the one the log stamped, or it lies beyond the head.
	ErrForeign = errors.New("tidings: position of another log")

	// ErrTruncated is matched by every *TruncatedError.
	ErrTruncated = errors.New("tidings: truncated")

	// ErrUnknownOutcome is returned by Publish when the caller's context ended,
	// or the hub was closed, while the append was under way. The events may or
	// may not have been kept; publishing them again with the same keys is safe.
	ErrUnknownOutcome = errors.New("tidings: outcome unknown")

	// ErrBehind is returned by TryPending of a Subscription that is behind the
	// window of a log that is not in memory. Nothing was returned, and Pending
	// asks the log.
	ErrBehind = errors.New("tidings: behind the window")

	// ErrUnavailable is matched by the errors of a log whose backend cannot be
	// reached, or cannot take events now. Nothing was kept; it may pass. A Hub
	// that asks a log, and gets no answer, says so too, whatever the reason.
	ErrUnavailable = errors.New("tidings: log unavailable")

	// ErrReadOnly is matched by the errors of a log whose backend accepts no
	// writes, such as a standby. Nothing was kept.
	ErrReadOnly = errors.New("tidings: log is read-only")

	// ErrTooManyKeys refuses an event with a Key when the log remembers as many
	// keys as it may. It passes as keys leave the key window.
	ErrTooManyKeys = errors.New("tidings: too many keys in the key window")

	// ErrTooManyConnections is matched by every *TooManyConnectionsError.
	ErrTooManyConnections = errors.New("tidings: too many connections")

	// ErrReplaced ends a Subscription whose log was replaced or rolled back
	// beneath it. Subscribing again, with the old position, gives a *LostError
	// and then what the log has now.
	ErrReplaced = errors.New("tidings: log replaced")
)

// unanswered returns the error of what a log was asked and did not answer.
func unanswered(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrClosed) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
}

// An InvalidError names the field that was refused, its value and what would
// have been accepted. It matches ErrInvalid, and Cause if that is set.
type InvalidError struct {
	Field string // the field's name on the wire, such as "session"
	Value string // the refused value, shortened; empty if it is not useful
	Want  string // what is accepted
	Cause error  // a further sentinel it matches, such as ErrTooLarge; may be nil
}

func (e *InvalidError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("tidings: invalid %s: want %s", e.Field, e.Want)
	}
	return fmt.Sprintf("tidings: invalid %s %q: want %s", e.Field, e.Value, e.Want)
}

// Is reports whether target is ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Unwrap returns Cause.
func (e *InvalidError) Unwrap() error { return e.Cause }

// invalid returns an *InvalidError with a shortened value.
func invalid(field, value, want string) *InvalidError {
	return &InvalidError{Field: field, Value: shorten(value, 80), Want: want}
}

// shorten cuts s to at most n bytes of whole characters, for error messages.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n]) + "…"
}

// A BatchError names the event of a batch because of which the whole batch was
// refused. It wraps the reason.
type BatchError struct {
	Index int // of the event in the batch, from 0
	Err   error
}

func (e *BatchError) Error() string { return fmt.Sprintf("event %d: %v", e.Index, e.Err) }

// Unwrap returns the reason.
func (e *BatchError) Unwrap() error { return e.Err }

// A TruncatedError is yielded by [Log.Read] and [Log.Tail] when events after
// the position were discarded. It matches ErrTruncated.
type TruncatedError struct {
	Floor ID // the oldest position after which everything selected is retained
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("tidings: events up to %s were discarded", e.Floor)
}

// Is reports whether target is ErrTruncated.
func (e *TruncatedError) Is(target error) bool { return target == ErrTruncated }

// Reasons of a LostError.
const (
	LostExpired = "expired" // events after the position left retention
	LostForeign = "foreign" // the position is not one of this log
)

// A LostError tells a subscriber, before anything else, that events after the
// position it had may be gone. It is not the end: the subscription goes on
// after Oldest, with everything that is still retained and then live.
type LostError struct {
	After  ID     // the position that was presented or reached
	Oldest ID     // the position from which the subscription continues
	Reason string // LostExpired or LostForeign
}

func (e *LostError) Error() string {
	return fmt.Sprintf("tidings: events after %s may be lost (%s), continuing after %s", e.After, e.Reason, e.Oldest)
}
