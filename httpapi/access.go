package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

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
	// what belongs to the owner. Nil grants Owner only. They must not block.
	Subscribe, Publish func(owner string) bool
	// Feed grants reading what belongs to every owner, Stats the figures.
	Feed, Stats bool
	// Expires is when a stream, or a request that publishes line by line, ends at
	// the latest, and from when on the request is answered with 401; zero is
	// never.
	Expires time.Time
	// Revoked, if not nil, ends them when it is closed.
	Revoked <-chan struct{}
}

// access finds out who asks.
func (h *Handler) access(r *http.Request) (Access, error) {
	if h.opts.Authenticate == nil {
		return localAccess(r)
	}
	a, err := h.opts.Authenticate(r)
	if err != nil {
		return Access{}, fmt.Errorf("authenticate: %w", err)
	}
	if !a.Expires.IsZero() && !time.Now().Before(a.Expires) {
		return Access{}, fmt.Errorf("the access expired at %s: %w", a.Expires.UTC().Format(time.RFC3339), ErrUnauthorized)
	}
	return a, nil
}

// owner returns the owner that a request means which names the given one, or
// none.
func (h *Handler) owner(a *Access, named string) (string, error) {
	owner := cmp.Or(named, a.Owner)
	if owner == "" && !h.opts.SingleTenant {
		return "", refusal(wire.UserMissing, "no owner is named: add ?%s= or, in development, the header %s", wire.User, wire.UserHeader)
	}
	return owner, nil
}

// reader returns the owner that a request means, if it may read there.
func (h *Handler) reader(a *Access, named string) (string, error) {
	owner, err := h.owner(a, named)
	if err == nil && !a.maySubscribe(owner) {
		err = refusal(wire.Forbidden, "this request may not read what belongs to %q", shorten(owner))
	}
	return owner, err
}

// publisher returns the owner that a request means, if it may publish there.
func (h *Handler) publisher(a *Access, named string) (string, error) {
	owner, err := h.owner(a, named)
	if err == nil && !a.mayPublish(owner) {
		err = refusal(wire.Forbidden, "this request may not publish for %q", shorten(owner))
	}
	return owner, err
}

func (a *Access) maySubscribe(owner string) bool { return may(a.Subscribe, owner, a.Owner) }

func (a *Access) mayPublish(owner string) bool { return may(a.Publish, owner, a.Owner) }

func may(grant func(string) bool, owner, own string) bool {
	if grant == nil {
		return owner == own
	}
	return grant(owner)
}
