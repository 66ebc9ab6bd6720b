package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
)

// Each request that is refused has a line in the log, so that whoever is asked can
// say why. But those who refuse thousands in a second must not be kept by their log:
// for each type of problem some have lines, and the rest of a second has one.

// linesPerSecond is how many refusals of a type have lines of their own in a second.
const linesPerSecond = 10

// refusals are what was refused of late.
type refusals struct {
	mu     sync.Mutex // guards what follows
	recent map[string]*recent
}

// recent is what was refused in one second, of one type.
type recent struct {
	since         time.Time
	told, dropped int
}

func newRefusals() *refusals { return &refusals{recent: make(map[string]*recent)} }

// admit reports whether a refusal has a line of its own. If it is the first of its
// second that has none, summarise is called when the second is over, with how many
// there were.
func (f *refusals) admit(name string, summarise func(dropped int)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, r := time.Now(), f.recent[name]
	if r == nil || now.Sub(r.since) >= time.Second {
		r = &recent{since: now}
		f.recent[name] = r
	}
	if r.told < linesPerSecond {
		r.told++
		return true
	}
	if r.dropped++; r.dropped == 1 {
		time.AfterFunc(r.since.Add(time.Second).Sub(now), func() { summarise(f.count(r)) })
	}
	return false
}

// count returns how many have no line.
func (f *refusals) count(r *recent) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return r.dropped
}

// report tells of a request that is refused: to the hook, and in the log. What the
// client sent is not written down, because there may be secrets in all of it; the
// problem has told the client what was wrong.
func (h *Handler) report(r *http.Request, name string, status int, subject string, err error) {
	if told := h.opts.Hooks.Refused; told != nil {
		told(name)
	}
	level := slog.LevelInfo
	if name == wire.Internal {
		level = slog.LevelError
	}
	logger := h.opts.Logger
	if !logger.Enabled(r.Context(), level) || !h.refusals.admit(name, func(dropped int) {
		logger.Log(context.Background(), level, "more requests refused", "status", status, "problem", name, "requests", dropped)
	}) {
		return
	}
	line := []any{"method", method(r), "route", h.route(r), "status", status, "problem", name, "subject", shorten(subject), "address", h.from(r)}
	if name == wire.Internal {
		line = append(line, "err", err)
	}
	logger.Log(r.Context(), level, "request refused", line...)
}

// method returns the method of a request if that is a usual one.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// route returns the pattern of the route that a request is for, or none.
func (h *Handler) route(r *http.Request) string {
	_, pattern := h.mux.Handler(r)
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return "none"
}

// from returns where a request came from, past the proxies that are trusted.
func (h *Handler) from(r *http.Request) string {
	if at := h.Address(r); at.IsValid() {
		return at.String()
	}
	return shorten(r.RemoteAddr)
}
