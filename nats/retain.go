package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// Events are discarded in two steps. First the floor is raised, which the bucket
// has: whoever reads begins there from now on. Later, when nobody can be reading
// what is below and no key of it is remembered any more, the messages go. So a
// reader is never overtaken by what is gone already, and the stream can always
// tell where the first event with a key is.

// retain discards what is older or more than what is to be kept, until the log is
// closed.
func (l *Log) retain() {
	ticker := time.NewTicker(l.retainPause())
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-l.life.Done():
			return
		}
		l.retainOnce(time.Now())
	}
}

// retainOnce does that as of now, and takes note of what became of it.
func (l *Log) retainOnce(now time.Time) {
	err := l.discard(l.life, now)
	if l.life.Err() != nil {
		return
	}
	if err != nil {
		l.opts.Logger.Warn("old events were not discarded; it is tried again", "err", err)
	}
	l.health.discarded(err)
}

// retainPause is how often is looked whether there is something to discard.
func (l *Log) retainPause() time.Duration {
	pause := min(time.Minute, l.opts.KeyWindow/2)
	if l.opts.RetainAge > 0 {
		pause = min(pause, l.opts.RetainAge/100)
	}
	return max(pause, time.Second) + jitter(time.Second/2)
}

// discard does that once, as of now.
func (l *Log) discard(ctx context.Context, now time.Time) error {
	info, err := l.info(ctx)
	if err != nil {
		return err
	}
	l.health.saw(info.State)
	if err := l.completePurges(ctx, tidings.NewID(info.Created, 0)); err != nil {
		return err
	}
	old, err := l.tooOld(ctx, now)
	if err != nil {
		return err
	}
	more, err := l.tooMuch(ctx, info)
	if err != nil {
		return err
	}
	if err := l.discardThrough(ctx, max(old, more)); err != nil {
		return err
	}
	return l.trim(ctx, now)
}

// tooOld returns the last event that is older than what is to be kept, or 0.
func (l *Log) tooOld(ctx context.Context, now time.Time) (uint64, error) {
	if l.opts.RetainAge <= 0 {
		return 0, nil
	}
	return l.before(ctx, now.Add(-l.opts.RetainAge))
}

// before returns the last message before a time, or 0.
func (l *Log) before(ctx context.Context, at time.Time) (uint64, error) {
	m, err := l.one(ctx, query{Since: &at, Next: l.names.all()})
	if errors.Is(err, errNone) { // all are
		info, err := l.info(ctx)
		if err != nil {
			return 0, err
		}
		return info.State.LastSeq, nil
	}
	if err != nil {
		return 0, err
	}
	return m.seq - 1, nil
}

// tooMuch returns the last event that is more than what is to be kept, by the
// average size of those there are, or 0.
func (l *Log) tooMuch(ctx context.Context, info *jetstream.StreamInfo) (uint64, error) {
	s := info.State
	floor, _, err := l.floor(ctx, tidings.NewID(info.Created, 0))
	if l.opts.RetainBytes <= 0 || err != nil || s.Msgs == 0 {
		return 0, err
	}
	each := max(float64(s.Bytes)/float64(s.LastSeq-s.FirstSeq+1), 1)
	kept := float64(s.LastSeq-max(floor.Seq(), s.FirstSeq-1)) * each
	if kept <= float64(l.opts.RetainBytes) {
		return 0, nil
	}
	return s.LastSeq - uint64(float64(l.opts.RetainBytes)*0.9/each), nil
}

// DiscardThrough discards all events up to one: the floor is raised past it. Who
// was before is told.
func (l *Log) DiscardThrough(ctx context.Context, seq uint64) error {
	if err := l.discardThrough(ctx, seq); err != nil {
		return fmt.Errorf("nats: discard: %w", err)
	}
	return nil
}

// discardThrough discards all events up to a place, and the next one if that is
// none.
func (l *Log) discardThrough(ctx context.Context, seq uint64) error {
	info, err := l.info(ctx)
	if err != nil || seq == 0 {
		return err
	}
	creation := tidings.NewID(info.Created, 0)
	l.raising.Lock()
	defer l.raising.Unlock()
	for {
		was, revision, err := l.floor(ctx, creation)
		if err != nil || was.Seq() >= seq {
			return err
		}
		m, err := l.one(ctx, query{Seq: min(seq, info.State.LastSeq), Next: l.names.all()})
		if errors.Is(err, errNone) { // there is no later one
			m, err = l.one(ctx, query{Last: l.names.all()})
		}
		if errors.Is(err, errNone) {
			return nil
		}
		if err != nil {
			return err
		}
		at, err := position(m.Msg, m.seq)
		if err != nil {
			return err
		}
		if err = l.raise(ctx, creation, at, revision); !errors.Is(err, jetstream.ErrKeyExists) {
			return err
		}
	}
}

// raise has the floor known, unless somebody else raised it meanwhile: then the
// error is jetstream.ErrKeyExists.
func (l *Log) raise(ctx context.Context, creation, to tidings.ID, revision uint64) error {
	value, err := json.Marshal(floor{creation.Time().UnixNano(), to})
	if err != nil {
		return err
	}
	if l.inProcess { // nobody else raises it, and what it was may be damaged
		err = l.overwrite(ctx, value)
	} else {
		_, err = l.bucket().Update(ctx, floorKey, value, revision)
	}
	if err != nil {
		return fmt.Errorf("raise the floor: %w", err)
	}
	return nil
}

// overwrite writes the floor, in a new bucket if the old one is damaged and that is
// accepted.
func (l *Log) overwrite(ctx context.Context, value []byte) error {
	_, err := l.bucket().Put(ctx, floorKey, value)
	if err == nil || !l.opts.AcceptLoss || ctx.Err() != nil {
		return err
	}
	if err := l.renewBucket(ctx); err != nil {
		return err
	}
	_, err = l.bucket().Put(ctx, floorKey, value)
	return err
}

// renewBucket puts an empty bucket in the place of one that is damaged.
func (l *Log) renewBucket(ctx context.Context) error {
	if err := l.js.DeleteKeyValue(ctx, l.names.state()); err != nil {
		return err
	}
	bucket, err := l.js.CreateKeyValue(ctx, l.stateConfig())
	if err == nil {
		l.state.Store(&bucket)
	}
	return err
}

// trim lets go of messages below the floor that are older than the key window.
func (l *Log) trim(ctx context.Context, now time.Time) error {
	info, err := l.info(ctx)
	if err != nil {
		return err
	}
	floor, _, err := l.floor(ctx, tidings.NewID(info.Created, 0))
	if err != nil || floor.Seq() < info.State.FirstSeq {
		return err
	}
	old, err := l.before(ctx, now.Add(-l.opts.KeyWindow))
	if err != nil {
		return err
	}
	through := min(floor.Seq(), old)
	if through < info.State.FirstSeq {
		return nil
	}
	if err := l.stream.Purge(ctx, jetstream.WithPurgeSequence(through+1)); err != nil {
		return unavailable(err)
	}
	return l.forgetAccounts(ctx, through+1)
}
