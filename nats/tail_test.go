package nats_test

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
)

// A position is proven to be one of the log, and then the stream is another when
// the consumer is made, with more events than the first had.
func TestATailThatBeginsWhileItsLogIsReplacedIsTold(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	l := b.open(t)
	fill(t, l, 10)
	_, head, err := l.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.proxy.Before("$JS.API.CONSUMER.CREATE."+b.opts.Stream, func() {
		b.do(t, func(js jetstream.JetStream) error { return js.DeleteStream(t.Context(), b.opts.Stream) })
		fill(t, b.open(t), 20)
	})
	for batch, err := range l.Tail(t.Context(), head) {
		if !errors.Is(err, tidings.ErrForeign) {
			t.Errorf("got %d events through %v, %v", len(batch.Events), batch.Through, err)
		}
		if len(batch.Events) > 0 {
			break
		}
	}
	if n := b.count(t); n != 20 {
		t.Errorf("the stream has %d events: it was not replaced", n)
	}
}
