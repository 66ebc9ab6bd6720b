package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// ErrDamaged says that events are missing in the stream which nobody discarded.
var ErrDamaged = errors.New("events are missing that nobody discarded")

// Nothing is missing in a stream above its floor but what a purge took away, or
// what was lost and accepted. accounts are what of that the bucket says: it is
// written there before anything goes. So what was lost can be told from what was
// discarded.
type accounts struct {
	mu       sync.Mutex // guards what follows
	creation int64      // of the stream that it is about
	revision uint64     // of the bucket, up to which it is known
	gone     runs
	done     map[uint64]bool // purges whose events are gone
}

// An account is one entry of them in the bucket. It is of the stream that was
// created at that time.
type account struct {
	Created int64  `json:"created"`
	Gone    []byte `json:"gone,omitempty"` // runs
	Done    bool   `json:"done,omitempty"`
}

// accountRuns is how many runs one entry has at most: the largest message that
// servers take by default is larger.
const accountRuns = 40_000

// record writes down that places are, or will be, gone because of the event at
// another.
func (l *Log) record(ctx context.Context, creation tidings.ID, because uint64, gone runs) error {
	for n := 0; len(gone) > 0; n++ {
		part := gone[:min(len(gone), accountRuns)]
		gone = gone[len(part):]
		if err := l.note(ctx, creation, because, strconv.Itoa(n), account{Gone: part.encode()}); err != nil {
			return err
		}
	}
	return nil
}

// note writes an entry of the accounts.
func (l *Log) note(ctx context.Context, creation tidings.ID, because uint64, what string, a account) error {
	a.Created = creation.Time().UnixNano()
	value, err := json.Marshal(a)
	if err != nil {
		return err
	}
	_, err = l.bucket().Put(ctx, fmt.Sprintf("gone.%d.%s", because, what), value)
	return unavailable(err)
}

// readAccounts reads what is new in the bucket.
func (l *Log) readAccounts(ctx context.Context, creation tidings.ID) error {
	l.purges.begin(creation)
	a := &l.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	if created := creation.Time().UnixNano(); a.creation != created {
		a.creation, a.revision, a.gone, a.done = created, 0, nil, make(map[uint64]bool)
	}
	for more := true; more; {
		var page []stored
		var err error
		page, more, err = l.pageOf(ctx, l.names.stateStream(), query{Seq: a.revision + 1, Next: l.names.stateKey(">"), Most: pageEvents})
		if err != nil {
			return err
		}
		for _, m := range page {
			if err := l.takeEntry(m); err != nil {
				return fmt.Errorf("what the bucket has as %s cannot be read: %w", m.Subject, err)
			}
			a.revision = m.seq
		}
	}
	return nil
}

// takeEntry takes note of one entry of the bucket. It is called with the lock of the
// accounts held.
func (l *Log) takeEntry(m stored) error {
	switch key := strings.TrimPrefix(m.Subject, l.names.stateKey("")); {
	case strings.HasPrefix(key, "gone."):
		return l.accounts.take(strings.TrimPrefix(key, "gone."), m.Data)
	case strings.HasPrefix(key, "purged."):
		return l.purges.takeNote(m.Data)
	}
	return nil
}

// take takes note of an entry.
func (a *accounts) take(key string, value []byte) error {
	var entry account
	if err := json.Unmarshal(value, &entry); err != nil {
		return err
	}
	gone, err := decodeRuns(entry.Gone)
	if err != nil || entry.Created != a.creation {
		return err
	}
	a.gone = a.gone.with(gone...)
	if entry.Done {
		purge, err := purgeOf(key)
		a.done[purge] = true
		return err
	}
	return nil
}

// purgeOf returns because of which event there is an entry with a key.
func purgeOf(key string) (uint64, error) {
	place, _, _ := strings.Cut(key, ".")
	return strconv.ParseUint(place, 10, 64)
}

// unexplained returns which places the accounts do not have.
func (a *accounts) unexplained(places runs) runs {
	a.mu.Lock()
	defer a.mu.Unlock()
	return places.without(a.gone)
}

// isDone reports whether the events that a purge took away are gone.
func (a *accounts) isDone(purge uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.done[purge]
}

// forget has everything read again.
func (a *accounts) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.creation = 0
}

// explain returns why places of the stream have no event: nil if these were
// discarded, a TruncatedError if they are below the floor by now, or an error that
// matches ErrDamaged.
func (l *Log) explain(ctx context.Context, creation tidings.ID, missing runs) error {
	if len(l.accounts.unexplained(missing)) == 0 {
		return nil
	}
	for _, pause := range l.secondLooks() {
		wait(ctx, pause)
		floor, err := l.floorOf(ctx, creation)
		if err != nil {
			return err
		}
		if floor.Seq() >= missing[0].first {
			return &tidings.TruncatedError{Floor: floor}
		}
		if err := l.readAccounts(ctx, creation); err != nil {
			return err
		}
		if missing = l.accounts.unexplained(missing); len(missing) == 0 {
			return nil
		}
		l.accounts.forget()
	}
	return l.lose(ctx, creation, missing)
}

// floorOf returns the floor of the stream that was created then, and an error if
// another one is in its place.
func (l *Log) floorOf(ctx context.Context, creation tidings.ID) (tidings.ID, error) {
	info, err := l.info(ctx)
	if err != nil {
		return tidings.ID{}, err
	}
	if !info.Created.Equal(creation.Time()) {
		return tidings.ID{}, fmt.Errorf("%w: the stream was replaced", tidings.ErrUnavailable)
	}
	floor, _, err := l.floor(ctx, creation)
	return floor, err
}

// secondLooks are the pauses before what is missing is looked for in the bucket. A
// server that is one of several may not have the latest of it yet.
func (l *Log) secondLooks() []time.Duration {
	if l.inProcess {
		return []time.Duration{0, 0}
	}
	return []time.Duration{0, 50 * time.Millisecond, 250 * time.Millisecond, time.Second}
}

// lose deals with places that nobody discarded: that is an error, or accepted. Then
// the floor is raised past them, so that all who might miss something are told.
func (l *Log) lose(ctx context.Context, creation tidings.ID, missing runs) error {
	if !l.opts.AcceptLoss {
		err := fmt.Errorf("%w: of %s. Files were damaged, or somebody else deleted messages: put a backup in place, or open the log with AcceptLoss, which tells readers of the loss and discards what is older", ErrDamaged, missing)
		l.damaged.Store(&err)
		return err
	}
	l.opts.Logger.Warn("events are missing that nobody discarded; the loss is accepted, and readers are told", "events", missing.String())
	last := missing[len(missing)-1].last
	if err := l.record(ctx, creation, last, missing); err != nil {
		return err
	}
	next, err := l.one(ctx, query{Seq: last + 1, Next: l.names.all()})
	if errors.Is(err, errNone) {
		_, err = l.MarkLoss(ctx)
	} else if err == nil {
		err = l.discardThrough(ctx, next.seq)
	}
	if err != nil {
		return err
	}
	floor, _, err := l.floor(ctx, creation)
	if err != nil {
		return err
	}
	return &tidings.TruncatedError{Floor: floor}
}

// MarkLoss says that events may be lost after the last that the log has: it appends
// one, of a reserved channel, and makes it the floor, so that all readers are told.
// It returns its position.
func (l *Log) MarkLoss(ctx context.Context) (tidings.ID, error) {
	ctx, cancel := l.asking(ctx, attemptTimeout)
	defer cancel()
	b := newBatch([]tidings.Event{{Channel: tidings.Control, Type: lostType, Data: []byte("{}")}})
	if err := l.insist(ctx, b); err != nil {
		return tidings.ID{}, fmt.Errorf("nats: mark a loss: %w", err)
	}
	at := b.receipts()[0].ID
	return at, l.DiscardThrough(ctx, at.Seq())
}

// lostType is the type of that event.
const lostType = "tidings.lost"

// forgetAccounts lets go of entries about what is before a place.
func (l *Log) forgetAccounts(ctx context.Context, first uint64) error {
	prefix := l.names.stateKey("gone.")
	entries, _, err := l.pageOf(ctx, l.names.stateStream(), query{Seq: 1, Next: prefix + ">", Most: pageEvents})
	if err != nil || len(entries) == 0 {
		return err
	}
	bucket, err := l.js.Stream(ctx, l.names.stateStream())
	if err != nil {
		return unavailable(err)
	}
	for _, m := range entries {
		if n, err := purgeOf(strings.TrimPrefix(m.Subject, prefix)); err == nil && n >= first {
			continue
		}
		if err := bucket.Purge(ctx, jetstream.WithPurgeSubject(m.Subject)); err != nil {
			return unavailable(err)
		}
	}
	l.accounts.drop(first)
	return nil
}

// drop lets go of what is known of places before one, which nobody asks about.
func (a *accounts) drop(first uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = a.gone.without(runs{{0, first - 1}})
	maps.DeleteFunc(a.done, func(purge uint64, _ bool) bool { return purge < first })
}
