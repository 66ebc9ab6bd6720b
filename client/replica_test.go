package client_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A replica is a server of a log that others serve too. It can be killed, with
// all that is under way, and comes back at its address.
type replica struct {
	t      *testing.T
	log    *tidingstest.SliceLog
	addr   string
	server *http.Server
	hub    *tidings.Hub
	ended  chan struct{}
}

// newReplica returns a replica that runs until the test ends.
func newReplica(t *testing.T, log *tidingstest.SliceLog) *replica {
	t.Helper()
	r := &replica{t: t, log: log, addr: "127.0.0.1:0"}
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *replica) url() string { return "http://" + r.addr }

// start serves.
func (r *replica) start() {
	r.t.Helper()
	listener, err := net.Listen("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.addr = listener.Addr().String()
	if r.hub, err = tidings.New(context.WithoutCancel(r.t.Context()), r.log, &tidings.Options{MaxConnections: -1}); err != nil {
		r.t.Fatal(err)
	}
	opts := &httpapi.Options{SingleTenant: true, Retry: time.Millisecond}
	server, ended := &http.Server{Handler: httpapi.New(r.hub, opts)}, make(chan struct{})
	r.server, r.ended = server, ended
	go func() { // until kill
		defer close(ended)
		_ = server.Serve(listener)
	}()
}

// kill cuts all connections and takes no more.
func (r *replica) kill() {
	r.server.Close()
	<-r.ended
	r.hub.Close()
}

// Three servers, of which the one that works is killed again and again while
// one Client publishes and follows.
func TestNothingIsLostOrRepeatedWhileServersDie(t *testing.T) {
	const total, each = 600, 40
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log := tidingstest.NewSliceLog(nil)
	var replicas []*replica
	var urls []string
	for range 3 {
		r := newReplica(t, log.Replica())
		replicas, urls = append(replicas, r), append(urls, r.url())
	}
	turns, retries := 0, new(atomic.Int64)
	c := connect(t, urls[0], &client.Options{Fallbacks: urls[1:], Hooks: client.Hooks{
		Connected: func(string) { turns++ },
		Retrying: func(err error, _ time.Duration) {
			if err != nil && strings.Contains(err.Error(), "send: ") {
				retries.Add(1)
			}
		},
	}})
	done, permits := make(chan error, 1), make(chan struct{}, total+each)
	for range each { // so many events the publisher is ahead
		permits <- struct{}{}
	}
	go func() { done <- publishEach(ctx, c, total, permits) }()

	seen := 0
	for e, err := range c.Follow(ctx, client.Stream{Name: "contexts", User: "alice", FromStart: true}) {
		if err != nil {
			t.Fatalf("after %d events: %v", seen, err)
		}
		if string(e.Data) != payload(seen) || e.ID.Seq() != uint64(seen+1) {
			t.Fatalf("event %d is %s %s, want %s", seen, e.ID, e.Data, payload(seen))
		}
		permits <- struct{}{}
		if seen++; seen == total {
			break
		}
		if seen%each == 0 {
			dead := seen / each
			replicas[(dead-1)%3].kill()
			if dead > 1 {
				replicas[(dead-2)%3].start()
			}
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, head, err := log.Bounds(ctx); err != nil || head.Seq() != total {
		t.Errorf("the log ends with %s, %v, want %d events", head, err, total)
	}
	if turns < 5 || retries.Load() < 5 {
		t.Errorf("%d connections and %d publications sent again prove little", turns, retries.Load())
	}
}

// publishEach publishes events one by one, each when it has a permit.
func publishEach(ctx context.Context, c *client.Client, total int, permits <-chan struct{}) error {
	for n := range total {
		select {
		case <-permits:
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := c.Publish(ctx, tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(payload(n))}); err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
	}
	return nil
}
