package nats

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

var _ tidings.Purger = (*Log)(nil)

// purges are whose events were discarded on request, and when. With them an
// owner's keys are forgotten: the purge before it is part of the id that a key
// makes. Who appends says which purge is the last he knows of, and the stream
// refuses if there was another.
type purges struct {
	mu    sync.Mutex // guards what follows
	last  uint64     // the last of anybody
	of    map[string]uint64
	stale []uint64 // after which there was another of the same owner
}

// Purge discards everything of an owner, see [tidings.Purger].
func (l *Log) Purge(ctx context.Context, user string) (tidings.ID, error) {
	ctx, done := l.use(ctx)
	defer done()
	event := tidings.Event{User: user, Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}
	receipts, err := l.Append(ctx, []tidings.Event{event})
	if err != nil {
		return tidings.ID{}, err
	}
	if err := l.discardOwner(ctx, user, receipts[0].ID.Seq()); err != nil {
		return tidings.ID{}, fmt.Errorf("%w: purge: %w", tidings.ErrUnknownOutcome, err)
	}
	return receipts[0].ID, nil
}

// discardOwner discards everything of an owner before the event that says so.
func (l *Log) discardOwner(ctx context.Context, user string, before uint64) error {
	err := l.stream.Purge(ctx, jetstream.WithPurgeSubject(l.names.events(user)), jetstream.WithPurgeSequence(before))
	if err != nil {
		return unavailable(err)
	}
	if err := l.learnPurges(ctx); err != nil {
		return err
	}
	for _, seq := range l.purges.takeStale() {
		if err := l.stream.DeleteMsg(ctx, seq); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return unavailable(err)
		}
	}
	return nil
}

// takeStale returns those purges that are to be discarded, once.
func (p *purges) takeStale() []uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	stale := p.stale
	p.stale = nil
	return stale
}

// when returns when an owner's events were discarded last, or 0.
func (p *purges) when(user string) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[user]
}

// note takes note of a purge.
func (p *purges) note(user string, seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = make(map[string]uint64)
	}
	if earlier := p.of[user]; earlier > 0 && earlier < seq {
		p.stale = append(p.stale, earlier)
	}
	p.of[user], p.last = max(p.of[user], seq), max(p.last, seq)
}

// forget has nobody known as purged.
func (p *purges) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.of, p.stale = 0, nil, nil
}

// learnPurges reads the purges that are not known yet.
func (l *Log) learnPurges(ctx context.Context) error {
	newest, err := l.one(ctx, query{Last: l.names.purges()})
	switch {
	case errors.Is(err, errNone):
		l.purges.forget()
		return nil
	case err != nil:
		return err
	case newest.seq < l.purges.head(): // of another stream
		l.purges.forget()
	}
	for more := true; more; {
		var page []stored
		page, more, err = l.page(ctx, query{Seq: l.purges.head() + 1, Next: l.names.purges(), Most: pageEvents})
		if err != nil {
			return err
		}
		for _, m := range page {
			l.purges.note(get(m.Msg, userHeader), m.seq)
		}
	}
	return nil
}

// head returns the last purge that is known.
func (p *purges) head() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// guard has a message refused if somebody's events were discarded meanwhile: its
// id may be one of before.
func (l *Log) guard(m *nats.Msg) {
	m.Header[nats.ExpectedLastSubjSeqHdr] = []string{strconv.FormatUint(l.purges.head(), 10)}
	m.Header["Nats-Expected-Last-Subject-Sequence-Subject"] = []string{l.names.purges()}
}

// keyID returns the id of a message that holds an event with a key.
func (l *Log) keyID(e *tidings.Event) string {
	b := binary.AppendUvarint(nil, l.purges.when(e.User))
	b = binary.AppendUvarint(b, uint64(len(e.User)))
	sum := sha256.Sum256(append(append(b, e.User...), e.Key...))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
