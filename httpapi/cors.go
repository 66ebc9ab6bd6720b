package httpapi

import (
	"net/http"
	"strings"

	"github.com/tidings-dev/tidings/internal/wire"
)

// What pages of listed origins may send and read (CORS, of the Fetch standard).
// Browsers ask before most of what is not theirs to send by themselves. The
// answer is never for every origin, because requests have credentials.
const (
	allowedMethods = "GET, HEAD, POST, DELETE"
	// Cache-Control is what event-source-polyfill sends.
	allowedHeaders = "Authorization, Cache-Control, Content-Type, " + wire.LastEventIDHeader + ", " + wire.UserHeader + ", Traceparent, Tracestate"
	exposedHeaders = "Retry-After, WWW-Authenticate"
	// preflightAge is for how many seconds a browser remembers the answer;
	// Chromium does for no longer. What is no longer listed is refused at once.
	preflightAge = "7200"
)

// share sets the header by which pages of listed origins can read the answer,
// whatever that is. Without listed origins there is none.
func (h *Handler) share(w http.ResponseWriter, r *http.Request) {
	if len(h.pages.listed) == 0 || !shared(r.URL.Path) {
		return
	}
	header := w.Header()
	header.Add("Vary", "Origin") // also where there is none, or another
	if origin := h.pages.of(r); origin != "" {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
		header.Set("Access-Control-Expose-Headers", exposedHeaders)
	}
}

// shared reports whether a path is one of the API's: metrics and the page at /
// are not for pages of others.
func shared(path string) bool {
	return strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/health/")
}

// of returns the origin of the page that makes the request, if that is listed.
func (p *pages) of(r *http.Request) string {
	if given := r.Header["Origin"]; len(given) == 1 && p.listed[given[0]] {
		return given[0]
	}
	return ""
}

// preflight reports whether a browser asks what a page may send.
func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && len(r.Header["Origin"]) > 0 && len(r.Header["Access-Control-Request-Method"]) > 0
}

// servePreflight says what a page may send. It says so for every path, because
// what is wrong with a path only the answer to the request itself can tell the
// page.
func (h *Handler) servePreflight(w http.ResponseWriter, r *http.Request) error {
	header := w.Header()
	if h.pages.of(r) == "" || !shared(r.URL.Path) {
		return foreign(r)
	}
	header.Del("Access-Control-Expose-Headers")
	header.Add("Vary", "Access-Control-Request-Private-Network")
	header.Set("Access-Control-Allow-Methods", allowedMethods)
	header.Set("Access-Control-Allow-Headers", allowedHeaders)
	header.Set("Access-Control-Max-Age", preflightAge)
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		// A page of the internet asks for a server in a private network: whoever
		// listed it means that.
		header.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.hurry(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
