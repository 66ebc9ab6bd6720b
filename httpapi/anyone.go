package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/tidings-dev/tidings/internal/wire"
)

// Where anyone may do everything, that is so for whoever reaches the server. A page
// of a foreign site reaches through its visitor's browser what its author does not,
// so two of the checks of a single machine remain: pages have to be the server's
// own, and the Host has to be a name that a foreign site cannot have.

// checkAnyone refuses what pages of other sites ask for.
func checkAnyone(r *http.Request) error {
	if !privateName(r.Host) {
		return refusal(wire.Forbidden, "without authentication the Host must be an address, or a name that no site on the internet has, not %q", shorten(r.Host))
	}
	return checkOrigin(r, func(host string) bool { return strings.EqualFold(host, r.Host) })
}

// privateSuffixes end names that the public DNS does not have: RFC 6761, 6762 and
// 8375, and what ICANN reserved in 2024.
var privateSuffixes = []string{".localhost", ".local", ".home.arpa", ".internal"}

// privateName reports whether a host, with or without a port, is an address or a
// name that nobody can register, so that its owner cannot point it here.
func privateName(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	for _, suffix := range privateSuffixes {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return host != "" && !strings.Contains(host, ".")
}

// Admin returns a handler for a listener of its own, which the public does not
// reach: it serves the health routes, and next all others, such as figures and
// profiles. It asks nobody who he is, whatever Options.Authenticate says. Only this
// machine is served, or if anyone is true whoever reaches the listener, but never
// pages of other sites.
func (h *Handler) Admin(next http.Handler, anyone bool) http.Handler {
	mux, check := http.NewServeMux(), checkLocal
	if anyone {
		check = checkAnyone
	}
	mux.HandleFunc("GET "+wire.LivePath, h.open(h.serveLive))
	mux.HandleFunc("GET "+wire.ReadyPath, h.open(h.serveReady))
	mux.Handle("/", next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := check(r); err != nil {
			h.refuse(w, r, err)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
