package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

var _ tidings.Purger = (*Log)(nil)

// Purge discards everything of an owner, see [tidings.Purger]. The event that says
// so is what does it: readers pass by what is before. Then the accounts say what
// will be missing, and the stream lets go of it. Where a process ends before that,
// another completes it.
func (l *Log) Purge(ctx context.Context, user string) (tidings.ID, error) {
	ctx, done := l.use(ctx)
	defer done()
	event := tidings.Event{User: user, Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}
	receipts, err := l.Append(ctx, []tidings.Event{event})
	if err != nil {
		return tidings.ID{}, err
	}
	if err := l.complete(ctx, user, receipts[0].ID.Seq()); err != nil {
		return tidings.ID{}, fmt.Errorf("%w: purge: %w", tidings.ErrUnknownOutcome, err)
	}
	return receipts[0].ID, nil
}

// complete has everything of an owner gone that is before the event which says so.
// It can be done again, also by several at once.
func (l *Log) complete(ctx context.Context, user string, purge uint64) error {
	info, err := l.info(ctx)
	if err != nil {
		return err
	}
	if err := l.learnPurges(ctx); err != nil {
		return err
	}
	creation, before := tidings.NewID(info.Created, 0), run{1, purge - 1}
	earlier, err := l.places(ctx, l.names.purges(), before, func(m stored) bool { return get(m.Msg, userHeader) == user })
	if err != nil {
		return err
	}
	gone, err := l.places(ctx, l.names.events(user), before, func(stored) bool { return true })
	if err != nil {
		return err
	}
	if err := l.record(ctx, creation, purge, gone.with(earlier...)); err != nil {
		return err
	}
	if err := l.notePurge(ctx, creation, user); err != nil {
		return err
	}
	if err := l.discardOwner(ctx, user, purge, earlier); err != nil {
		return err
	}
	return l.note(ctx, creation, purge, "done", account{Done: true})
}

// places returns where the messages of a subject are that are looked for.
func (l *Log) places(ctx context.Context, subject string, among run, which func(stored) bool) (found runs, err error) {
	for more := true; more && among.first <= among.last; {
		var page []stored
		if page, more, err = l.page(ctx, query{Seq: among.first, Next: subject, Most: pageEvents, Bytes: pageBytes}); err != nil {
			return nil, err
		}
		for _, m := range page {
			if m.seq > among.last {
				return found, nil
			}
			if among.first = m.seq + 1; which(m) {
				found = found.add(m.seq)
			}
		}
	}
	return found, nil
}

// discardOwner lets go of everything of an owner before a place, and of events that
// said so earlier.
func (l *Log) discardOwner(ctx context.Context, user string, before uint64, earlier runs) error {
	err := l.stream.Purge(ctx, jetstream.WithPurgeSubject(l.names.events(user)), jetstream.WithPurgeSequence(before))
	if err != nil {
		return unavailable(err)
	}
	for _, r := range earlier {
		for seq := r.first; seq <= r.last; seq++ {
			if err := l.stream.DeleteMsg(ctx, seq); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
				return unavailable(err)
			}
		}
	}
	return nil
}

// completePurges completes what others left.
func (l *Log) completePurges(ctx context.Context, creation tidings.ID) error {
	if err := errors.Join(l.readAccounts(ctx, creation), l.learnPurges(ctx)); err != nil {
		return err
	}
	var errs []error
	open := l.purges.open()
	_, err := l.places(ctx, l.names.purges(), open, func(m stored) bool {
		if !l.accounts.isDone(m.seq) {
			errs = append(errs, l.complete(ctx, get(m.Msg, userHeader), m.seq))
		}
		return false
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	l.purges.completed(open.last)
	return nil
}
