package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
	"github.com/tidings-dev/tidings/tidingstest"
)

// The user that docs/operations.md describes can do all that a log does: the
// server objects to nothing.
func TestTheDocumentedUserOfNATSIsEnough(t *testing.T) {
	config := documented(t, "### A server", "authorization {") + "\nmax_payload: 2MB\n"
	open := func(t testing.TB, s *server.Server) *nats.Log {
		t.Helper()
		l, err := nats.Open(t.Context(), natsURL(s, "tidings:secret"), nil, client.ErrorHandler(func(_ *client.Conn, _ *client.Subscription, err error) {
			t.Error(err)
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	tidingstest.TestLog(t, tidingstest.Harness[*server.Server]{
		New:  func(t testing.TB) *server.Server { return natstest.StartConfig(t, t.TempDir(), config) },
		Open: func(t testing.TB, s *server.Server) tidings.Log { return open(t, s) },
		Truncate: func(t testing.TB, s *server.Server, through tidings.ID) {
			if err := open(t, s).DiscardThrough(t.Context(), through.Seq()); err != nil {
				t.Fatal(err)
			}
		},
	})
	s := natstest.StartConfig(t, t.TempDir(), config)
	got := finished(t, "", "serve", "--addr", "127.0.0.1:0", "--nats-url", natsURL(s, "tidings:secret"), "--nats-stream", "OTHER")
	if got.code != 1 || !strings.Contains(got.err, `"$JS.API.STREAM.INFO.OTHER"`) {
		t.Errorf("another stream: %+v", got)
	}
}

// documented returns the block of a section of docs/operations.md that begins so.
func documented(t *testing.T, section, beginning string) string {
	t.Helper()
	blocks := blocksOf(t, "../../docs/operations.md", section)
	at := slices.IndexFunc(blocks, func(block string) bool { return strings.HasPrefix(block, beginning) })
	if at < 0 {
		t.Fatalf("no block of %s begins with %q", section, beginning)
	}
	return blocks[at]
}
