package nats_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
)

// events returns events of alice, with those keys.
func events(keys ...string) []tidings.Event {
	var all []tidings.Event
	for _, k := range keys {
		all = append(all, tidings.Event{User: "alice", Channel: tidings.System, Key: k, Data: []byte(`{}`)})
	}
	return all
}

// count returns how many messages the stream has.
func (b *backend) count(t testing.TB) (n uint64) {
	t.Helper()
	b.do(t, func(js jetstream.JetStream) error {
		s, err := js.Stream(t.Context(), b.opts.Stream)
		if err == nil {
			n = s.CachedInfo().State.Msgs
		}
		return err
	})
	return n
}

// waitFor waits until something is so.
func waitFor(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}

// An append whose answer is lost is made again, and keeps nothing twice.
func TestAnAppendWhoseAnswerIsLostIsSettled(t *testing.T) {
	s := natstest.Start(t, t.TempDir())
	for name, keys := range map[string][]string{
		"one": {""}, "one with a key": {"k"}, "several": {"", "", ""}, "with keys": {"k", "l", "m"},
		"a key first": {"k", "", ""}, "a key last": {"", "", "k"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, s.ClientURL())
			l := b.open(t)
			b.proxy.Deafen()
			type outcome struct {
				receipts []tidings.Receipt
				err      error
			}
			done := make(chan outcome, 1)
			go func() {
				receipts, err := l.Append(t.Context(), events(keys...))
				done <- outcome{receipts, err}
			}()
			waitFor(t, "events in the stream", func() bool { return b.count(t) == uint64(len(keys)) })
			b.proxy.Cut()
			b.proxy.Restore()
			got := <-done
			if got.err != nil {
				t.Fatal(got.err)
			}
			for i, r := range got.receipts {
				if r.Duplicate || r.ID.Seq() != uint64(i+1) {
					t.Errorf("receipt %d: got %+v", i, r)
				}
			}
			if n := b.count(t); n != uint64(len(keys)) {
				t.Errorf("the stream has %d events, want %d", n, len(keys))
			}
		})
	}
}

// An append whose context ends before it is known what became of it says so.
func TestAnAppendThatIsNotSettledSaysSo(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	l := b.open(t)
	b.proxy.Deafen()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := l.Append(ctx, events("k"))
	if !errors.Is(err, tidings.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
