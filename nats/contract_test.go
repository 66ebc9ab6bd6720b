package nats_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/logproc"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A backend is a stream of a server, and what stands before it.
type backend struct {
	proxy *natstest.Proxy
	url   string // of the server itself
	opts  nats.Options
}

// streams counts streams, so that each has a name of its own.
var streams atomic.Int64

func newBackend(t testing.TB, url string) *backend {
	return &backend{natstest.NewProxy(t, url), url, nats.Options{Stream: fmt.Sprint("TEST", streams.Add(1))}}
}

func (b *backend) open(t testing.TB) *nats.Log {
	t.Helper()
	l, err := nats.Open(t.Context(), b.proxy.URL(), &b.opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// do does something with the server that is none of a log's affairs.
func (b *backend) do(t testing.TB, do func(jetstream.JetStream) error) {
	t.Helper()
	nc, err := client.Connect(b.url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err := errors.Join(err, do(js)); err != nil {
		t.Fatal(err)
	}
}

// change changes the stream.
func (b *backend) change(t testing.TB, change func(*jetstream.StreamConfig)) {
	t.Helper()
	b.do(t, func(js jetstream.JetStream) error {
		s, err := js.Stream(t.Context(), b.opts.Stream)
		if err != nil {
			return err
		}
		c := s.CachedInfo().Config
		change(&c)
		_, err = js.UpdateStream(t.Context(), c)
		return err
	})
}

// remembersLast reports whether the stream has the id of its last message, by a
// message that it cannot keep.
func (b *backend) remembersLast(t testing.TB) (remembers bool) {
	t.Helper()
	b.do(t, func(js jetstream.JetStream) error {
		s, err := js.Stream(t.Context(), b.opts.Stream)
		if err != nil {
			return err
		}
		last, err := s.GetMsg(t.Context(), s.CachedInfo().State.LastSeq)
		if err != nil {
			return err
		}
		_, err = js.PublishMsg(t.Context(), &client.Msg{Subject: last.Subject, Header: client.Header{
			client.MsgIdHdr: {last.Header.Get(client.MsgIdHdr)}, client.ExpectedLastMsgIdHdr: {"none"},
		}})
		remembers = err == nil
		return nil
	})
	return remembers
}

func TestLogKeepsTheContract(t *testing.T) {
	keepsTheContract(t, func(t testing.TB, b *backend) tidings.Log { return b.open(t) })
}

// What a herd is served by serves whoever reads.
func TestLogKeepsTheContractWhereReadersShare(t *testing.T) {
	keepsTheContract(t, func(t testing.TB, b *backend) tidings.Log {
		l := b.open(t)
		l.ShareAlways()
		return l
	})
}

// Logs of one stream have nothing in common but the server.
func TestLogKeepsTheContractWhereEachIsAProcess(t *testing.T) {
	keepsTheContract(t, func(t testing.TB, b *backend) tidings.Log {
		return logproc.Start(t, opening{b.proxy.URL(), b.opts})
	})
}

// An opening is what a process needs to know to open a log.
type opening struct {
	URL     string
	Options nats.Options
}

func openAs(ctx context.Context, o opening) (*nats.Log, error) {
	return nats.Open(ctx, o.URL, &o.Options)
}

func keepsTheContract(t *testing.T, open func(testing.TB, *backend) tidings.Log) {
	p := natstest.NewProcess(t, t.TempDir())
	tidingstest.TestLog(t, tidingstest.Harness[*backend]{
		New:  func(t testing.TB) *backend { return newBackend(t, p.URL()) },
		Open: open,
		PassKeyWindow: func(t testing.TB, b *backend) {
			window := 100 * time.Millisecond
			waitFor(t, "end of the key window", func() bool {
				window++ // a server that looks before it has the new window looks again when there is another
				b.change(t, func(c *jetstream.StreamConfig) { c.Duplicates = window })
				return !b.remembersLast(t)
			})
			b.change(t, func(c *jetstream.StreamConfig) { c.Duplicates = 2 * time.Minute })
		},
		Truncate: func(t testing.TB, b *backend, through tidings.ID) {
			if err := b.open(t).DiscardThrough(t.Context(), through.Seq()); err != nil {
				t.Fatal(err)
			}
		},
		FailMidway: func(_ testing.TB, b *backend) { b.proxy.CutAfter(1500) },
		Break:      func(_ testing.TB, b *backend) { b.proxy.Cut() },
		Restore:    func(_ testing.TB, b *backend) { b.proxy.Restore() },
		Replace: func(t testing.TB, b *backend) {
			b.do(t, func(js jetstream.JetStream) error { return js.DeleteStream(t.Context(), b.opts.Stream) })
			b.open(t)
		},
		Rollback: func(t testing.TB, b *backend, to tidings.ID) {
			p.Kill()
			natstest.Rollback(t, p.Dir(), b.opts.Stream, to.Seq())
			p.Start(t)
		},
	})
}
