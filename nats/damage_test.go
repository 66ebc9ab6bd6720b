package nats_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// remove deletes a message as an operator would.
func (b *backend) remove(t testing.TB, seq uint64) {
	t.Helper()
	b.do(t, func(js jetstream.JetStream) error {
		s, err := js.Stream(t.Context(), b.opts.Stream)
		if err != nil {
			return err
		}
		return s.DeleteMsg(t.Context(), seq)
	})
}

// keep appends events of alice one by one.
func keep(t testing.TB, l tidings.Log, keys ...string) (at []tidings.ID) {
	t.Helper()
	for _, e := range events(keys...) {
		r, err := l.Append(t.Context(), []tidings.Event{e})
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, r[0].ID)
	}
	return at
}

// firstError returns how a Read or a Tail fails.
func firstError(batches func(func(tidings.Batch, error) bool)) error {
	for _, err := range batches {
		if err != nil {
			return err
		}
	}
	return nil
}

var everyone = tidings.Selector{Everyone: true}

// What somebody else deleted is never passed by without a word.
func TestAnEventThatIsMissingIsAnError(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	l := b.open(t)
	at := keep(t, l, "", "", "", "")
	b.remove(t, at[1].Seq())
	for name, err := range map[string]error{
		"Read of everyone": firstError(l.Read(t.Context(), everyone, at[0])),
		"Tail":             firstError(l.Tail(t.Context(), at[0])),
	} {
		if !errors.Is(err, nats.ErrDamaged) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := firstError(l.Read(t.Context(), everyone, at[1])); !errors.Is(err, nats.ErrDamaged) {
		t.Errorf("at the event that is missing: got %v", err)
	}
	if err := firstError(l.Read(t.Context(), everyone, at[2])); err != nil {
		t.Errorf("after it: got %v", err)
	}
	if _, err := nats.Open(t.Context(), b.url, &b.opts); !errors.Is(err, nats.ErrDamaged) {
		t.Errorf("Open: got %v", err)
	}
	b.opts.AcceptLoss = true
	accepting := b.open(t)
	for _, sel := range []tidings.Selector{everyone, {User: "alice"}} {
		if err := firstError(accepting.Read(t.Context(), sel, at[0])); !errors.Is(err, tidings.ErrTruncated) {
			t.Errorf("when that was accepted, a Read of %+v: got %v", sel, err)
		}
	}
}

// A purge whose process died after it was said is completed by another.
func TestAPurgeThatWasBegunIsCompleted(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	l := b.open(t)
	at := keep(t, l, "k", "", "")
	event := tidings.Event{User: "alice", Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}
	if _, err := l.Append(t.Context(), []tidings.Event{event}); err != nil {
		t.Fatal(err)
	}
	after := keep(t, l, "k")
	b.open(t)
	if n := b.count(t); n != 2 {
		t.Errorf("the stream has %d messages, want that of the purge and the one after it", n)
	}
	if err := firstError(l.Read(t.Context(), everyone, at[0])); err != nil {
		t.Errorf("got %v, want no error of what was purged", err)
	}
	for batch, err := range l.Read(t.Context(), tidings.Selector{User: "alice"}, tidings.ID{}) {
		if err != nil || len(batch.Events) != 1 || batch.Events[0].ID != after[0] {
			t.Errorf("got %+v, %v, want the event after the purge", batch.Events, err)
		}
	}
}

// What was purged is part of the ids of keys, also when the stream has let go of the
// event that says so.
func TestAKeyIsRememberedThoughThePurgeBeforeItWasDiscarded(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	l, other := b.open(t), b.open(t)
	purge, err := l.Purge(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	at := keep(t, l, "k")
	err = errors.Join(other.Discard(t.Context(), time.Now()), l.DiscardThrough(t.Context(), purge.Seq()), l.Discard(t.Context(), time.Now().Add(time.Hour)))
	if n := b.count(t); err != nil || n != 1 {
		t.Fatalf("%v, and the stream has %d messages, want 1", err, n)
	}
	for i, l := range []tidings.Log{l, other, b.open(t)} {
		r, err := l.Append(context.Background(), events("k"))
		if err != nil || !r[0].Duplicate || r[0].ID != at[0] {
			t.Errorf("log %d: got %+v, %v, want a duplicate of %v", i, r, err, at[0])
		}
	}
}
