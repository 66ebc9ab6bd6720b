package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// When a stream has begun, its connection can be taken from the server of HTTP.
// On the raw path a few goroutines write to all of those; what goes through TLS
// or something that wraps connections takes the portable one. What goes through
// HTTP/2, or something that wraps answers, cannot be taken: it stays with the
// goroutine of its request.

// A Delivery is a way in which streams are written. On the ways other than
// ByRequest a stream that waits costs a fraction of the memory, and an
// [http.Server] does not know of its connection any more: it ends with
// [Handler.Drain], and with the hub. What cannot be taken over stays with the
// goroutine of its request: HTTP/2, and an [http.ResponseWriter] that is not
// itself an [http.Hijacker].
type Delivery uint8

// Ways in which streams are written.
const (
	// ByRequest has each stream written by the goroutine of its request.
	ByRequest Delivery = iota
	// Portable takes connections over, of any kind and on every system. One that
	// waits has a goroutine with a small stack.
	Portable
	// Raw is Portable, but a few goroutines write to all streams where that is
	// possible: on Linux, over HTTP/1 without TLS, with [Handler.ConnContext], on
	// connections that nothing wraps. One that waits costs a few words.
	Raw
)

// plainConn is the key under which the context of a connection says that it can
// take the raw path.
type plainConn struct{}

// ConnContext is for the field of that name of an [http.Server]: it lets streams
// take the raw path, if [Options].Delivery is Raw. Of a listener that wraps its
// connections none can.
func (h *Handler) ConnContext(ctx context.Context, c net.Conn) context.Context {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		return context.WithValue(ctx, plainConn{}, true)
	}
	return ctx
}

// takeOver makes what connections are taken to, as long as the hub is open.
func (h *Handler) takeOver() {
	if h.opts.Delivery == ByRequest {
		return
	}
	portable := delivery.NewPortable(h.serverOptions())
	if h.closes(portable.Close) {
		h.portable = portable
	}
	if h.opts.Delivery != Raw {
		return
	}
	raw, err := delivery.New(h.serverOptions())
	if err != nil {
		h.opts.Logger.Info("no raw delivery", "err", err)
	} else if h.closes(raw.Close) {
		h.raw = raw
	}
}

// serverOptions returns the options of both servers. Time passes for streams
// often enough that nothing they do by the clock is late.
func (h *Handler) serverOptions() *delivery.Options {
	shortest := min(h.opts.KeepAlive, h.opts.WriteTimeout)
	if h.opts.StatsInterval > 0 {
		shortest = min(shortest, h.opts.StatsInterval)
	}
	if h.opts.DrainWindow > 0 { // all shall have heard in time that it begins and, each, that it is over
		shortest = min(shortest, h.opts.DrainWindow/2)
	}
	return &delivery.Options{WriteTimeout: h.opts.WriteTimeout, Tick: min(max(shortest/8, 5*time.Millisecond), time.Second/2)}
}

// closes has a server closed with the hub, and reports whether that is open.
func (h *Handler) closes(end func()) bool {
	err := h.hub.Go(func(ctx context.Context) { <-ctx.Done(); end() })
	if err != nil {
		h.opts.Logger.Info("no connections are taken over", "err", err)
		end()
	}
	return err == nil
}

// Raw reports whether streams can take the raw path, if their connections can.
func (h *Handler) Raw() bool { return h.raw != nil }

// ask has all streams that were taken over look whether they are to end.
func (h *Handler) ask() {
	if h.portable != nil {
		h.portable.Ask()
	}
	if h.raw != nil {
		h.raw.Ask()
	}
}

// A taker is what connections are taken to.
type taker interface {
	Serve(c net.Conn, start func(*delivery.Conn) delivery.Stream) error
}

// taker returns what the connection of a request can be taken to, or nil, and how
// its stream is delivered then.
func (h *Handler) taker(w http.ResponseWriter, r *http.Request) (taker, Delivery) {
	_, itself := w.(http.Hijacker)
	switch plain := r.Context().Value(plainConn{}) != nil; {
	case !itself || r.ProtoMajor != 1:
		return nil, ByRequest
	case h.raw != nil && plain && r.TLS == nil:
		return h.raw, Raw
	case h.portable != nil:
		return h.portable, Portable
	}
	return nil, ByRequest
}

// take takes the connection, after which the stream is on its own.
func (s *stream) take(w http.ResponseWriter, r *http.Request, to taker) error {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return fmt.Errorf("take the connection over: %w", err)
	}
	s.ctx, s.asked.head = context.Background(), head(r, w.Header())
	err = to.Serve(c, s.start)
	if err != nil {
		return errors.Join(fmt.Errorf("take the connection over: %w", err), c.Close())
	}
	return nil
}

// start is told of the connection that was taken over.
func (s *stream) start(c *delivery.Conn) delivery.Stream {
	s.conn.Store(c)
	s.guard.Notify((*eviction)(s))
	if !s.asked.snapshots() { // so nothing was read yet: the way may become shorter
		s.sub.Notify(c)
	}
	return s
}

// An eviction ends a stream that was taken over and that the registry has
// forgotten.
type eviction stream

// Wake tells of it.
func (e *eviction) Wake() {
	e.evicted.Store(true)
	e.conn.Load().Wake()
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
