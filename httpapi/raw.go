package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// The raw path: when a stream has begun, its connection is taken from the
// server, and a few goroutines write to all of them. What goes through HTTP/2 or
// TLS, or through something that wraps connections or answers, cannot be taken:
// it stays with the goroutine of its request.

// plainConn is the key under which the context of a connection says that it can
// be taken.
type plainConn struct{}

// ConnContext is for the field of that name of an [http.Server]: it lets streams
// take the raw path, if [Options].Raw is set. Of a listener that wraps its
// connections none can.
func (h *Handler) ConnContext(ctx context.Context, c net.Conn) context.Context {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		return context.WithValue(ctx, plainConn{}, true)
	}
	return ctx
}

// newServer returns what serves the raw path, as long as the hub is open, or nil
// if there is none.
func (h *Handler) newServer() *delivery.Server {
	if !h.opts.Raw {
		return nil
	}
	shortest := min(h.opts.KeepAlive, h.opts.WriteTimeout)
	if h.opts.StatsInterval > 0 {
		shortest = min(shortest, h.opts.StatsInterval)
	}
	if h.opts.DrainWindow > 0 { // all shall have heard in time that it begins and, each, that it is over
		shortest = min(shortest, h.opts.DrainWindow/2)
	}
	server, err := delivery.New(&delivery.Options{
		WriteTimeout: h.opts.WriteTimeout, Tick: min(max(shortest/8, 5*time.Millisecond), time.Second/2),
	})
	if err == nil {
		err = h.hub.Go(func(ctx context.Context) { <-ctx.Done(); server.Close() })
	}
	if err != nil {
		h.opts.Logger.Info("no raw delivery", "err", err)
		return nil
	}
	return server
}

// Raw reports whether streams can take the raw path, if their connections can.
func (h *Handler) Raw() bool { return h.raw != nil }

// takes reports whether the connection of a request can be taken.
func (h *Handler) takes(w http.ResponseWriter, r *http.Request) bool {
	_, itself := w.(http.Hijacker)
	plain := r.Context().Value(plainConn{}) != nil
	return h.raw != nil && itself && plain && r.ProtoMajor == 1 && r.TLS == nil
}

// take takes the connection, after which the stream is on its own.
func (s *stream) take(w http.ResponseWriter, r *http.Request) error {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return fmt.Errorf("take the connection over: %w", err)
	}
	s.ctx, s.asked.head = context.Background(), head(r, w.Header())
	err = s.h.raw.Serve(c, func(c *delivery.Conn) delivery.Stream {
		s.conn.Store(c)
		return s
	})
	if err != nil {
		return errors.Join(fmt.Errorf("take the connection over: %w", err), c.Close())
	}
	return nil
}

// survive turns a panic of the program's own, such as one of its hooks, into the
// error of one stream: no server recovers here.
func (s *stream) survive(err *error) {
	p := recover()
	if p == nil {
		return
	}
	*err = errPanic
	if p != http.ErrAbortHandler {
		s.h.opts.Logger.Error("panic on a stream", "err", p, "stack", string(debug.Stack()))
	}
}

// head returns the head of a response whose end is that of the connection (RFC
// 9112 6.3).
func head(r *http.Request, header http.Header) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/%d.%d 200 OK\r\n", r.ProtoMajor, r.ProtoMinor)
	if header.Get("Date") == "" {
		header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	_ = header.Write(&b) // memory takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// An interruption ends what waits while the client is gone already.
type interruption struct {
	mu       sync.Mutex // guards what follows
	cancel   context.CancelFunc
	happened bool
}

// Interrupt implements [delivery.Interrupter].
func (i *interruption) Interrupt() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.happened = true
	if i.cancel != nil {
		i.cancel()
	}
}

// context returns a context that ends with an interruption too, and what lets go
// of it.
func (i *interruption) context(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cancel = cancel
	if i.happened {
		cancel()
	}
	return ctx, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.cancel = nil
		cancel()
	}
}

// Wake implements [tidings.Waker].
func (s *stream) Wake() {
	if c := s.conn.Load(); c != nil {
		c.Wake()
	}
}
