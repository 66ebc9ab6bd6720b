package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/control"
	"github.com/tidings-dev/tidings/internal/wire"
)

// Errors that Options.Authenticate returns, or wraps with what was wrong. The
// text is shown to the client.
var (
	// ErrUnauthorized says that it is not known who asks. An error in the
	// chain with a method Challenge() string sets the header WWW-Authenticate,
	// which is Bearer otherwise.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden says that who asks may not.
	ErrForbidden = errors.New("forbidden")
	// ErrUnavailable says that it cannot be told now who asks. The answer is 503,
	// and the same request may be granted later.
	ErrUnavailable = errors.New("unavailable")
)

// Access is what a request may do, and for whom. The zero Access may do
// nothing, unless Options.SingleTenant is set: then it may read and publish
// what belongs to the owner with the empty name.
type Access struct {
	// Subject is who asks. Connections are counted for each subject; for those
	// who have none, for each owner they read.
	Subject string
	// Owner is meant where the request names none.
	Owner string
	// Subscribe and Publish report whether the subject may read, and publish,
	// something. Nil grants all that belongs to Owner. They must not block.
	Subscribe func(Reading) bool
	Publish   func(Writing) bool
	// Feed grants reading what belongs to every owner, Stats the figures, Admin to
	// purge an owner's events and to revoke access.
	Feed, Stats, Admin bool
	// Token is the id of what proved who asks, such as the claim jti of a JWT, and
	// Issued when that was issued: by both access is revoked on every server that
	// shares the log. Without an id it is revoked by its subject alone. Without a
	// time, or with one to come, it is taken to be issued when it is used: a
	// revocation ends what runs on it, and who proves himself anew is let in.
	Token  string
	Issued time.Time
	// Expires is when a stream, or a request that publishes line by line, ends at
	// the latest, and from when on the request is answered with 401; zero is
	// never.
	Expires time.Time
	// Revoked, if not nil, ends them when it is closed. It is this server's: tickets,
	// and newer access of a stream, know nothing of it, and neither do other servers.
	// Revoking by Token or Subject reaches all of them.
	Revoked <-chan struct{}

	ticket *control.Ticket // by which the request was proven; nil if by something else
}

// A Reading is what a request asks to read. Where it names several sessions each
// is asked about.
type Reading struct {
	Owner string
	// Stream is the name of the stream. [tidings.FeedStream] has everything, as
	// snapshots have unless they name a stream.
	Stream string
	// Session is empty where all sessions are meant, and what has none.
	Session string
}

// A Writing is where a request asks to publish an event.
type Writing struct {
	Owner   string
	Channel tidings.Channel
	Session string // empty if the event has none
}

// access finds out who asks.
func (h *Handler) access(r *http.Request) (a Access, err error) {
	switch ticket := ticketOf(r); {
	case ticket != "":
		a, err = h.ticketAccess(r, ticket)
	case h.opts.Authenticate == nil:
		return localAccess(r)
	default:
		if r, err = h.presented(r); err != nil {
			return Access{}, err
		}
		a, err = h.opts.Authenticate(r)
	}
	if err != nil {
		return Access{}, fmt.Errorf("authenticate: %w", err)
	}
	if now := time.Now(); a.Issued.IsZero() || a.Issued.After(now) {
		a.Issued = now // at the latest
	}
	return a, h.current(r.Context(), &a)
}

// current refuses access that has expired or was revoked. It is asked again where
// some of a request took its time.
func (h *Handler) current(ctx context.Context, a *Access) error {
	switch {
	case h.opts.Authenticate == nil && a.ticket == nil:
		return nil
	case !a.Expires.IsZero() && !time.Now().Before(a.Expires):
		return fmt.Errorf("the access expired at %s: %w", a.Expires.UTC().Format(time.RFC3339), ErrUnauthorized)
	case closed(a.Revoked):
		return errRevokedAccess
	}
	return h.checkRevoked(ctx, a)
}

// ticketOf returns the ticket that a request has in its address, or "". Only a
// stream can be had for one.
func ticketOf(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.RawQuery == "" || r.PathValue("stream") == "" {
		return ""
	}
	return firstValue(r.URL.RawQuery, wire.Ticket)
}

// owner returns the owner that a request means which names the given one, or
// none.
func (h *Handler) owner(a *Access, named string) (string, error) {
	owner := cmp.Or(named, a.Owner)
	if strings.HasPrefix(owner, control.Reserved) {
		return "", refusal(wire.Invalid, "owners whose names begin with %s are nobody's", control.Reserved)
	}
	if owner == "" && !h.opts.SingleTenant {
		return "", refusal(wire.UserMissing, "no owner is named: add ?%s= or, in development, the header %s", wire.User, wire.UserHeader)
	}
	return owner, nil
}

// reader returns the owner that a request means, if it may read all that it asks
// for of his: sessions of a stream, or none for the whole of it.
func (h *Handler) reader(a *Access, named, stream string, sessions []string) (string, error) {
	owner, err := h.owner(a, named)
	if err != nil {
		return owner, err
	}
	if len(sessions) == 0 {
		sessions = []string{""}
	}
	for _, session := range sessions {
		if r := (Reading{owner, stream, session}); !a.maySubscribe(r) {
			return owner, refusal(wire.Forbidden, "this request may not read %s", r.describe())
		}
	}
	return owner, nil
}

// describe says what is asked for, in the words of the request.
func (r *Reading) describe() string {
	if r.Session == "" {
		return fmt.Sprintf("all of the stream %s of %q", r.Stream, shorten(r.Owner))
	}
	return fmt.Sprintf("the session %q on the stream %s of %q", shorten(r.Session), r.Stream, shorten(r.Owner))
}

// checkPublish refuses to publish an event that the request may not.
func (a *Access) checkPublish(e *tidings.Event) error {
	if a.mayPublish(Writing{e.User, e.Channel, e.Session}) {
		return nil
	}
	where := ""
	if e.Session != "" {
		where = fmt.Sprintf(", in the session %q", shorten(e.Session))
	}
	return refusal(wire.Forbidden, "this request may not publish for %q on the channel %s%s", shorten(e.User), shorten(string(e.Channel)), where)
}

func (a *Access) maySubscribe(r Reading) bool {
	if a.Subscribe == nil {
		return r.Owner == a.Owner
	}
	return a.Subscribe(r)
}

func (a *Access) mayPublish(w Writing) bool {
	if a.Publish == nil {
		return w.Owner == a.Owner
	}
	return a.Publish(w)
}
