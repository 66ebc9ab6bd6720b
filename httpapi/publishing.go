package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A publishing is a request that stays open: its lines are published as they
// come, and answered one by one. See docs/protocol.md#publishing-line-by-line.
//
// The request's goroutine reads, publishes and answers. Another one waits for
// what ends the publishing from outside, and says so to the client itself: the
// read that is under way is not interrupted, because after that a body cannot be
// read on. What comes then is thrown away until the client goes: a connection
// that is closed with something unread is reset, and the last line lost with it.
type publishing struct {
	read  func(text []byte) (tidings.Event, error) // a line as an event
	place *placement                               // that read uses

	h       *Handler
	w       http.ResponseWriter
	rc      *http.ResponseController
	lines   lineReader
	subject string          // who publishes
	life    context.Context // ends with ended
	finish  context.CancelFunc
	mu      sync.Mutex // guards what follows; held while lines are published and answered
	ended   bool       // nothing is published or answered any more
}

// farewell is how long a client has to go after the last line.
const farewell = 2 * time.Second

// errNoDuplex says that the server, or something between it and the handler,
// cannot answer a request that is still being sent.
var errNoDuplex = errors.New("httpapi: the ResponseWriter has no full duplex, cannot flush or has no deadlines; what wraps it must have a method Unwrap")

// servePublishing serves a request until it ends or may not go on.
func (h *Handler) servePublishing(w http.ResponseWriter, r *http.Request, a *Access, p *publishing) error {
	party, err := h.enter(r)
	if err != nil {
		return err
	}
	defer h.exit(party)
	if err := h.begin(); err != nil {
		return err
	}
	l, revoked := h.newLease(a, rand.Text()), make(chan struct{})
	if l != nil {
		l.cancel = sync.OnceFunc(func() { close(revoked) })
		defer h.leases.remove(l)
		if err := h.hold(l); err != nil {
			return err
		}
	}
	p.h, p.w, p.rc, p.subject = h, w, http.NewResponseController(w), a.publisher()
	p.life, p.finish = context.WithCancel(context.WithoutCancel(r.Context())) // an error of reading ends the request's
	defer p.finish()
	p.lines = lineReader{body: r.Body, most: h.hub.Limits().Event + overhead, await: p.await, rest: p.rest}
	if err := p.begin(r); err != nil {
		return err
	}
	over, watch := make(chan struct{}), sync.WaitGroup{}
	watch.Go(func() { p.watch(r.Context(), a, revoked, over) }) // until over
	defer func() {                                              // also where a writer that wraps the connection panics
		close(over)
		watch.Wait()
		p.leave()
	}()
	p.run(r.Context())
	return nil
}

// begin sends the header: some clients send no line before they have it.
func (p *publishing) begin(r *http.Request) error {
	err := errors.Join(p.rc.EnableFullDuplex(), p.rc.SetReadDeadline(time.Time{}))
	if err != nil || !flushes(p.w) {
		return errors.Join(errNoDuplex, err)
	}
	if r.ProtoMajor == 1 {
		if r.Header.Get("Expect") != "" { // no header comes before the one that is expected
			p.w.WriteHeader(http.StatusContinue)
		}
		// Where the publishing ends before the body does, what comes of that
		// would be taken for the next request.
		p.w.Header().Set("Connection", "close")
	}
	streamHeader(p.w.Header())
	p.w.Header().Set("Content-Type", wire.NDJSONType)
	p.w.WriteHeader(http.StatusOK)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write(nil)
	return nil
}

// run publishes and answers, and then throws away what still comes.
func (p *publishing) run(ctx context.Context) {
	defer p.lines.release()
	for p.lines.wait(); p.exchange(ctx); p.lines.wait() {
	}
	_, _ = io.Copy(io.Discard, p.lines.body) // until its end, its error or its deadline
}

// exchange publishes and answers the lines that have come, and reports whether
// there may be more.
func (p *publishing) exchange(ctx context.Context) bool {
	x := exchanges.Get().(*exchange)
	defer x.recycle()
	var last error
	x.lines, last = p.lines.take(x.lines, p.h.together())
	if !p.pace(len(x.lines)) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	if last != nil { // an error of reading ends the request's context
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), p.h.opts.WriteTimeout)
		defer cancel()
	}
	err := p.publish(ctx, x)
	if err == nil {
		err = x.told(last)
	}
	p.write(x.answer)
	if err != nil {
		p.end(ctx, err)
	}
	return !p.ended && last == nil
}

// watch ends the publishing when something from outside does, unless it is over
// before.
func (p *publishing) watch(ctx context.Context, a *Access, revoked, over <-chan struct{}) {
	drained, parting := p.h.drain.begun, (<-chan time.Time)(nil)
	var expired, aged <-chan time.Time
	if !a.Expires.IsZero() {
		expired = time.After(time.Until(a.Expires))
	}
	if age := p.h.age(); age > 0 {
		aged = time.After(age)
	}
	for err := error(nil); err == nil; {
		select {
		case <-over:
			return
		case <-drained:
			drained, parting = nil, time.After(upTo(p.h.opts.DrainWindow))
		case <-parting:
			err = draining()
		case <-p.h.drain.cut:
			err = draining()
		case <-expired:
			err = refusal(wire.Unauthorized, "the access has expired: connect again with another")
		case <-a.Revoked:
			err = refusal(wire.Unauthorized, "the access was revoked")
		case <-revoked:
			err = refusal(wire.Unauthorized, "the access was revoked")
		case <-aged:
			err = refusal(wire.Unavailable, "the request has lasted as long as it may: connect again")
		}
		if err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.end(ctx, err)
		}
	}
}

// end says why nothing more is published, and gives the client time to go. p.mu
// must be held.
func (p *publishing) end(ctx context.Context, err error) {
	if p.ended {
		return
	}
	problem := describe(err)
	level := slog.LevelDebug
	if problem.Status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	p.h.opts.Logger.Log(ctx, level, "publishing ended", "status", problem.Status, "err", err)
	p.write(appendProblem(nil, &problem))
	p.stop(farewell)
}

// stop ends the publishing, and reading soon. p.mu must be held.
func (p *publishing) stop(soon time.Duration) {
	p.ended = true
	p.finish()
	_ = p.rc.SetReadDeadline(time.Now().Add(soon))
}

// leave bounds what the server waits for what is left of the body.
func (p *publishing) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.stop(farewell)
	}
}

// write sends a part of the answer at once; no part sends the header. If the
// client does not take it that is the end. p.mu must be held.
func (p *publishing) write(answer []byte) {
	if p.ended {
		return
	}
	p.h.hurry(p.w) // before an empty answer too
	err := p.h.write(p.w, answer)
	if err == nil {
		err = p.rc.Flush()
	}
	if err != nil {
		p.stop(0)
	}
	_ = p.rc.SetWriteDeadline(time.Time{}) // HTTP/2 ends a request at it that writes nothing
}

// await limits how long the next chunk of a line that has begun may take.
func (p *publishing) await() { p.deadline(time.Now().Add(p.h.opts.ReadTimeout)) }

// rest lets the client wait with its next line.
func (p *publishing) rest() { p.deadline(time.Time{}) }

// deadline sets that of reading, unless stop has.
func (p *publishing) deadline(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		_ = p.rc.SetReadDeadline(at)
	}
}
