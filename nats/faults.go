package nats

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

// Codes of answers of JetStream, see errors.json of the server.
const (
	codeWrongID           = 10070
	codeWrongSequence     = 10071
	codeWrongSequenceBusy = 10164
	codeBatchIncomplete   = 10176
	codeBatchDuplicate    = 10201
)

// An unknownError says that what was asked for may have been done.
type unknownError struct{ err error }

func (e *unknownError) Error() string { return e.err.Error() }
func (e *unknownError) Unwrap() error { return e.err }

func isUnknown(err error) bool {
	_, ok := errors.AsType[*unknownError](err)
	return ok
}

// An answerError is an answer that refuses.
type answerError struct {
	Status      int    `json:"code"`
	Code        int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *answerError) Error() string {
	return fmt.Sprintf("the stream refuses: %s (%d)", e.Description, e.Code)
}

// Is says that a stream that refuses for now is not available.
func (e *answerError) Is(target error) bool {
	return target == tidings.ErrUnavailable && (e.Status >= 500 || e.Code == codeBatchIncomplete)
}

// code returns the code of an answer that refuses, or 0.
func code(err error) int {
	if e, ok := errors.AsType[*answerError](err); ok {
		return e.Code
	}
	return 0
}

// errNoConnection says that nothing was sent.
var errNoConnection = fmt.Errorf("no connection: %w", tidings.ErrUnavailable)

// reconnectPatience is how long a connection may be lost before who appends is told:
// most are there again at once.
const reconnectPatience = time.Second

// again reports whether to try again though nothing was kept, for what passes at
// once.
func (l *Log) again(err error) bool {
	if errors.Is(err, errNoConnection) {
		lostAt, _ := l.link.state()
		return time.Since(lostAt) < reconnectPatience || lostAt.IsZero()
	}
	switch code(err) {
	case codeWrongSequenceBusy, codeBatchIncomplete:
		return true
	}
	return false
}

// unsent says of an error of publishing whether something may have been kept.
func unsent(err error) error {
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("no stream answers: %w", tidings.ErrUnavailable)
	case errors.Is(err, nats.ErrReconnectBufExceeded):
		return errNoConnection
	case errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("larger than the server takes (max_payload): %w", tidings.ErrTooLarge)
	case errors.Is(err, nats.ErrConnectionClosed):
		return tidings.ErrClosed
	}
	return &unknownError{fmt.Errorf("%w: %w", tidings.ErrUnavailable, err)}
}

// jitter returns a time up to d.
func jitter(d time.Duration) time.Duration { return rand.N(d) } // #nosec G404 -- it spreads load and keeps no secret

// wait waits, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
