package tidings

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options are the options of New. Zero fields, and nil, mean the defaults.
type Options struct {
	// Router is the table of streams and channels; that of NewRouter() by
	// default.
	Router *Router
	// Limits bound events and batches.
	Limits Limits
	// MaxConnections is how many connections a subject may have to a stream at
	// the same time, as a [Registry] counts them; 10 by default, negative for
	// any number.
	MaxConnections int
	// AcrossStreams counts the connections of a subject to all streams
	// together.
	AcrossStreams bool
	// AtCap is what becomes of a connection too many; by default it is refused.
	AtCap AtCap
	// WindowBytes is how much memory the most recent events may use, if the
	// log is not a MemoryLog; 64 MiB by default. A cursor that is further
	// behind reads the log.
	WindowBytes int64
	// Replays is how many Subscriptions, and snapshots, may read the log at the same
	// time because the window does not have what they want; the others wait for
	// their turn. 16,384 by default, negative for any number. It says nothing where
	// the log is a MemoryLog.
	Replays int
	// Hooks are called at points of interest.
	Hooks Hooks
	// Logger gets what an operator acts on; nil discards it.
	Logger *slog.Logger
}

// withDefaults returns a copy of o with zero fields set.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	c.Limits, c.Hooks = c.Limits.withDefaults(), c.Hooks.withDefaults()
	if c.WindowBytes <= 0 {
		c.WindowBytes = 64 << 20
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 10
	}
	if c.Replays == 0 {
		c.Replays = 16384
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if c.Router == nil {
		c.Router, err = NewRouter()
	}
	return c, err
}

// A Hub publishes to a log and serves any number of subscribers from its
// window. All methods may be called concurrently.
type Hub struct {
	log       Log
	memory    *MemoryLog // log, if it is one: its window is the hub's
	owned     bool       // log was made by New and is closed with the hub
	opts      Options
	commits   committer
	count     counters
	life      context.Context // ends with Close
	end       context.CancelCauseFunc
	work      sync.WaitGroup // the tail, the committer, and what Go started
	tail      tailHealth
	closing   sync.Once
	present   *presence
	questions questioner
	turns     *turnstile
	mu        sync.Mutex // guards window
	window    *window
}

// counters count since the hub began.
type counters struct {
	published, duplicates, refused, delivered, lost, dropped atomic.Uint64
	subscribers                                              atomic.Int64
}

// New returns a Hub over a log and starts to follow it. A nil log means a
// MemoryLog with default options that is closed with the hub; any other log is
// the caller's to close, after the hub.
//
// ctx bounds only the start: the first question to the log and, over a log that
// is a [Recaller], the filling of the window with its newest events. If the log
// fails while the window is filled, New tries again as long as ctx allows.
func New(ctx context.Context, log Log, opts *Options) (*Hub, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Hub{log: log, opts: o, owned: log == nil}
	if log == nil {
		h.log = NewMemoryLog(nil)
	}
	h.memory, _ = h.log.(*MemoryLog)
	h.life, h.end = context.WithCancelCause(context.Background())
	_, pipelined := h.log.(Pipelined)
	h.commits = committer{hub: h, pipelined: pipelined}
	h.present, h.turns = newPresence(&o), newTurnstile(o.Replays)
	if h.window, err = h.newestWindow(ctx); err != nil {
		h.end(ErrClosed)
		return nil, err
	}
	if h.memory == nil {
		h.work.Go(h.follow)
	}
	return h, nil
}

// freshWindow returns an empty window over a log that is not in memory.
func (h *Hub) freshWindow(start ID) *window {
	return newWindow(start, Retention{Total: h.opts.WindowBytes}, true)
}

// Router returns the hub's table of streams.
func (h *Hub) Router() *Router { return h.opts.Router }

// Limits returns the hub's limits.
func (h *Hub) Limits() Limits { return h.opts.Limits }

// current returns the window that is served from now.
func (h *Hub) current() *window {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.window
}

// Close ends all subscriptions and publishing with ErrClosed, waits for the
// hub's own goroutines, and closes the log if New made it. It may be called
// more than once, also concurrently; every call returns when all is done.
func (h *Hub) Close() error {
	h.closing.Do(func() {
		h.commits.close()
		h.current().wakeAll()
		h.work.Wait()
		if h.owned {
			h.memory.Close()
		}
	})
	return nil
}

// backoff waits after n failures, longer each time and never in step with
// others, and reports whether the hub is still open and done, which may be nil,
// is too.
func (h *Hub) backoff(n int, done <-chan struct{}) bool {
	if n == 0 {
		return h.life.Err() == nil
	}
	pause := min(50*time.Millisecond<<min(n, 10), 5*time.Second)
	timer := time.NewTimer(pause/2 + jitter(pause/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	case <-h.life.Done():
		return false
	}
}
