package nats

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

// purges are whose events were discarded on request, and when. With them an
// owner's keys are forgotten: the purge before it is part of the id that a key
// makes. Who appends says which purge is the last he knows of, and the stream
// refuses if there was another.
//
// They are in the stream, and also in the bucket, under a digest of the owner's
// name: what the stream lets go of is still part of ids.
type purges struct {
	mu       sync.Mutex // guards what follows
	creation int64      // of the stream that they are of
	last     uint64     // the last that the stream has
	complete uint64     // up to where the events of all are gone
	of       map[digest]tidings.ID
}

// A digest stands for an owner.
type digest [16]byte

func digestOf(user string) digest {
	sum := sha256.Sum256([]byte(user))
	return digest(sum[:])
}

// when returns when an owner's events were discarded last, or zero.
func (p *purges) when(user string) tidings.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.of) == 0 {
		return tidings.ID{}
	}
	return p.of[digestOf(user)]
}

// hides reports whether an event was discarded on request.
func (p *purges) hides(e *tidings.Event) bool { return e.ID.Seq() < p.when(e.User).Seq() }

// note takes note of a purge.
func (p *purges) note(owner digest, at tidings.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = make(map[digest]tidings.ID)
	}
	if at.Seq() > p.of[owner].Seq() {
		p.of[owner] = at
	}
}

// head returns the last purge that the stream is known to have.
func (p *purges) head() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// advance says which purge is the last that the stream has.
func (p *purges) advance(to uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.complete = to, min(p.complete, to)
}

// open returns where purges are that may not be complete.
func (p *purges) open() run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return run{p.complete + 1, p.last}
}

// completed takes note that all are, up to a place.
func (p *purges) completed(through uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complete = max(p.complete, through)
}

// begin has those of another stream forgotten.
func (p *purges) begin(creation tidings.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if created := creation.Time().UnixNano(); p.creation != created {
		p.creation, p.last, p.complete, p.of = created, 0, 0, nil
	}
}

// learnPurges reads the purges that are not known yet.
func (l *Log) learnPurges(ctx context.Context) error {
	newest, err := l.one(ctx, query{Last: l.names.purges()})
	if errors.Is(err, errNone) {
		newest.seq, err = 0, nil
	}
	if err == nil && newest.seq < l.purges.head() { // it let go of them, or is another one
		err = l.beginPurges(ctx)
		l.purges.advance(min(newest.seq, l.purges.head()))
	}
	if err != nil || newest.seq == l.purges.head() {
		return err
	}
	_, err = l.places(ctx, l.names.purges(), run{l.purges.head() + 1, newest.seq}, l.purges.take)
	return err
}

// take takes note of a purge that the stream has.
func (p *purges) take(m stored) bool {
	if at, err := position(m.Msg, m.seq); err == nil {
		p.note(digestOf(get(m.Msg, userHeader)), at)
	}
	p.advance(m.seq)
	return false
}

// beginPurges forgets purges if the stream is another one.
func (l *Log) beginPurges(ctx context.Context) error {
	info, err := l.info(ctx)
	if err == nil {
		l.purges.begin(tidings.NewID(info.Created, 0))
	}
	return err
}

// notePurge has the bucket know of an owner's last purge.
func (l *Log) notePurge(ctx context.Context, creation tidings.ID, user string) error {
	owner := digestOf(user)
	value, err := json.Marshal(purged{creation.Time().UnixNano(), owner[:], l.purges.when(user)})
	if err != nil {
		return err
	}
	_, err = l.bucket().Put(ctx, "purged."+base64.RawURLEncoding.EncodeToString(owner[:]), value)
	return unavailable(err)
}

// purged is an entry in the bucket about an owner.
type purged struct {
	Created int64      `json:"created"`
	Owner   []byte     `json:"owner"`
	At      tidings.ID `json:"at"`
}

// takeNote takes note of an entry of the bucket.
func (p *purges) takeNote(value []byte) error {
	var entry purged
	if err := json.Unmarshal(value, &entry); err != nil {
		return err
	}
	if p.is(entry.Created) && len(entry.Owner) == len(digest{}) {
		p.note(digest(entry.Owner), entry.At)
	}
	return nil
}

// is reports whether the purges are of the stream that was created at a time.
func (p *purges) is(created int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.creation == created
}

// guard has a message refused if somebody's events were discarded meanwhile: its
// id may be one of before.
func (l *Log) guard(m *nats.Msg) {
	m.Header[nats.ExpectedLastSubjSeqHdr] = []string{strconv.FormatUint(l.purges.head(), 10)}
	m.Header["Nats-Expected-Last-Subject-Sequence-Subject"] = []string{l.names.purges()}
}

// keyID returns the id of a message that holds an event with a key.
func (l *Log) keyID(e *tidings.Event) string {
	b := binary.AppendUvarint(nil, l.purges.when(e.User).Seq())
	b = binary.AppendUvarint(b, uint64(len(e.User)))
	sum := sha256.Sum256(append(append(b, e.User...), e.Key...))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
