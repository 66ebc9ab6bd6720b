package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/tidings-dev/tidings/internal/wire"
)

// Without authentication only programs on this machine are served, and they
// must mean to be: a page of a foreign site can reach a loopback address from
// the visitor's browser (cross-site requests, DNS rebinding), and a proxy on
// this machine can reach it for the whole world.

// checkLocal refuses what does not come from this machine itself. Who may connect
// to a Unix socket its permissions say.
func checkLocal(r *http.Request) error {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if !bySocket(r) && (err != nil || !remote.Addr().Unmap().IsLoopback()) {
		return refusal(wire.Forbidden, "without authentication only this machine is served, not %s", shorten(r.RemoteAddr))
	}
	if !loopbackName(r.Host) {
		return refusal(wire.Forbidden, "without authentication the Host must be localhost or a loopback address, not %q", shorten(r.Host))
	}
	for name := range r.Header {
		if forwarding(name) {
			return refusal(wire.Forbidden, "without authentication nothing is served through a proxy: the header %s says there is one", shorten(name))
		}
	}
	return checkOrigin(r, loopbackName)
}

// bySocket reports whether a request came over a Unix socket. That is asked of the
// server's own end: what the other one is called its program chooses.
func bySocket(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix"
}

// forwarding reports whether only proxies set the header.
func forwarding(name string) bool {
	switch name {
	case "Forwarded", "X-Real-Ip", "Via":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// checkOrigin refuses pages of other sites than own ones, but not the links on
// them. Not all requests of a page have an Origin; browsers say of all to this
// machine whether a page of another site makes them (Fetch Metadata).
func checkOrigin(r *http.Request, own func(host string) bool) error {
	link := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" && !link {
		return refusal(wire.Forbidden, "without authentication pages of other sites are not served: the header Sec-Fetch-Site says there is one")
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !own(u.Host) {
			return refusal(wire.Forbidden, "without authentication pages of %q are not served", shorten(origin))
		}
	}
	return nil
}

// loopbackName reports whether a host, with or without a port, names this
// machine by itself and not by way of the DNS.
func loopbackName(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = hostport, "0"
		if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
			host = strings.TrimSuffix(inner, "]")
		}
	}
	if strings.Trim(port, "0123456789") != "" {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// localAccess is the access of a request in development: to the owner it
// names, or to all if it names none.
func localAccess(r *http.Request) (Access, error) {
	owner := firstValue(r.URL.RawQuery, wire.User)
	switch header := r.Header.Values(wire.UserHeader); {
	case len(header) > 1:
		return Access{}, refusal(wire.Invalid, "the header %s is given more than once", wire.UserHeader)
	case len(header) == 0 || header[0] == owner:
	case owner != "":
		return Access{}, refusal(wire.Forbidden, "?%s=%s and %s: %s differ", wire.User, shorten(owner), wire.UserHeader, shorten(header[0]))
	default:
		owner = header[0]
	}
	named := func(other string) bool { return owner == "" || other == owner }
	return Access{
		Subject: owner, Owner: owner, Feed: true, Stats: true, Admin: true,
		Subscribe: func(r Reading) bool { return named(r.Owner) }, Publish: func(w Writing) bool { return named(w.Owner) },
	}, nil
}

// firstValue returns what url.Values has as the first value of a parameter of a
// query, without the rest.
func firstValue(query, name string) string {
	for part := range strings.SplitSeq(query, "&") {
		if strings.Contains(part, ";") {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		if key, err := url.QueryUnescape(key); err != nil || key != name {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil {
			return value
		}
	}
	return ""
}
