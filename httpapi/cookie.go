package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
)

// An EventSource cannot set headers. So a page can have its bearer token put into
// a cookie, which scripts cannot read, and which counts where a request has no
// header Authorization. Whatever checks tokens does not know the difference.

// hostPrefix begins the name of a cookie that browsers keep only from this very
// host and over TLS (RFC 6265bis 4.1.3.2).
const hostPrefix = "__Host-"

// maxCookie is how long the name and the value of a cookie may be together
// (RFC 6265bis 5.6).
const maxCookie = 4096

// CheckCookie reports whether a name can be [Options].Cookie, and if not, what is
// wanted.
func CheckCookie(name string) error {
	switch {
	case strings.HasPrefix(strings.ToLower(name), "__"):
		return fmt.Errorf("cookie %q: want a name without a prefix such as %s, which is added where browsers accept it", name, hostPrefix)
	case name == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return !tokenRune(r) }):
		return fmt.Errorf("cookie %q: want a name of letters, digits, - and _, at most 64", name)
	}
	return nil
}

// tokenRune reports whether a name may have the character.
func tokenRune(r rune) bool { return r == '-' || r == '_' || alphanumeric(r) }

func alphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// checkedCookie returns the name of the cookie. It panics if it cannot be one.
func checkedCookie(name string) string {
	if name != "" {
		if err := CheckCookie(name); err != nil {
			panic(fmt.Sprintf("httpapi: Options.Cookie: %v", err))
		}
	}
	return name
}

// plain reports whether a request came to this machine itself, not encrypted.
// There browsers keep no cookie of hostPrefix.
func plain(r *http.Request) bool { return r.TLS == nil && loopbackName(r.Host) }

// serveSetCookie is POST /v1/cookie.
func (h *Handler) serveSetCookie(w http.ResponseWriter, r *http.Request, a *Access) error {
	if err := bare(r); err != nil {
		return err
	}
	token, err := bearer(r)
	if err != nil {
		return err
	}
	c := h.cookie(r) // #nosec G124 -- it has what plain lets it have
	c.Value = token
	if n := len(c.Name) + len(token); n > maxCookie {
		return refusal(wire.TooLarge, "the token does not fit into a cookie: with the name it has %d bytes, browsers keep %d", n, maxCookie)
	}
	if !a.Expires.IsZero() {
		c.MaxAge = max(1, int(time.Until(a.Expires)/time.Second))
	}
	h.setCookie(w, c)
	return nil
}

// serveClearCookie is DELETE /v1/cookie, also for who has no access any more.
func (h *Handler) serveClearCookie(w http.ResponseWriter, r *http.Request) error {
	if err := bare(r); err != nil {
		return err
	}
	c := h.cookie(r) // #nosec G124 -- it has what plain lets it have
	c.MaxAge = -1
	h.setCookie(w, c)
	return nil
}

// bare refuses parameters and a body.
func bare(r *http.Request) error {
	if r.ContentLength != 0 {
		return refusal(wire.Invalid, "the request has a body: want none")
	}
	_, err := parseQuery(r)
	return err
}

// cookie returns the cookie that a request is about, without its value. Its path
// is that of everything, because the handler does not know below which one it is
// mounted, and the prefix wants it. Nothing that a cookie opens is a page which
// somebody is led to, so it is sent with nothing that another site makes the
// browser do: unless it is a listed page of that site which asks for it. Then it is
// for pages of that site alone (Partitioned).
func (h *Handler) cookie(r *http.Request) *http.Cookie {
	c := &http.Cookie{Name: hostPrefix + h.opts.Cookie, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode}
	elsewhere := r.Header.Get("Sec-Fetch-Site") == "cross-site"
	if elsewhere {
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
	}
	// Behind a proxy that hides its Host the page's origin tells.
	if plain(r) && !strings.HasPrefix(r.Header.Get("Origin"), "https:") {
		c.Name, c.Secure = h.opts.Cookie, elsewhere
	}
	return c
}

// setCookie answers with the cookie.
func (h *Handler) setCookie(w http.ResponseWriter, c *http.Cookie) {
	http.SetCookie(w, c)
	w.Header().Set("Cache-Control", "no-store")
	h.hurry(w)
	w.WriteHeader(http.StatusNoContent)
}

// bearer returns the token of a request's header (RFC 6750 2.1).
func bearer(r *http.Request) (string, error) {
	given := r.Header.Values("Authorization")
	if len(given) != 1 {
		return "", fmt.Errorf("the cookie is for who sends one header Authorization: Bearer …, there are %d: %w", len(given), ErrUnauthorized)
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if token = strings.Trim(token, " "); !strings.EqualFold(scheme, "Bearer") || !bearerToken(token) {
		return "", refusal(wire.Invalid, "the header Authorization is not Bearer and a token")
	}
	return token, nil
}

// bearerToken reports whether a text can be a bearer token. All of those can be
// values of cookies.
func bearerToken(s string) bool {
	s = strings.TrimRight(s, "=")
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("-._~+/", r) })
}

// presented returns the request with what proves who asks in its header
// Authorization, where the cookie does. Who is led by a page of others is refused
// if a browser added any cookie to the request.
func (h *Handler) presented(r *http.Request) (*http.Request, error) {
	if len(r.Header["Authorization"]) > 0 || len(r.Header["Cookie"]) == 0 {
		return r, nil
	}
	if err := h.pages.checkRead(r); err != nil {
		return nil, err
	}
	token, given, err := h.token(r)
	if err != nil || !given {
		return r, err
	}
	proven := r.WithContext(r.Context())
	proven.Header = r.Header.Clone()
	proven.Header.Set("Authorization", "Bearer "+token)
	return proven, nil
}

// token returns what the cookie of a request has. The one that no other host, and
// nobody on the way, can have set is preferred.
func (h *Handler) token(r *http.Request) (token string, given bool, err error) {
	if h.opts.Cookie == "" {
		return "", false, nil
	}
	names := []string{hostPrefix + h.opts.Cookie}
	if plain(r) {
		names = append(names, h.opts.Cookie)
	}
	for _, name := range names {
		switch values := cookies(r.Header, name); {
		case len(values) > 1:
			return "", true, refusal(wire.Invalid, "the cookie %s is given more than once", name)
		case len(values) == 1 && !bearerToken(values[0]):
			return "", true, fmt.Errorf("the cookie %s holds no token: %w", name, ErrUnauthorized)
		case len(values) == 1:
			return values[0], true, nil
		}
	}
	return "", false, nil
}

// cookies returns the values of all cookies of a name, as they are: those that
// net/http cannot read count as well.
func cookies(header http.Header, name string) (values []string) {
	for _, line := range header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			key, value, _ := strings.Cut(pair, "=")
			if strings.Trim(key, " \t") == name {
				values = append(values, strings.Trim(value, " \t"))
			}
		}
	}
	return values
}
