package contexts

import (
	"errors"
	"strings"
)

// ErrInvalid is matched by every error of this package: what was to be written
// or read is not valid, and nothing was done.
var ErrInvalid = errors.New("contexts: invalid")

// An InvalidError says which member of what is not as it has to be. It matches
// [ErrInvalid].
type InvalidError struct {
	Object  string // an event's type, such as "CONTEXT_CREATED", or "event", "context", "envelope", "checkpoint"
	Field   string // where in it, such as "contexts[0].context_id"; empty for all of it
	Problem string // such as "is empty, want an id"
	Err     error  // what caused it, such as the error of tidings.CheckName, or nil
}

func (e *InvalidError) Error() string {
	return "contexts: invalid " + clip(e.Object) + ": " + strings.TrimSpace(e.Field+" "+e.Problem)
}

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Unwrap returns the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

// clip shortens what goes into an error's text, for somebody may have sent it.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
