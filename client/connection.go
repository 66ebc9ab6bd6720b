package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/sse"
)

// errSilent is the cause where a connection was given up as dead.
var errSilent = errors.New("nothing was heard for too long")

// connect follows the stream over one connection, until that ends. A clean end
// is no error.
func (f *follower) connect(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer f.beside.Wait()
	defer cancel(nil)
	watch := newWatchdog(f.client.opts.Silence, func() { cancel(errSilent) })
	defer watch.stop()
	f.accepted, f.heard, f.anew = false, false, false
	resp, err := f.open(ctx)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()
	watch.stop()
	if err := f.accept(resp); err != nil {
		return err
	}
	return cause(ctx, f.read(ctx, &watchedReader{resp.Body, watch}))
}

// cause returns err, with the reason if it was the watchdog.
func cause(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return fmt.Errorf("%w: %w", errSilent, err)
	}
	return err
}

// open asks for the stream.
func (f *follower) open(ctx context.Context) (*http.Response, error) {
	resuming := !f.last.IsZero() && f.last != f.stream.After
	req, err := f.client.request(ctx, f.tour.base(), http.MethodGet, wire.StreamPath, f.stream.Name, f.stream.query(resuming), nil)
	if err != nil {
		return nil, err
	}
	f.extension = &extension{f.client, f.tour.base(), &f.stream, req.Header.Clone()}
	req.Header.Set("Accept", wire.StreamType)
	req.Header.Set("Cache-Control", "no-cache") // as browsers ask for streams
	if resuming {
		req.Header.Set(wire.LastEventIDHeader, f.last.String())
	}
	resp, err := f.client.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return resp, nil
}

// accept reports why an answer is not the stream.
func (f *follower) accept(resp *http.Response) error {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return errDone
	case resp.StatusCode != http.StatusOK:
		return problem(resp)
	case media != wire.StreamType:
		return &strangeError{fmt.Errorf("found %q, want %s", media, wire.StreamType)}
	case compressed(resp.Header):
		return &strangeError{fmt.Errorf("found a stream in %s, want it plain", resp.Header.Get("Content-Encoding"))}
	}
	f.accepted = true
	if f.client.opts.Hooks.Connected != nil {
		f.client.opts.Hooks.Connected(f.stream.Name)
	}
	return nil
}

// compressed reports whether a body is not what it says, though nobody asked.
func compressed(h http.Header) bool {
	coding := h.Get("Content-Encoding")
	return coding != "" && !strings.EqualFold(coding, "identity")
}

// read takes frames until the connection ends.
func (f *follower) read(ctx context.Context, r io.Reader) error {
	d := sse.NewDecoder(r, &sse.Options{Positions: true})
	defer func() {
		if retry, ok := d.Retry(); ok {
			f.retry = retry
		}
	}()
	for frame, err := range d.Events() {
		if _, tooLarge := errors.AsType[*sse.TooLargeError](err); tooLarge {
			return &strangeError{err}
		}
		if err != nil {
			return err
		}
		if frame.Name == wire.ExpiringName {
			f.extend(ctx, frame.Data)
			continue
		}
		if err := f.take(&frame); err != nil {
			return err
		}
		if !f.heard {
			f.heard = true
			f.tour.works()
		}
	}
	return nil
}

// take does what a frame says. A frame that is neither an event, a position
// nor a notice known here is one of a newer server, and skipped.
func (f *follower) take(frame *sse.Event) error {
	lost := frame.Name == wire.LostName
	if frame.Kind == sse.Message && frame.Name != "" && !lost {
		return nil
	}
	id, err := position(frame)
	switch {
	case err != nil:
		return err
	case frame.Kind == sse.Position:
		f.position(id)
		return nil
	case lost:
		return f.lost(id, frame.Data)
	case id.IsZero() && f.stream.figures():
		return f.figure(frame.Data)
	case id.IsZero():
		return &strangeError{errors.New("found an event without an id")}
	}
	return f.event(id, frame.Data)
}

// position returns that of a frame, or none if it has none of its own.
func position(frame *sse.Event) (tidings.ID, error) {
	if !frame.HasID {
		return tidings.ID{}, nil
	}
	id, err := tidings.ParseID(frame.ID)
	if err != nil {
		return id, &strangeError{err}
	}
	return id, nil
}

// A watchdog calls bite when it was not stopped in time.
type watchdog struct {
	timer    *time.Timer
	patience time.Duration
}

// newWatchdog returns a watchdog that has begun to watch.
func newWatchdog(patience time.Duration, bite func()) *watchdog {
	return &watchdog{time.AfterFunc(patience, bite), patience}
}

func (w *watchdog) start() { w.timer.Reset(w.patience) }

func (w *watchdog) stop() { w.timer.Stop() }

// A watchedReader has its watchdog watch while a Read waits, and not while the
// caller is busy with what was read.
type watchedReader struct {
	r     io.Reader
	watch *watchdog
}

func (w *watchedReader) Read(p []byte) (int, error) {
	w.watch.start()
	defer w.watch.stop()
	return w.r.Read(p)
}
