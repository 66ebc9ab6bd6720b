package httpapi

import (
	"io"
	"net/http"
	"time"
)

// The handler sets the deadlines of its connections itself: those of an
// http.Server would count the time that a stream lasts, or an append takes.
// Where something wraps the connection and hides it, the server's count.

// hurry limits how long a client may take to accept what is written next.
func (h *Handler) hurry(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.opts.WriteTimeout))
}

// hurried is a handler whose whole answer has to be accepted in time.
func (h *Handler) hurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.hurry(w)
		next.ServeHTTP(w, r)
	})
}

// write writes a part of an answer, each chunk of which has to be accepted in
// time.
func (h *Handler) write(w http.ResponseWriter, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), chunk)
		h.hurry(w)
		if _, err := w.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// await limits how long a client may take to send the next chunk of a body.
// That is so even for a body that nobody wants: the server reads it before it
// answers.
func (h *Handler) await(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.opts.ReadTimeout))
}

// awaitNothing lifts that limit when a body has come: from now on the server waits
// for the client to go.
func (h *Handler) awaitNothing(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// A timedBody is a body of which each chunk has to come in time.
type timedBody struct {
	io.ReadCloser
	h    *Handler
	w    http.ResponseWriter
	left int // how much of the chunk is still to come
}

// Read reads from the body.
func (b *timedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.left = chunk
		b.h.await(b.w)
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; err == io.EOF {
		b.h.awaitNothing(b.w)
	}
	return n, err
}
