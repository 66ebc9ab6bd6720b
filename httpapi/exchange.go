package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"sync"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// An exchange is lines that came together, and their answers.
type exchange struct {
	lines  []line
	events []tidings.Event // of the lines from first on, which have no answer yet
	first  int
	size   int // of the events' payloads
	answer []byte
}

// exchanges are lent to those who have lines to publish, so that those who wait,
// which most do, hold none.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// recycle gives an exchange back.
func (x *exchange) recycle() {
	if cap(x.answer) > 4*chunk {
		return
	}
	clear(x.lines)
	clear(x.events[:cap(x.events)])
	*x = exchange{lines: x.lines[:0], events: x.events[:0], answer: x.answer[:0]}
	exchanges.Put(x)
}

// publish publishes the lines and appends their answers. An error is that of the
// first line without an answer, and ends the publishing.
func (p *publishing) publish(ctx context.Context, x *exchange) error {
	limits := p.h.hub.Limits()
	for i := range x.lines {
		e, refused := p.event(x.lines[i].text)
		if refused != nil || x.size+len(e.Data) > limits.BatchBytes {
			if err := p.append(ctx, x); err != nil {
				return err
			}
		}
		if refused == nil {
			x.events, x.size = append(x.events, e), x.size+len(e.Data)
		} else if err := x.refuse(refused); err != nil {
			return err
		}
	}
	return p.append(ctx, x)
}

// event returns a line as an event. A line that is refused changes nothing of
// what those after it inherit; so one that would is checked first.
func (p *publishing) event(text []byte) (tidings.Event, error) {
	p.place.runs.mark()
	e, err := p.read(text)
	if err == nil && p.place.runs.moved() {
		err = cmp.Or(p.h.hub.Router().Check(e.Channel), p.h.hub.Limits().Check(&e))
	}
	if err != nil {
		p.place.runs.undo()
	}
	return e, err
}

// append hands the events to the hub, and appends their answers. One that the
// hub refuses does not keep the others from being kept.
func (p *publishing) append(ctx context.Context, x *exchange) error {
	for events := x.events; len(events) > 0; {
		n, refused, err := p.some(ctx, x, events)
		if err != nil {
			return err
		}
		if events = events[n:]; refused != nil {
			if err := x.refuse(refused); err != nil {
				return err
			}
			events = events[1:]
		}
	}
	x.events, x.size = x.events[:0], 0
	return nil
}

// some publishes events up to the first that the hub refuses, and says how many
// and why.
func (p *publishing) some(ctx context.Context, x *exchange, events []tidings.Event) (n int, refused, err error) {
	err = p.post(ctx, x, events)
	bad, ok := errors.AsType[*tidings.BatchError](err)
	switch {
	case err == nil:
		return len(events), nil, nil
	case ok && bad.Index > 0:
		return bad.Index, bad.Err, p.post(ctx, x, events[:bad.Index])
	case ok:
		return 0, bad.Err, nil
	case len(events) == 1:
		return 0, err, nil
	}
	return 0, nil, err
}

// post publishes events together and appends their receipts.
func (p *publishing) post(ctx context.Context, x *exchange, events []tidings.Event) error {
	if len(events) == 1 {
		receipt, err := p.h.hub.Publish(ctx, events[0])
		if err == nil {
			x.accept(receipt)
		}
		return err
	}
	receipts, err := p.h.hub.PublishBatch(ctx, events)
	for i := range receipts {
		x.accept(receipts[i])
	}
	return err
}

// accept answers the next line with a receipt.
func (x *exchange) accept(r tidings.Receipt) {
	x.answer, x.first = append(appendReceipt(x.answer, r), '\n'), x.first+1
}

// refuse answers the next line with the problem that err is. An error that is
// not the line's own is returned.
func (x *exchange) refuse(err error) error {
	p := describe(err)
	if p.Status >= 500 {
		return err
	}
	p.Line = x.lines[x.first].number
	x.answer, x.first = appendProblem(x.answer, &p), x.first+1
	return nil
}

// told returns what the client is to be told of an error of reading. A line that
// is too long is refused besides. Who has gone, or has said all, is told nothing.
func (x *exchange) told(err error) error {
	if long, ok := errors.AsType[*overlongError](err); ok {
		p := describe(err)
		p.Line = long.number
		x.answer = appendProblem(x.answer, &p)
		return err
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return large
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refusal(wire.Invalid, "a line has begun and does not come, or comes too slowly")
	}
	return nil
}

// appendProblem appends a problem as a line.
func appendProblem(dst []byte, p *wire.Problem) []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers always can be
	}
	return append(append(dst, text...), '\n')
}
