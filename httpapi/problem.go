package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
	"github.com/tidings-dev/tidings/agui"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A problem is a row of the table of problem types.
type problem struct {
	status int
	title  string
}

// problems is the table of problem types, by the names in package wire.
var problems = map[string]problem{
	wire.Invalid:            {400, "The request is malformed."},
	wire.UnknownChannel:     {400, "There is no such channel to publish on."},
	wire.UserMissing:        {400, "The owner is missing."},
	wire.SessionMissing:     {400, "The session is missing."},
	wire.BadPosition:        {400, "The position cannot be read."},
	wire.Unauthorized:       {401, "It is not known who asks."},
	wire.Forbidden:          {403, "The request is not allowed."},
	wire.NotFound:           {404, "There is nothing here."},
	wire.MethodNotAllowed:   {405, "The method is not served here."},
	wire.NotAcceptable:      {406, "Only text/event-stream is served here."},
	wire.TooLarge:           {413, "The request is too large."},
	wire.URITooLong:         {414, "The address is too long."},
	wire.UnsupportedMedia:   {415, "The body's type is not accepted."},
	wire.TooManyConnections: {429, "There are too many connections."},
	wire.TooManyEvents:      {429, "There are too many events."},
	wire.HeaderTooLarge:     {431, "The header is too large."},
	wire.Internal:           {500, "Something is wrong with the server."},
	wire.OutcomeUnknown:     {503, "It is not known whether the events were kept."},
	wire.Unavailable:        {503, "The service is not available now."},
}

// causes is the table from errors to problem types; the first that matches
// counts. Where there is a detail it is told in place of the error, which may say
// more of what is behind the server than a client should know.
var causes = []struct {
	is     error
	name   string
	detail string
}{
	{ErrUnauthorized, wire.Unauthorized, ""},
	{ErrForbidden, wire.Forbidden, ""},
	{ErrUnavailable, wire.Unavailable, ""},
	{tidings.ErrTooLarge, wire.TooLarge, ""},
	{tidings.ErrInvalid, wire.Invalid, ""},
	{agui.ErrNoSession, wire.SessionMissing, ""},
	{agui.ErrInvalid, wire.Invalid, ""},
	{a2a.ErrInvalid, wire.Invalid, ""},
	{tidings.ErrTooManyConnections, wire.TooManyConnections, ""},
	{tidings.ErrUnknownOutcome, wire.OutcomeUnknown, "outcome unknown: send the same request again"},
	{tidings.ErrReadOnly, wire.Unavailable, "the log is read-only and takes no events"},
	{tidings.ErrUnavailable, wire.Unavailable, "the log is not available"},
	{tidings.ErrTooManyKeys, wire.Unavailable, ""},
	{tidings.ErrClosed, wire.Unavailable, ""},
	{tidings.ErrReplaced, wire.Unavailable, ""},
	{context.Canceled, wire.Unavailable, ""},
	{context.DeadlineExceeded, wire.Unavailable, ""},
}

// A refused is an error of this package: the type of the problem and what to
// tell the client.
type refused struct {
	name, detail string
	retryAfter   time.Duration
	closes       bool // the connection shall make room
}

func (e *refused) Error() string { return e.detail }

// refusal returns an error that becomes a problem of the named type.
func refusal(name, format string, args ...any) *refused {
	return &refused{name: name, detail: fmt.Sprintf(format, args...)}
}

// after sets when it is worth to try again.
func (e *refused) after(d time.Duration) *refused {
	e.retryAfter = d
	return e
}

// refuse answers with the problem that err is, and tells of it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	h.refuseSubject(w, r, "", err)
}

// refuseSubject is refuse where it is known who asks.
func (h *Handler) refuseSubject(w http.ResponseWriter, r *http.Request, subject string, err error) {
	p := describe(err)
	h.report(r, strings.TrimPrefix(p.Type, wire.ProblemBase), p.Status, subject, err)
	header := w.Header()
	switch p.Status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", challenge(err))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", strconv.Itoa(retryAfter(err)))
	}
	if own, ok := errors.AsType[*refused](err); ok && own.closes && r.ProtoMajor == 1 {
		header.Set("Connection", "close")
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); r.ProtoMajor == 1 && (r.ContentLength < 0 || large) {
		// The server would read the body before it answers, and the client may
		// wait for the answer before it ends the body.
		header.Set("Connection", "close")
	}
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Type", wire.ProblemType)
	h.hurry(w)
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) // an error means that nobody reads it
}

// describe returns the problem that err is.
func describe(err error) wire.Problem {
	name, detail := classify(err)
	row := problems[name]
	p := wire.Problem{Type: wire.ProblemBase + name, Title: row.title, Status: row.status, Detail: detail}
	if batch, ok := errors.AsType[*tidings.BatchError](err); ok {
		p.Index = &batch.Index
	}
	return p
}

// classify returns the type of the problem that err is, and what to tell. Of
// errors that are not known nothing is told.
func classify(err error) (name, detail string) {
	if own, ok := errors.AsType[*refused](err); ok {
		return own.name, tell(err)
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return wire.TooLarge, fmt.Sprintf("the body has more than %d bytes", large.Limit)
	}
	if field, ok := errors.AsType[*tidings.InvalidError](err); ok && field.Field == "channel" && !errors.Is(err, tidings.ErrTooLarge) {
		return wire.UnknownChannel, tell(err)
	}
	for _, c := range causes {
		if errors.Is(err, c.is) {
			return c.name, cmp.Or(c.detail, tell(err))
		}
	}
	return wire.Internal, "the server's log has the reason"
}

// tell returns an error's text for a client, without the names of packages
// that begin it.
func tell(err error) string {
	if batch, ok := errors.AsType[*tidings.BatchError](err); ok {
		where := fmt.Sprintf("event %d", batch.Index)
		if line, ok := errors.AsType[*lineError](err); ok {
			where = fmt.Sprintf("line %d", line.line)
		}
		return where + ": " + tell(batch.Err)
	}
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "authenticate: "), "tidings: ")
}

// challenge returns how to authenticate.
func challenge(err error) string {
	var c interface{ Challenge() string }
	if errors.As(err, &c) {
		return c.Challenge()
	}
	return "Bearer"
}

// retryAfter returns after how many seconds it is worth to try again.
func retryAfter(err error) int {
	if own, ok := errors.AsType[*refused](err); ok && own.retryAfter > 0 {
		return int(max(1, own.retryAfter.Round(time.Second)/time.Second))
	}
	if errors.Is(err, tidings.ErrTooManyConnections) {
		return 5
	}
	return 2
}

// shorten cuts what a client sent to a length that fits into an error.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
