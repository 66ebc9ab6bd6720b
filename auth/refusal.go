package auth

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

// A refusal is why a token is not accepted. It matches httpapi.ErrUnauthorized.
// It has no part of the token as it was sent, only names and values of it.
type refusal struct{ why string }

func (e *refusal) Error() string { return e.why }

// Unwrap returns what httpapi answers with 401.
func (e *refusal) Unwrap() error { return httpapi.ErrUnauthorized }

// Challenge is the header WWW-Authenticate of the answer (RFC 6750, 3).
func (e *refusal) Challenge() string {
	return `Bearer error="invalid_token", error_description="` + quotable(e.why) + `"`
}

// refuse returns a *refusal.
func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// errNoToken is where a request has no token.
var errNoToken = fmt.Errorf("no token: want the header Authorization: Bearer TOKEN: %w", httpapi.ErrUnauthorized)

// errUnavailable is where it cannot be told whether a token is good.
var errUnavailable = fmt.Errorf("the keys that tokens are checked with cannot be had now: %w", httpapi.ErrUnavailable)

// longestDescription bounds what a header says.
const longestDescription = 200

// quotable returns text as an error_description may be (RFC 6750, 3).
func quotable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), longestDescription)]
}

// bearer returns the token of a request. A request whose Authorization is
// something else is not looked at further: it does not become that of a cookie.
func bearer(r *http.Request, cookie string) (string, error) {
	if all, ok := r.Header["Authorization"]; ok {
		return credentials(all)
	}
	if cookie == "" {
		return "", errNoToken
	}
	switch all := r.CookiesNamed(cookie); len(all) {
	case 0:
		return "", errNoToken
	case 1:
		return all[0].Value, nil
	default:
		return "", &tidings.InvalidError{Field: "Cookie", Want: fmt.Sprintf("one named %s, not %d", cookie, len(all))}
	}
}

// credentials returns the token of the header Authorization (RFC 9110, 11.6.2).
func credentials(all []string) (string, error) {
	if len(all) != 1 {
		return "", &tidings.InvalidError{Field: "Authorization", Want: fmt.Sprintf("one such header, not %d", len(all))}
	}
	scheme, token, _ := strings.Cut(all[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoToken
	}
	if token = strings.Trim(token, " "); token == "" {
		return "", refuse("the header Authorization has no token after Bearer")
	}
	return token, nil
}
