package nats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// A stream whose own limits discard events would do so without a word.
func TestAStreamThatCannotHoldALogIsRefused(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	b.do(t, func(js jetstream.JetStream) error {
		_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
			Name: b.opts.Stream, Subjects: []string{b.opts.Stream + ".>"}, MaxAge: time.Hour, MaxBytes: 1000, AllowDirect: true,
		})
		return err
	})
	_, err := nats.Open(t.Context(), b.proxy.URL(), &b.opts)
	for _, want := range []string{b.opts.Stream, "max_age is 1h0m0s, want 0s", "max_bytes is 1000, want -1", "allow_atomic is false, want true"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "allow_direct") {
		t.Errorf("got %v, with what is as it should be", err)
	}
}

func TestAStreamIsSharedByThoseWhoAgree(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	b.open(t)
	b.opts.KeyWindow = time.Minute
	_, err := nats.Open(t.Context(), b.proxy.URL(), &b.opts)
	if err == nil || !strings.Contains(err.Error(), "duplicate_window is 2m0s, want 1m0s") {
		t.Errorf("got %v", err)
	}
}

func TestBadNamesOfStreamsAreRefused(t *testing.T) {
	for _, name := range []string{"a.b", "*", ">", "a b", "é", "a/b", strings.Repeat("x", 65)} {
		_, err := nats.Open(t.Context(), "nats://127.0.0.1:1", &nats.Options{Stream: name})
		if err == nil || !strings.Contains(err.Error(), "invalid stream") {
			t.Errorf("%q: got %v", name, err)
		}
	}
}
