package client

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A ProblemError is an answer of the server other than what was asked for. It
// matches tidings.ErrInvalid, tidings.ErrTooLarge and
// tidings.ErrUnknownOutcome where the server's error did.
type ProblemError struct {
	Status     int           // the HTTP status
	Kind       string        // such as "user-missing": a section of docs/protocol.md; empty if it was not Tidings that answered
	Title      string        // the same for every problem of the kind
	Detail     string        // what was wrong and what to do
	Index      int           // of the refused event in the batch, or -1
	RetryAfter time.Duration // what the server asked for, or 0
}

func (e *ProblemError) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	return fmt.Sprintf("server answered %d: %s", e.Status, text)
}

// Is reports whether target is the root package's error for the problem.
func (e *ProblemError) Is(target error) bool {
	switch target {
	case tidings.ErrInvalid:
		return e.Status == http.StatusBadRequest || e.Status == http.StatusRequestEntityTooLarge
	case tidings.ErrTooLarge:
		return e.Status == http.StatusRequestEntityTooLarge
	case tidings.ErrUnknownOutcome:
		return e.Kind == wire.OutcomeUnknown
	}
	return false
}

// maxProblem bounds what is read of an answer that is an error.
const maxProblem = 64 << 10

// problem reads an answer that is an error.
func problem(resp *http.Response) *ProblemError {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem)) // what could be read has to do
	e := &ProblemError{
		Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode), Index: -1,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var p wire.Problem
	if media != wire.ProblemType || json.Unmarshal(body, &p) != nil {
		e.Detail = firstLine(string(body))
		return e
	}
	told := problemOf(&p)
	told.Status, told.RetryAfter = e.Status, e.RetryAfter
	return told
}

// problemOf returns a problem as an error.
func problemOf(p *wire.Problem) *ProblemError {
	e := &ProblemError{
		Status: p.Status, Title: p.Title, Detail: p.Detail, Index: -1,
		Kind: strings.TrimPrefix(p.Type, wire.ProblemBase),
	}
	if p.Index != nil {
		e.Index = *p.Index
	}
	return e
}

// firstLine returns what is readable of the answer of something else, such as
// a proxy.
func firstLine(body string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	line = strings.TrimSpace(line)
	if len(line) > 200 || strings.HasPrefix(line, "<") {
		return ""
	}
	return strings.ToValidUTF8(line, "\ufffd")
}
