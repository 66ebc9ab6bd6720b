package nats_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// A server that ends and comes back is noticed, though nobody asks for anything.
func TestHealthFollowsTheConnection(t *testing.T) {
	p := natstest.NewProcess(t, t.TempDir())
	l, err := nats.Open(t.Context(), p.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if h := l.Health(); h.Err != nil || h.Figures["connected"] != 1 || h.Figures["reconnects_total"] != 0 {
		t.Errorf("at first got %+v", h)
	}
	for n := range 2 {
		before := time.Now().Truncate(time.Second)
		p.Kill()
		waitFor(t, "word of the loss", func() bool { return l.Health().Err != nil })
		h := l.Health()
		if !errors.Is(h.Err, tidings.ErrUnavailable) || h.Figures["connected"] != 0 {
			t.Errorf("without a server got %+v", h)
		}
		if since := sinceWhen(t, h.Err); since.Before(before) || since.After(time.Now()) {
			t.Errorf("%v, want one after %v", h.Err, before)
		}
		p.Start(t)
		waitFor(t, "word of the connection", func() bool { return l.Health().Err == nil })
		if h := l.Health(); h.Figures["connected"] != 1 || h.Figures["reconnects_total"] != float64(n+1) {
			t.Errorf("after %d ends got %+v", n+1, h)
		}
	}
}

// sinceWhen returns the time that an error names.
func sinceWhen(t *testing.T, err error) time.Time {
	t.Helper()
	_, rest, _ := strings.Cut(err.Error(), "since ")
	text, _, _ := strings.Cut(rest, ";")
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Error(err)
	}
	return at
}

func TestHealthTellsWhatTheStreamHas(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	fill(t, b.open(t), 10)
	l := b.open(t)
	h := l.Health()
	if n, bytes := h.Figures["stream_events"], h.Figures["stream_bytes"]; n != 10 || bytes < 10_000 || bytes > 20_000 {
		t.Errorf("of 10 events of a kilobyte got %+v", h)
	}
	names := slices.Sorted(maps.Keys(h.Figures))
	fill(t, l, 5)
	l.Retain(time.Now())
	h = l.Health()
	if h.Figures["stream_events"] != 15 || h.Err != nil {
		t.Errorf("of 15 events got %+v", h)
	}
	if now := slices.Sorted(maps.Keys(h.Figures)); !slices.Equal(now, names) {
		t.Errorf("got the figures %q, and before %q", now, names)
	}
}

func TestHealthTellsThatNothingIsDiscarded(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	b.opts.RetainBytes = 5000
	l := b.open(t)
	fill(t, l, 10)
	bucket := b.opts.Stream + "_state"
	b.do(t, func(js jetstream.JetStream) error { return js.DeleteKeyValue(t.Context(), bucket) })
	l.Retain(time.Now())
	if err := l.Health().Err; err == nil || !strings.Contains(err.Error(), "not discarded") {
		t.Errorf("without a bucket got %v", err)
	}
	b.open(t) // makes it
	l.Retain(time.Now())
	if err := l.Health().Err; err != nil {
		t.Errorf("with a bucket got %v", err)
	}
}
