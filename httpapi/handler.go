package httpapi

import (
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/internal/control"
	"github.com/tidings-dev/tidings/internal/delivery"
	"github.com/tidings-dev/tidings/internal/wire"
)

// HeartbeatInterval is the silence after which a stream shows that it lives,
// unless [Options].KeepAlive says otherwise. HeartbeatJSON is the data of the
// frame, named heartbeat, by which it does so where a client asks for it with
// heartbeat=json, on the contexts and analytics streams only. On all others, and
// to all who do not ask, it is a comment.
const (
	HeartbeatInterval = wire.HeartbeatInterval
	HeartbeatJSON     = wire.HeartbeatData
)

// Options are the options of New. Zero fields, and nil, mean the defaults.
type Options struct {
	// Authenticate says who a request speaks for and what it may do. An error
	// that matches ErrUnauthorized is answered with 401, one that matches
	// ErrForbidden with 403, one that matches ErrUnavailable with 503, all with
	// the error's text; one that matches [tidings.ErrInvalid] is a malformed
	// request, and any other is answered with 500 and logged. It is not called for the health routes and the page.
	//
	// Nil is for development: every route is served to this machine only, and
	// a request speaks for the owner that it names with ?user= or the header
	// Tidings-User, for all if it names none. See docs/protocol.md#development.
	Authenticate func(*http.Request) (Access, error)
	// Anyone has requests from other machines served without authentication, and
	// through proxies: whoever reaches the server may read and publish everything.
	// What pages of other sites ask for is refused all the same. It means nothing
	// where Authenticate is set.
	Anyone bool
	// SingleTenant makes the owner with the empty name the one that is meant
	// where a request and its Access name none. Otherwise that is refused.
	SingleTenant bool
	// Origins are those of the pages in browsers that may use the routes, besides
	// the server's own, each as [CheckOrigin] wants it; New panics otherwise. Pages
	// of others cannot read an answer, may not write, and are not served where a
	// cookie comes along. Without Authenticate pages of other machines are refused
	// before, listed or not.
	Origins []string
	// Cookie, if not empty, is the name of a cookie that proves who asks where no
	// header Authorization does, as [CheckCookie] wants it; New panics otherwise.
	// POST /v1/cookie puts the bearer token of its request there, and Authenticate
	// finds it in the header Authorization of the request that it gets. Over TLS the
	// name begins with __Host- on the wire. Without Authenticate it means nothing.
	Cookie string
	// WriteTimeout is how long a client may take to accept what was written to
	// it, at most 64 KiB at a time; 10 seconds by default.
	WriteTimeout time.Duration
	// ReadTimeout is how long a client may take to send 64 KiB of a body, or
	// the rest of it; 10 seconds by default. Where it publishes line by line,
	// that is so for each line, and between lines it may take any time.
	ReadTimeout time.Duration
	// KeepAlive is the silence after which a stream shows that it lives; 15
	// seconds by default.
	KeepAlive time.Duration
	// Retry is how long clients wait before they connect again; each is told a
	// time between half and one and a half times as much. 2 seconds by default.
	Retry time.Duration
	// MaxAge is how long a stream may last, and a request that publishes line by
	// line. Each ends at a moment of its own in the last quarter of that, and its
	// client resumes, perhaps elsewhere, with access that is asked for anew. By
	// default there is no such limit.
	MaxAge time.Duration
	// DrainWindow is the time over which Drain spreads the ends of streams, and
	// of requests that publish line by line; 10 seconds by default, negative to
	// end all at once.
	DrainWindow time.Duration
	// Contexts tells what a contexts stream begins with. By default it is a
	// [contexts.Tracker] with default options, which the handler makes.
	Contexts contexts.Source
	// StatsInterval is how often the analytics streams and the feed of everyone
	// carry real-time stats, if they changed; 5 seconds by default, negative for
	// never.
	StatsInterval time.Duration
	// AccessLifetime is how long access may last after it was issued, and so how
	// long a revocation is remembered; 24 hours by default. See [Access].Issued.
	AccessLifetime time.Duration
	// Delivery is how streams are written; by default each by the goroutine of
	// its request.
	Delivery Delivery
	// Limits bound what clients take of the server.
	Limits Limits
	// TrustedProxies are the addresses of proxies whose X-Forwarded-For counts: see
	// [Handler.Address]. TrustUnix trusts whoever connects to a Unix socket as well.
	TrustedProxies []netip.Prefix
	TrustUnix      bool
	// Page, if not nil, serves GET / and what lies under /assets/.
	Page http.Handler
	// Metrics, if not nil, serves GET /metrics. It is asked no more than the
	// health routes: put it behind what only your monitoring reaches.
	Metrics http.Handler
	// Hooks are called at points of interest.
	Hooks Hooks
	// Logger gets a line for each request that was refused: at level Error, with the
	// reason, if that is the server's fault, else at Info. Of many that are refused
	// for the same kind of problem some have a line, and the others one line
	// together in each second. No line has what a client sent, but for the method and
	// what Authenticate says is the subject. Nil discards them.
	Logger *slog.Logger
}

// withDefaults returns a copy of o with zero fields set.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.DrainWindow == 0 {
		c.DrainWindow = 10 * time.Second
	}
	if c.StatsInterval == 0 {
		c.StatsInterval = 5 * time.Second
	}
	c.WriteTimeout = positive(c.WriteTimeout, 10*time.Second)
	c.ReadTimeout = positive(c.ReadTimeout, 10*time.Second)
	c.KeepAlive = positive(c.KeepAlive, wire.HeartbeatInterval)
	c.Retry = positive(c.Retry, 2*time.Second)
	c.AccessLifetime = positive(c.AccessLifetime, defaultLifetime)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// positive returns d, or def where d is not positive.
func positive(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}

// A Handler serves a hub. All methods may be called concurrently.
type Handler struct {
	hub       *tidings.Hub
	opts      Options
	mux       *http.ServeMux
	envelopes envelopeFormat
	stats     *analytics.Tracker
	drain     drain
	control   func() *control.Control
	leases    leases
	pages     *pages
	probe     probe
	refusals  *refusals
	raw       *delivery.Server   // nil if there is none
	portable  *delivery.Portable // nil if there is none
	paths     paths
	zero      time.Time // of moments

	addresses addresses
	pace      *rate.Limiter // of connections that begin; nil if they may at any
	rates     *rates        // of events; nil if they may come at any
	sockets   atomic.Int64  // of the HTTP server
	overruns  overruns
}

// paths are how many streams take which path.
type paths struct{ raw, portable atomic.Int64 }

// New returns a Handler for a hub, which stays the caller's to close. What the
// handler knows of the hub's events it knows as long as that is open.
func New(hub *tidings.Hub, opts *Options) *Handler {
	h := &Handler{hub: hub, opts: opts.withDefaults(), mux: http.NewServeMux(), zero: time.Now().Add(-time.Second)}
	if h.opts.Contexts == nil {
		h.opts.Contexts = contexts.NewTracker(hub, &contexts.TrackerOptions{Logger: h.opts.Logger})
	}
	if h.opts.StatsInterval > 0 {
		h.stats = analytics.NewTracker(hub, nil)
	}
	h.envelopes = envelopes(hub.Router())
	h.pages, h.opts.Cookie = listedPages(h.opts.Origins), checkedCookie(h.opts.Cookie)
	h.limit()
	h.drain, h.leases, h.probe.delivered, h.refusals = newDrain(), newLeases(), h.opts.Hooks.Delivered, newRefusals()
	h.control = sync.OnceValue(h.newControl)
	if h.opts.Authenticate != nil {
		h.control()
	}
	h.takeOver()
	h.routes()
	return h
}

// routes registers everything that is served.
func (h *Handler) routes() {
	h.mux.HandleFunc("GET "+wire.StreamPath+"{stream}", h.granted(h.serveStream))
	h.mux.HandleFunc("GET "+wire.FeedPath, h.granted(h.serveFeed))
	h.mux.HandleFunc("GET "+wire.SessionsPath+"{session}/feed", h.granted(h.serveSessionFeed))
	h.mux.HandleFunc("POST "+wire.EventsPath, h.granted(h.serveEvents))
	h.mux.HandleFunc("POST "+wire.PublishPath+"{channel}", h.granted(h.servePublish))
	h.mux.HandleFunc("DELETE "+wire.EventsPath, h.granted(h.servePurge))
	h.mux.HandleFunc("POST "+wire.StreamPath+"{stream}", h.granted(h.serveExtension))
	h.mux.HandleFunc("POST "+wire.TicketsPath, h.granted(h.serveTicket))
	h.mux.HandleFunc("POST "+wire.RevocationsPath, h.granted(h.serveRevocation))
	h.mux.HandleFunc("GET "+wire.StatsPath, h.granted(h.serveStats))
	if h.opts.Cookie != "" && h.opts.Authenticate != nil {
		h.mux.HandleFunc("POST "+wire.CookiePath, h.granted(h.serveSetCookie))
		h.mux.HandleFunc("DELETE "+wire.CookiePath, h.open(h.serveClearCookie))
	}
	h.mux.HandleFunc("GET "+wire.LivePath, h.open(h.serveLive))
	h.mux.HandleFunc("GET "+wire.ReadyPath, h.open(h.serveReady))
	h.mux.HandleFunc("/", h.open(h.serveNothing))
	if h.opts.Page != nil {
		h.mux.Handle("GET /{$}", h.hurried(h.opts.Page))
		h.mux.Handle("GET /assets/", h.hurried(h.opts.Page))
	}
	if h.opts.Metrics != nil {
		h.mux.Handle("GET /metrics", h.hurried(h.opts.Metrics))
	}
}

// ServeHTTP serves all routes.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.drain.on() { // who kept this connection would not meet another server
		w.Header().Set("Connection", "close")
	}
	if r.ContentLength != 0 {
		h.await(w)
	}
	h.share(w, r)
	if err := h.guard(r); err != nil {
		h.refuse(w, r, err)
		return
	}
	if preflight(r) {
		h.open(h.servePreflight)(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// guard refuses what no route serves.
func (h *Handler) guard(r *http.Request) error {
	if p := r.URL.EscapedPath(); !clean(p) {
		// The mux would redirect to the clean path, without the prefix under
		// which the handler is mounted.
		return refusal(wire.NotFound, "the path %q is not in its clean form", shorten(p))
	}
	if err := h.checkSize(r); err != nil {
		return err
	}
	switch {
	case h.opts.Authenticate != nil:
		return h.pages.check(r)
	case h.opts.Anyone:
		return checkAnyone(r)
	}
	return checkLocal(r)
}

// clean reports whether a path has no empty or dotted elements. A slash may
// end it.
func clean(p string) bool {
	if p != "/" {
		p = strings.TrimSuffix(p, "/")
	}
	return p != "" && path.Clean(p) == p
}

// open is a route that needs no access.
func (h *Handler) open(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := serve(w, r); err != nil {
			h.refuse(w, r, err)
		}
	}
}

// granted is a route that needs to know who asks.
func (h *Handler) granted(serve func(http.ResponseWriter, *http.Request, *Access) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		access, err := h.access(r)
		if err == nil {
			err = serve(w, r, &access)
		}
		if err != nil {
			h.refuseSubject(w, r, access.Subject, err)
		}
	}
}

// serveNothing answers for paths and methods that no route has.
func (h *Handler) serveNothing(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		probe := *r
		probe.Method = method
		if _, pattern := h.mux.Handler(&probe); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", listed(allowed))
		return refusal(wire.MethodNotAllowed, "%s is not served here, only %s", shorten(r.Method), listed(allowed))
	}
	return refusal(wire.NotFound, "nothing is served at %q", shorten(r.URL.Path))
}
