package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// errEnded is where a server ended a request without a reason.
var errEnded = errors.New("the request ended before everything was answered")

// errCut is what a request is told that waits for something to send when its
// connection is closed.
var errCut = errors.New("the connection was closed")

// A lastError is why a server ended a request that was open. What it said of the
// request is no refusal of the next.
type lastError struct{ problem *ProblemError }

func (e *lastError) Error() string { return "the request was ended: " + e.problem.Error() }

// run connects whenever there is something to send, until the end.
func (p *Publishing) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer stop()
	t := p.client.tour()
	for p.ready(ctx) {
		err := t.named(p.connect(ctx, t))
		if p.answered() {
			t = p.client.tour()
		}
		if wait := p.judge(t, err); wait >= 0 && ctx.Err() == nil {
			p.client.retrying(ctx, err, wait)
			_ = sleep(ctx, wait) // ready looks at ctx
		}
	}
}

// ready waits until there is something to send, and reports whether there is. At
// the end of ctx what has no answer fails.
func (p *Publishing) ready(ctx context.Context) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && !p.closed && ctx.Err() == nil {
		p.changed.Wait()
	}
	if ctx.Err() == nil {
		return len(p.queue) > 0
	}
	p.closed, p.over = true, context.Cause(ctx)
	p.remove(len(p.queue), func(sent *Pending) (tidings.Receipt, error) {
		return tidings.Receipt{}, fmt.Errorf("publish: %w", gaveUp(p.over, sent.doubt))
	})
	return false
}

// answered reports whether the connection that has ended was good for something.
func (p *Publishing) answered() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers > 0
}

// judge decides what becomes of what a connection has left without an answer, and
// returns how long to wait before the next, negative if there is nothing to send.
func (p *Publishing) judge(t *tour, err error) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part(err)
	if len(p.queue) == 0 {
		return -1
	}
	fail := func(sent *Pending) (tidings.Receipt, error) {
		return tidings.Receipt{}, fmt.Errorf("publish: %w", gaveUp(err, sent.doubt))
	}
	if t.hopeless(err) {
		p.remove(len(p.queue), fail)
		return -1
	}
	wait := t.turn(err, shortestBackoff, false)
	next := time.Now().Add(wait)
	late := slices.IndexFunc(p.queue, func(sent *Pending) bool { return sent.until.After(next) })
	if late < 0 {
		late, wait = len(p.queue), -1
	}
	p.remove(late, fail)
	return wait
}

// part makes what was sent unsent. p.mu must be held.
func (p *Publishing) part(err error) {
	for _, sent := range p.queue[:p.next] {
		sent.doubt = sent.doubt || doubtful(err)
	}
	p.next, p.rest, p.answers = 0, nil, 0
	p.queue = slices.DeleteFunc(p.queue, func(sent *Pending) bool {
		if sent.left {
			<-p.room
		}
		return sent.left
	})
}

// connect sends and takes answers over one connection until that ends, and says
// why; the end of a closed Publishing is no error.
func (p *Publishing) connect(ctx context.Context, t *tour) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.hold(time.AfterFunc(time.Hour, func() { cancel(errSilent) }))
	defer p.hold(nil)
	body := &upstream{p: p}
	defer body.Close()
	defer context.AfterFunc(ctx, func() { body.Close() })()
	req, err := p.client.request(onClose(ctx, func() { body.Close() }), t.base(), http.MethodPost, wire.EventsPath, "", nil, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", wire.NDJSONType)
	req.Header.Set("Accept", wire.NDJSONType)
	if p.client.own != nil && t.base().Scheme == "http" {
		// What is no Tidings server may want the whole body before it refuses
		// it. Over HTTP/2 it cannot, and would not have to be asked.
		req.Header.Set("Expect", "100-continue")
	}
	resp, err := p.client.http.Do(req)
	if err != nil {
		return cause(ctx, fmt.Errorf("send: %w", err))
	}
	defer resp.Body.Close()
	if err := byLine(resp); err != nil {
		return err
	}
	return cause(ctx, p.read(resp.Body, t))
}

// byLine reports why an answer is not one for each line.
func byLine(resp *http.Response) error {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode != http.StatusOK:
		return problem(resp)
	case media != wire.NDJSONType:
		return &strangeError{fmt.Errorf("found %q, want %s", media, wire.NDJSONType)}
	case compressed(resp.Header):
		return &strangeError{fmt.Errorf("found it in %s, want it plain", resp.Header.Get("Content-Encoding"))}
	}
	return nil
}

// read takes answers until there are no more. Half an answer is none.
func (p *Publishing) read(r io.Reader, t *tour) error {
	for answers := bufio.NewReaderSize(r, longestAnswer); ; t.works() {
		text, err := answers.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return errEnded
		case errors.Is(err, bufio.ErrBufferFull):
			return &strangeError{fmt.Errorf("found an answer of more than %d bytes", longestAnswer)}
		case err != nil:
			return fmt.Errorf("read the answers: %w", err)
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if err := p.take(text); err != nil {
			return err
		}
	}
}

// longestAnswer bounds a receipt or a problem.
const longestAnswer = 16 << 10

// take gives an answer to the event that it is of.
func (p *Publishing) take(text []byte) error {
	var answer struct {
		wire.Receipt
		wire.Problem
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return &strangeError{err}
	}
	if answer.Type == "" {
		r, err := receipt(answer.Receipt)
		if err != nil {
			return &strangeError{err}
		}
		return p.answer(r, nil)
	}
	why := problemOf(&answer.Problem)
	if answer.Line == 0 {
		return &lastError{why}
	}
	return p.answer(tidings.Receipt{}, fmt.Errorf("publish: %w", why))
}

// answer settles the first event.
func (p *Publishing) answer(r tidings.Receipt, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == 0 {
		return &strangeError{errors.New("found an answer to nothing")}
	}
	p.answers++
	p.remove(1, func(*Pending) (tidings.Receipt, error) { return r, err })
	p.watch()
	return nil
}

// hold sets what gives a connection up, if there is one.
func (p *Publishing) hold(silence *time.Timer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silence != nil {
		p.silence.Stop()
	}
	p.silence = silence
	p.watch()
}

// watch gives the connection up if the first event has no answer in time. p.mu
// must be held.
func (p *Publishing) watch() {
	switch {
	case p.silence == nil:
	case len(p.queue) == 0:
		p.silence.Stop()
	default:
		p.silence.Reset(min(p.client.opts.Timeout, time.Until(p.queue[0].until)))
	}
}

// An upstream is the body of an open request: the lines of what is pending, as
// long as it is not closed.
type upstream struct {
	p      *Publishing
	closed bool // p.mu guards it
}

// Read implements [io.Reader]. It waits until there is something to send.
func (u *upstream) Read(b []byte) (int, error) {
	p := u.p
	p.mu.Lock()
	defer p.mu.Unlock()
	for !u.closed {
		if n := p.copy(b); n > 0 {
			return n, nil
		}
		if p.closed {
			return 0, io.EOF
		}
		p.changed.Wait()
	}
	return 0, errCut
}

// copy copies what is to be sent, as much as there is room for. p.mu must be held.
func (p *Publishing) copy(b []byte) int {
	n := 0
	for n < len(b) {
		if len(p.rest) == 0 {
			if p.next == len(p.queue) {
				break
			}
			p.rest = p.queue[p.next].line
			p.next++
		}
		m := copy(b[n:], p.rest)
		n, p.rest = n+m, p.rest[m:]
	}
	return n
}

// Close implements [io.Closer].
func (u *upstream) Close() error {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	u.closed = true
	u.p.changed.Broadcast()
	return nil
}
