package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// chunk is how many bytes are written under one deadline. What a client must
// accept in that time decides how slow it may be.
const chunk = 64 << 10

// A writer writes to a client that must accept what it gets in time.
type writer struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
}

// errNoStreaming says that the server, or something between it and the
// handler, cannot do what streams need.
var errNoStreaming = errors.New("httpapi: the ResponseWriter cannot flush or has no write deadlines; what wraps it must have a method Unwrap")

// newWriter returns a writer, or errNoStreaming: without a deadline a client
// that stops reading would hold its goroutine for good.
func newWriter(w http.ResponseWriter, timeout time.Duration) (*writer, error) {
	out := &writer{w, http.NewResponseController(w), timeout}
	if !flushes(w) {
		return nil, errNoStreaming
	}
	if err := out.rest(); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoStreaming, err)
	}
	return out, nil
}

// flushes reports whether an http.ResponseController can flush w.
func flushes(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case interface{ FlushError() error }, http.Flusher:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}

// write sends p, a chunk at a time.
func (w *writer) write(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), chunk)
		if err := w.send(p[:n]); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		p = p[n:]
	}
	return nil
}

// send sends p under one deadline.
func (w *writer) send(p []byte) error {
	if err := w.rc.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
		return err
	}
	if _, err := w.w.Write(p); err != nil {
		return err
	}
	return w.rc.Flush()
}

// rest lifts the deadline while nothing is written.
func (w *writer) rest() error { return w.rc.SetWriteDeadline(time.Time{}) }
