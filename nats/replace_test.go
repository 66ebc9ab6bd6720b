package nats_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// A replica is a hub with a log of its own, and what one of its subscribers saw:
// the data of events, and what he was told.
type replica struct {
	hub *tidings.Hub

	mu   sync.Mutex // guards saw
	saw  []string
	work sync.WaitGroup
}

func newReplica(t *testing.T, l *nats.Log) *replica {
	t.Helper()
	hub, err := tidings.New(t.Context(), l, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{hub: hub}
	r.work.Go(func() { r.follow(t.Context()) })
	t.Cleanup(func() {
		hub.Close()
		r.work.Wait()
	})
	return r
}

// follow subscribes from the start, and again with the last position where it ends.
func (r *replica) follow(ctx context.Context) {
	start := tidings.Oldest
	for ctx.Err() == nil {
		sub, err := r.hub.Subscribe(tidings.Selector{Everyone: true}, start)
		if errors.Is(err, tidings.ErrClosed) {
			return
		}
		for e, err := range sub.Events(ctx) {
			lost, _ := errors.AsType[*tidings.LostError](err)
			switch {
			case lost != nil:
				r.note("lost: " + lost.Reason)
			case errors.Is(err, tidings.ErrReplaced):
				r.note("replaced")
			case err == nil:
				r.note(string(e.Data))
			}
		}
		start = tidings.After(sub.Position())
		sub.Close()
	}
}

func (r *replica) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saw = append(r.saw, what)
}

// seen returns what the subscriber saw.
func (r *replica) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.saw)
}

// publish publishes a number until it is acknowledged.
func (r *replica) publish(ctx context.Context, n int) error {
	e := tidings.Event{User: "alice", Channel: tidings.System, Key: strconv.Itoa(n), Data: []byte(strconv.Itoa(n))}
	for {
		_, err := r.hub.Publish(ctx, e)
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// content returns the data of all events of a log.
func content(t *testing.T, l *nats.Log) (all []string) {
	t.Helper()
	for batch, err := range l.Read(t.Context(), tidings.Selector{Everyone: true}, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			all = append(all, string(e.Data))
		}
	}
	return all
}

// Publishers go on while the stream goes and another comes. What was in the first
// is gone, and who follows is told where.
func TestWhoFollowsIsToldThatTheLogIsAnother(t *testing.T) {
	for name, replace := range map[string]func(t *testing.T, p *natstest.Process, b *backend){
		"the stream is deleted": func(t *testing.T, _ *natstest.Process, b *backend) {
			b.do(t, func(js jetstream.JetStream) error { return js.DeleteStream(t.Context(), b.opts.Stream) })
		},
		"the server's files are gone": func(t *testing.T, p *natstest.Process, _ *backend) {
			p.Kill()
			if err := os.RemoveAll(p.Dir()); err != nil {
				t.Fatal(err)
			}
			p.Start(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := natstest.NewProcess(t, t.TempDir())
			b := newBackend(t, p.URL())
			replicas := []*replica{newReplica(t, b.open(t)), newReplica(t, b.open(t))}
			published := make(chan int)
			done := make(chan error, 1)
			go func() { // ends when nobody wants another number
				var err error
				n := 0
				for range published {
					n++
					err = errors.Join(err, replicas[n%2].publish(t.Context(), n))
				}
				done <- err
			}()
			advance := func(n int) {
				for range n {
					published <- 0
				}
			}
			advance(50)
			replace(t, p, b)
			now := b.open(t)
			advance(50)
			close(published)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			want := content(t, now)
			for i, r := range replicas {
				waitFor(t, "end of what was published", func() bool { return slices.Contains(r.seen(), "100") })
				if err := judge(r.seen(), want); err != nil {
					t.Errorf("replica %d: %v", i, err)
				}
			}
		})
	}
}

// judge says what is wrong with what a subscriber saw: numbers from one on, that
// the log was replaced, and then the new log.
func judge(saw, want []string) error {
	at := slices.Index(saw, "replaced")
	if at < 0 {
		return fmt.Errorf("nobody said that the log was replaced, in %q", saw)
	}
	for i, n := range saw[:at] {
		if n != strconv.Itoa(i+1) {
			return fmt.Errorf("as number %d of the first log came %s", i+1, n)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(saw[at:]), func(s string) bool { return !strings.ContainsAny(s[:1], "0123456789") })
	if !slices.Contains(saw[at:], "lost: "+tidings.LostForeign) || !slices.Equal(rest, want) {
		return fmt.Errorf("after the first log came %q, want to be told of a loss, and then %q", saw[at:], want)
	}
	return nil
}

// What was discarded of a stream says nothing about one that has its name after it.
func TestAStreamInThePlaceOfAnotherHasAFloorOfItsOwn(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	l := b.open(t)
	if _, err := l.Append(t.Context(), events("1", "2", "3")); err != nil {
		t.Fatal(err)
	}
	if err := l.DiscardThrough(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	b.do(t, func(js jetstream.JetStream) error { return js.DeleteStream(t.Context(), b.opts.Stream) })
	now := b.open(t)
	if _, err := now.Append(t.Context(), events("1", "2", "3")); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*nats.Log{l, now} {
		if floor, _, err := l.Bounds(t.Context()); err != nil || floor.Seq() != 0 || len(content(t, l)) != 3 {
			t.Errorf("got the floor %s and %d events, %v", floor, len(content(t, l)), err)
		}
	}
}
