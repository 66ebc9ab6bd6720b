package chaos_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
)

// A server of NATS is killed at any moment and started again, at once or after a
// while.
func TestKilledNATSLosesAndDoublesNothing(t *testing.T) {
	skipShort(t)
	server := natstest.NewProcess(t, t.TempDir())
	s := begin(t, plan{replicas: 2, nats: server})
	const kills = 6
	for n := range kills {
		s.advance(1+s.random.IntN(10), everybody)
		server.Kill()
		<-time.After(time.Duration(n%3) * time.Second)
		server.Start(t)
	}
	s.advance(10, everybody)
	s.end()
	t.Logf("%d kills", kills)
}

// Replicas are killed, and a server of NATS while they are away.
func TestKilledReplicasOnNATSLoseAndDoubleNothing(t *testing.T) {
	skipShort(t)
	server := natstest.NewProcess(t, t.TempDir())
	s := begin(t, plan{replicas: 2, nats: server})
	for n := range 6 {
		i := s.random.IntN(len(s.fleet))
		s.advance(1+s.random.IntN(10), everybody)
		s.fleet[i].kill()
		s.advance(1+s.random.IntN(10), elsewhere(i))
		if n%2 == 1 {
			server.Kill()
			server.Start(t)
		}
		if err := s.fleet[i].start(s.ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.end()
}

// All subscribers on all replicas see one order, and nobody has to try again.
func TestReplicasOnNATSHaveOneOrder(t *testing.T) {
	skipShort(t)
	s := begin(t, plan{replicas: 3, nats: natstest.NewProcess(t, t.TempDir())})
	s.advance(50, everybody)
	s.end()
	s.undisturbed()
}

// streamed returns the log as the stream has it.
func streamed(t *testing.T, ctx context.Context, url string) (all []sight) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(ctx, "TIDINGS")
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
		m, err := stream.GetMsg(ctx, seq)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(m.Header["C"][0], "tidings.") {
			e, err := sighted(m)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
	}
	return all
}

// sighted returns the event that a message is.
func sighted(m *jetstream.RawStreamMsg) (sight, error) {
	nano, err := strconv.ParseInt(m.Header["N"][0], 10, 64)
	if err != nil {
		return sight{}, err
	}
	owner, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(m.Subject, "TIDINGS.e."))
	if err != nil {
		return sight{}, fmt.Errorf("%s: %w", m.Subject, err)
	}
	return sight{tidings.NewID(time.Unix(0, nano), m.Sequence), string(owner), string(m.Data)}, nil
}
