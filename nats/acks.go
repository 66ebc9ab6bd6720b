package nats

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// acks are the answers of the stream to what was published, and who waits for
// them. Any number may be awaited at once, on one subscription.
type acks struct {
	prefix string // begins the subjects on which they come

	mu      sync.Mutex // guards what follows
	last    uint64
	waiting map[uint64]chan reply
}

// A reply is a message, or why none comes.
type reply struct {
	m   *nats.Msg
	err error
}

// newAcks subscribes to answers, for as long as the connection lasts.
func newAcks(nc *nats.Conn) (*acks, error) {
	a := &acks{prefix: nc.NewInbox() + ".", waiting: make(map[uint64]chan reply)}
	if _, err := nc.Subscribe(a.prefix+"*", a.arrive); err != nil {
		return nil, fmt.Errorf("nats: subscribe to answers: %w", err)
	}
	return a, nil
}

// expect returns on which subject an answer comes, and where it will be.
func (a *acks) expect() (number uint64, subject string, to <-chan reply) {
	c := make(chan reply, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	a.waiting[a.last] = c
	return a.last, a.prefix + strconv.FormatUint(a.last, 36), c
}

// forget says that nobody waits any more.
func (a *acks) forget(number uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, number)
}

// arrive hands an answer to who waits for it, if anybody does.
func (a *acks) arrive(m *nats.Msg) {
	number, err := strconv.ParseUint(strings.TrimPrefix(m.Subject, a.prefix), 36, 64)
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if to := a.waiting[number]; to != nil {
		delete(a.waiting, number)
		to <- reply{m: m} // it has room for one
	}
}

// interrupt tells all who wait that no answer comes.
func (a *acks) interrupt(cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, to := range a.waiting {
		to <- reply{err: cause}
	}
	clear(a.waiting)
}

// An ack is the answer to what was published.
type ack struct {
	Seq       uint64       `json:"seq"`
	Duplicate bool         `json:"duplicate"`
	Error     *answerError `json:"error"`
}

// request publishes a message and waits for the answer.
func (l *Log) request(ctx context.Context, m *nats.Msg) (a ack, err error) {
	answer, err := l.exchange(ctx, m)
	if err != nil {
		return ack{}, unsent(err)
	}
	return parseAck(answer.Data)
}

// parseAck reads an answer.
func parseAck(text []byte) (a ack, err error) {
	if seq, ok := plainSeq(text); ok {
		return ack{Seq: seq}, nil
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return ack{}, &unknownError{fmt.Errorf("an answer of the stream: %w", err)}
	}
	if a.Error != nil {
		return ack{}, a.Error
	}
	return a, nil
}

// plainSeq returns the seq of an answer that ends with it, as most do. One that
// refuses ends with 0.
func plainSeq(text []byte) (uint64, bool) {
	_, rest, ok := bytes.Cut(text, []byte(`","seq":`))
	digits, closed := bytes.CutSuffix(rest, []byte("}"))
	if !ok || !closed {
		return 0, false
	}
	seq, err := strconv.ParseUint(string(digits), 10, 64)
	return seq, err == nil && seq > 0
}

// exchange publishes a message and returns the answer as it comes. It waits for as
// long as the connection lasts, and over a network not for ever.
func (l *Log) exchange(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	number, subject, answered := l.acks.expect()
	defer l.acks.forget(number)
	m.Reply = subject
	link := l.link.current()
	if err := l.nc.PublishMsg(m); err != nil {
		return nil, err
	}
	var late <-chan time.Time
	if !l.inProcess {
		late = time.After(attemptTimeout)
	}
	select {
	case a := <-answered:
		if a.err == nil && a.m.Header.Get("Status") == "503" {
			return nil, nats.ErrNoResponders
		}
		return a.m, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-link.Done():
		return nil, context.Cause(link)
	case <-late:
		return nil, fmt.Errorf("no answer in %v", attemptTimeout)
	}
}
