package nats_test

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings/internal/natstest"
)

// A server has so many batches under way at a time, of everybody. Who comes while
// there are as many tries again.
func TestBatchesTakeTurns(t *testing.T) {
	s := natstest.Start(t, t.TempDir(), func(o *server.Options) { o.JetStreamLimits.MaxBatchInflightPerStream = 1 })
	b := newBackend(t, s.ClientURL())
	l := b.open(t)
	nc, err := client.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	part := func(header client.Header) {
		header["Nats-Batch-Id"], header["N"] = []string{"another"}, []string{"1"}
		if _, err := nc.RequestMsgWithContext(t.Context(), &client.Msg{Subject: b.opts.Stream + ".e.-", Header: header}); err != nil {
			t.Fatal(err)
		}
	}
	part(client.Header{"Nats-Batch-Sequence": {"1"}})
	appended := make(chan error, 1)
	before := l.Asked()
	go func() { // ends with the append
		_, err := l.Append(t.Context(), events("", "", ""))
		appended <- err
	}()
	waitFor(t, "second attempt", func() bool { return len(appended) > 0 || l.Asked() >= before+6 })
	part(client.Header{"Nats-Batch-Sequence": {"2"}, "Nats-Batch-Commit": {"1"}})
	if err := <-appended; err != nil {
		t.Error(err)
	}
	if n := b.count(t); n != 5 {
		t.Errorf("the stream has %d events, want 2 and 3", n)
	}
}
