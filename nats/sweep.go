package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// Chunks are read by a consumer: one for all readers, while there are chunks to
// read. What it sends costs the server half of what a Direct Get does.

// How a sweep goes on.
const (
	fetchEvents   = 16 << 10
	fetchBytes    = 24 << 20 // more than any event has
	sweepPatience = time.Second
	longWait      = 5 * time.Second // after which who waits is not overtaken any more
)

// sweep loads what is wanted, until nothing was for a while.
func (l *Log) sweep() {
	s := &sweeper{l: l}
	defer s.end()
	for w := l.nextWant(); w != nil; w = l.nextWant() {
		c, err := s.load(l.life, w)
		l.scan.give(w, c, err)
		if err == nil {
			l.scan.goOn(w, c)
		}
	}
}

// nextWant waits for what is to be loaded next. After nil the sweep is over.
func (l *Log) nextWant() *want {
	patience := time.NewTimer(sweepPatience)
	defer patience.Stop()
	for {
		if w := l.scan.pick(); w != nil {
			return w
		}
		select {
		case <-l.scan.news:
			continue
		case <-patience.C:
		case <-l.life.Done():
		}
		if l.scan.rest(l.life.Err() != nil) {
			return nil
		}
		patience.Reset(sweepPatience)
	}
}

// pick returns what is to be loaded next, or nil: the first of the log, or who
// waited for too long. What nobody waits for any more is not.
func (s *scan) pick() *want {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = slices.DeleteFunc(s.wanted, func(w *want) bool { return w.waiting == 0 })
	if len(s.wanted) == 0 {
		return nil
	}
	if time.Since(s.wanted[0].since) > longWait { // they are in the order in which they came
		return s.wanted[0]
	}
	return slices.MinFunc(s.wanted, func(a, b *want) int { return int(a.from) - int(b.from) })
}

// rest ends the sweep and lets go of what was kept, unless something is wanted
// that can still be had.
func (s *scan) rest(closed bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wanted) > 0 && !closed {
		return false
	}
	for _, w := range s.wanted {
		w.err = tidings.ErrClosed
		close(w.done)
	}
	s.wanted, s.sweeping = nil, false
	s.drop()
	return true
}

// A sweeper reads the stream from place to place.
type sweeper struct {
	l        *Log
	link     context.Context // that of its connection
	consumer string          // empty if there is none
	next     uint64          // it has sent what comes before
	sent     uint64          // how many messages it has sent
	inbox    *nats.Subscription
	answers  string // the subject of the answers to all fetches begins so
	asked    int    // how many of them there were
}

// end lets go of the consumer.
func (s *sweeper) end() {
	if s.consumer != "" {
		_ = s.inbox.Unsubscribe()
		s.l.forget(s.consumer)
		s.consumer = ""
	}
}

// load reads a chunk, or the beginning of one that is large.
func (s *sweeper) load(ctx context.Context, w *want) (*chunk, error) {
	c := newChunk(w.from, w.to-w.from)
	err := s.fill(ctx, c, w)
	if err != nil {
		s.end()
		return nil, err
	}
	c.arrange()
	return c, nil
}

// fill adds to a chunk what is wanted, all of which is of the log that it is wanted
// of.
func (s *sweeper) fill(ctx context.Context, c *chunk, w *want) error {
	if err := s.start(ctx, w.from+1); err != nil {
		return unavailable(err)
	}
	for c.to < w.to && c.bytes < chunkBytes {
		if err := s.fetch(ctx, c, min(fetchEvents, int(w.to-c.to))); err != nil {
			return err
		}
	}
	s.next = c.to + 1
	info, err := s.l.info(ctx)
	if err == nil && tidings.NewID(info.Created, 0) != w.of.creation {
		err = fmt.Errorf("%w: the stream was replaced", tidings.ErrUnavailable)
	}
	if err != nil {
		return err
	}
	return s.wantAll(ctx, c, w)
}

// wantAll returns an error if something is missing in a chunk that nobody
// discarded.
func (s *sweeper) wantAll(ctx context.Context, c *chunk, w *want) error {
	floor, _, err := s.l.floor(ctx, w.of.creation)
	if err != nil || floor.Seq() >= c.to {
		return err
	}
	missing := runs{{max(floor.Seq(), c.from) + 1, c.to}}.without(placesOf(c.events))
	if len(missing) == 0 {
		return nil
	}
	if err := s.l.explain(ctx, w.of.creation, missing); !errors.Is(err, tidings.ErrTruncated) { // that is for readers to find out
		return err
	}
	return nil
}

// start has a consumer that sends what comes from a place on.
func (s *sweeper) start(ctx context.Context, seq uint64) error {
	if s.consumer != "" && s.next == seq && s.link.Err() == nil {
		return nil
	}
	s.end()
	s.link = s.l.link.current()
	ctx, cancel := s.l.asking(ctx, askTimeout)
	defer cancel()
	consumer, err := s.l.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Description: "a scan of tidings", DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: seq,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 30 * time.Second,
	})
	if err != nil {
		return err
	}
	s.answers = s.l.nc.NewInbox() + "."
	if s.inbox, err = s.l.nc.SubscribeSync(s.answers + "*"); err != nil {
		return err
	}
	s.consumer, s.next, s.sent = consumer.CachedInfo().Name, seq, 0
	return nil
}

// fetch adds at most n events to a chunk, and one at least: there is one. The
// consumer may not have heard of it yet.
func (s *sweeper) fetch(ctx context.Context, c *chunk, n int) error {
	err := s.ask(ctx, c, n, `"no_wait":true`)
	if errors.Is(err, errNone) {
		err = s.ask(ctx, c, 1, `"expires":2000000000`)
	}
	if errors.Is(err, errNone) {
		return fmt.Errorf("%w: the stream has nothing after %d, where something was", tidings.ErrUnavailable, c.to)
	}
	return err
}

// ask adds at most n events to a chunk, or returns errNone.
func (s *sweeper) ask(ctx context.Context, c *chunk, n int, how string) error {
	ctx, cancel := s.l.asking(ctx, askTimeout)
	defer cancel()
	s.asked++
	answers := s.answers + strconv.Itoa(s.asked)
	ask := fmt.Appendf(nil, `{"batch":%d,"max_bytes":%d,%s}`, n, fetchBytes, how)
	if err := s.l.nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+s.l.opts.Stream+"."+s.consumer, answers, ask); err != nil {
		return unavailable(err)
	}
	for had := len(c.events); len(c.events)-had < n; {
		m, err := s.inbox.NextMsgWithContext(ctx)
		if err != nil {
			return unavailable(err)
		}
		switch status := m.Header.Get("Status"); {
		case status == "":
			err = s.take(c, m)
		case m.Subject != answers: // the end of an earlier one
		case len(c.events) > had:
			return nil
		case status == "404", status == "408":
			return errNone
		default:
			err = fmt.Errorf("%w: the consumer answers %s %s", tidings.ErrUnavailable, status, m.Header.Get("Description"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take adds the event of a message to a chunk.
func (s *sweeper) take(c *chunk, m *nats.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return fmt.Errorf("a message of the consumer: %w", err)
	}
	if s.sent++; meta.Sequence.Consumer != s.sent {
		return fmt.Errorf("%w: the consumer lost messages: %d came after %d", tidings.ErrUnavailable, meta.Sequence.Consumer, s.sent-1)
	}
	if !sound(m) { // it is as missing
		return nil
	}
	e, err := s.l.names.event(m, meta.Sequence.Stream)
	if err == nil {
		c.add(e)
	}
	return err
}
