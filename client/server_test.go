package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
)

// serve runs a hub behind a real socket. Clients need not wait long before
// they come back.
func serve(t *testing.T, log tidings.Log, opts httpapi.Options) (*tidings.Hub, *httptest.Server) {
	t.Helper()
	hub, err := tidings.New(t.Context(), log, &tidings.Options{MaxConnections: -1})
	if err != nil {
		t.Fatal(err)
	}
	opts.Retry = time.Millisecond
	server := httptest.NewServer(httpapi.New(hub, &opts))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		hub.Close()
	})
	return hub, server
}

// connect returns a client that is closed with the test.
func connect(t *testing.T, url string, opts *client.Options) *client.Client {
	t.Helper()
	c, err := client.New(url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestEverythingArrivesOnceOverConnectionsThatAreCut(t *testing.T) {
	const total = 600
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	hub, server := serve(t, nil, httpapi.Options{})
	backend := strings.TrimPrefix(server.URL, "http://")
	cutPublishing := newCutter(t, backend, 100, 12_000, true)
	done := make(chan error, 1)
	go func() { done <- publishAll(ctx, connect(t, cutPublishing.url(), nil), total) }()

	cutFollowing := newCutter(t, backend, 500, 5000, false)
	follower := connect(t, cutFollowing.url(), nil)
	seen := 0
	for e, err := range follower.Follow(ctx, client.Stream{Name: "contexts", User: "alice", FromStart: true}) {
		if err != nil {
			t.Fatalf("after %d events: %v", seen, err)
		}
		want := payload(seen)
		if string(e.Data) != want || e.Channel != "system" || e.ID.Seq() != uint64(seen+1) {
			t.Fatalf("event %d is %s %s %s, want %s", seen, e.ID, e.Channel, e.Data, want)
		}
		if seen++; seen == total {
			break
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := hub.Stats().Published; got != total || seen != total {
		t.Errorf("the log has %d events, %d were seen, want %d", got, seen, total)
	}
	if f, p := cutFollowing.count(), cutPublishing.count(); f < 10 || p < 5 {
		t.Errorf("%d and %d cuts prove little", f, p)
	}
}

// The same from nothing: a state, once, and everything after it.
func TestOneSnapshotAndWhatFollowsArriveOverConnectionsThatAreCut(t *testing.T) {
	const total = 300
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, server := serve(t, nil, httpapi.Options{})
	cut := newCutter(t, strings.TrimPrefix(server.URL, "http://"), 400, 2500, false)
	done, seen := make(chan error, 1), -1
	for e, err := range connect(t, cut.url(), nil).Follow(ctx, client.Stream{Name: "contexts", User: "alice"}) {
		if err != nil {
			t.Fatalf("after %d events: %v", seen, err)
		}
		if seen++; seen == 0 {
			if e.Channel != tidings.System || e.Type != "CONTEXTS_SNAPSHOT" || e.ID.Seq() != 0 {
				t.Fatalf("it begins with %+v", e)
			}
			go func() { done <- publishAll(ctx, connect(t, server.URL, nil), total) }()
			continue
		}
		if want := payload(seen - 1); string(e.Data) != want || e.Channel != tidings.System || e.Type != "" || e.ID.Seq() != uint64(seen) {
			t.Fatalf("event %d is %s %s %s, want %s", seen, e.ID, e.Type, e.Data, want)
		}
		if seen == total {
			break
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := cut.count(); n < 10 {
		t.Errorf("%d cuts prove little", n)
	}
}

// payload returns what event n says.
func payload(n int) string {
	return fmt.Sprintf(`{ "n": %d, "x": "%s"}`, n, strings.Repeat("é", n%40))
}

// publishAll publishes events one by one and in batches, in order.
func publishAll(ctx context.Context, c *client.Client, total int) error {
	for n := 0; n < total; {
		var batch []tidings.Event
		for range 1 + n%7 {
			if n < total {
				batch = append(batch, tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(payload(n))})
				n++
			}
		}
		if _, err := c.PublishBatch(ctx, batch); err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
	}
	return nil
}

func TestFollowTellsOfLoss(t *testing.T) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 3}})
	defer log.Close()
	_, server := serve(t, log, httpapi.Options{SingleTenant: true})
	c := connect(t, server.URL, nil)
	var first tidings.Receipt
	for n := range 10 {
		r, err := c.PublishRaw(t.Context(), tidings.Event{Channel: "system", Data: []byte(payload(n))})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = r
		}
	}
	var got []string
	for e, err := range c.Follow(t.Context(), client.Stream{Name: "feed", After: first.ID}) {
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			got = append(got, fmt.Sprintf("lost %d %s", lost.After.Seq(), lost.Reason))
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, string(e.Data)); len(got) == 4 {
			break
		}
	}
	check(t, "seen", strings.Join(got, "\n"), strings.Join([]string{"lost 1 expired", payload(7), payload(8), payload(9)}, "\n"))
}

func TestFollowGoesOnAfterADrain(t *testing.T) {
	hub, server := serve(t, nil, httpapi.Options{SingleTenant: true})
	drained := httpapi.New(hub, &httpapi.Options{SingleTenant: true, DrainWindow: -1, Retry: time.Millisecond})
	old := httptest.NewServer(drained)
	defer old.Close()
	moved := false
	c := connect(t, "http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		r.URL.Host = strings.TrimPrefix(old.URL, "http://")
		if moved {
			r.URL.Host = strings.TrimPrefix(server.URL, "http://")
		}
		r.Host = r.URL.Host
		return http.DefaultTransport.RoundTrip(r)
	})}, Hooks: client.Hooks{Retrying: func(error, time.Duration) { moved = true }}})
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	publish := func(n int) {
		if _, err := hub.Publish(t.Context(), tidings.Event{Channel: "agui", Session: "s", Data: []byte(payload(n))}); err != nil {
			t.Error(err)
		}
	}
	publish(0)
	seen := 0
	for e, err := range c.Follow(t.Context(), client.Stream{Name: "agui", FromStart: true}) {
		if err != nil || string(e.Data) != payload(seen) {
			t.Fatalf("event %d is %s, %v", seen, e.Data, err)
		}
		if seen++; seen == 3 {
			break
		}
		if seen == 1 {
			if err := drained.Drain(t.Context()); err != nil {
				t.Error(err)
			}
			publish(1)
			publish(2)
		}
	}
	if !moved {
		t.Error("the drain ended nothing")
	}
}

// A roundTrip is a function that is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFollowIsRefused(t *testing.T) {
	_, server := serve(t, nil, httpapi.Options{})
	for _, tt := range []struct{ stream, user, kind string }{
		{"contexts", "", "user-missing"},
		{"nothing", "alice", "not-found"},
	} {
		for _, err := range connect(t, server.URL, nil).Follow(t.Context(), client.Stream{Name: tt.stream, User: tt.user}) {
			if p, ok := errors.AsType[*client.ProblemError](err); !ok || p.Kind != tt.kind {
				t.Errorf("%s of %q: %v, want %s", tt.stream, tt.user, err, tt.kind)
			}
		}
	}
}
