package load_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/load"
)

// options returns those for a short run against a hub.
func options(h *hub) *load.Options {
	return &load.Options{
		Server: h.url, SubscribeURL: "/sub/{user}", PublishURL: "/pub/{user}", Connections: 20,
		Warmup: time.Millisecond, Duration: 200 * time.Millisecond, Patience: 2 * time.Second,
	}
}

// run runs, which has to succeed.
func run(t *testing.T, o *load.Options) *load.Report {
	t.Helper()
	report, err := load.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEveryDeliveryIsCounted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		set  func(*load.Options)
	}{
		{"broadcast", func(*load.Options) {}},
		{"broadcast, 16 outstanding", func(o *load.Options) { o.Window = 16 }},
		{"broadcast in batches", func(o *load.Options) { o.Batch, o.Window, o.PublishURL = 5, 20, "/lines" }},
		{"one owner each", func(o *load.Options) { o.Scenario, o.Publishers = load.Owners, 3 }},
		{"one owner each, in batches", func(o *load.Options) { o.Scenario, o.Batch, o.PublishURL = load.Owners, 10, "/lines" }},
		{"one owner each, on open requests", func(o *load.Options) {
			o.Scenario, o.Publishers, o.NDJSON, o.PublishURL = load.Owners, 3, true, "/open"
		}},
		{"few owners", func(o *load.Options) { o.Owners, o.Window = 3, 4 }},
		{"at a rate", func(o *load.Options) { o.Rate = 300 }},
		{"large", func(o *load.Options) { o.Size = 100_000 }},
	} {
		h := newHub(t)
		o := options(h)
		tt.set(o)
		r := run(t, o)
		each := 20 / max(r.Owners, 1)
		events, frames := h.counts()
		if r.Deliveries < 1 || r.Deliveries > frames || frames > events*(each+1) {
			t.Errorf("%s: %d deliveries of %d frames of %d events", tt.name, r.Deliveries, frames, events)
		}
		if r.Events > events || r.Latency == nil || r.Latency.Count != uint64(r.Deliveries) {
			t.Errorf("%s: %d of %d events, %+v", tt.name, r.Events, events, r)
		}
	}
}

// An open loop publishes what is due, no more and no less.
func TestARateIsKept(t *testing.T) {
	o := options(newHub(t))
	o.Rate, o.Publishers, o.Duration = 100, 20, 500*time.Millisecond
	if r := run(t, o); r.EventsPerSecond < 50 || r.EventsPerSecond > 110 {
		t.Errorf("%v events/s, want 100", r.EventsPerSecond)
	}
}

// A server that stands still for a while delays all events that were due
// meanwhile, and not only the one whose answer it owes.
func TestLatencyCountsFromWhenAnEventWasDue(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(h *hub) {
		h.slow = func(number int) {
			if number == 3 {
				<-time.After(300 * time.Millisecond)
			}
		}
	})
	o := options(h)
	o.Rate, o.Publishers, o.Duration = 100, 1, 600*time.Millisecond
	r := run(t, o)
	if r.Latency.Max < 290e3 || r.Latency.P90 < 150e3 || r.Answers.P90 < 150e3 {
		t.Errorf("of 60 events 30 were due in a pause of 300 ms: latency %+v, answers %+v", r.Latency, r.Answers)
	}
}

func TestViolationsAreErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, says string
		wrong      func(subscriber, number int, frame string) []string
	}{
		{"repeats", "event 2 arrived", func(s, n int, frame string) []string { return only(s == 7 && n == 3, frame, frame) }},
		{"repeats to all", "arrived again", func(_, n int, frame string) []string { return only(n == 3, frame, frame) }},
		{"loses", "is missing", func(s, n int, _ string) []string { return only(s == 7 && n == 3, "") }},
		{"loses to all", "events are missing", func(_, n int, _ string) []string { return only(n == 3, "") }},
		{"loses the last", "events are missing", func(s, n int, _ string) []string { return only(s == 7 && n >= 3, "") }},
		{"reorders", "is missing, repeated or out of order", reorder(func(s int) bool { return s == 7 })},
		{"reorders to all", "which its publisher sent later", reorder(func(int) bool { return true })},
		{"goes back", "is not after the position", func(_, n int, frame string) []string {
			return only(n == 3, strings.Replace(frame, "\nid: 3\n", "\nid: 1\n", 1))
		}},
		{"invents", "was not published in this run", func(s, n int, frame string) []string {
			return only(s == 7 && n == 3, strings.Replace(frame, `"n":1`, `"n":9`, 1))
		}},
		{"tells of a loss", "a frame that was not published", func(s, n int, _ string) []string {
			return only(s == 7 && n == 3, "event: tidings.lost\ndata: {}\n\n")
		}},
		{"ends a stream", "its stream ended", func(s, n int, _ string) []string { return only(s == 7 && n == 3, "end") }},
	} {
		h := newHub(t, func(h *hub) { h.wrong = tt.wrong })
		o := options(h)
		// One publisher sends one after the other and does not wait for
		// subscribers, so there is something to swap.
		o.Window, o.Publishers, o.Patience = 8, 1, 300*time.Millisecond
		if report, err := load.Run(t.Context(), o); err == nil || report != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("a server that %s: got %v, want something with %q", tt.name, err, tt.says)
		}
	}
}

// only returns texts if something is so.
func only(so bool, texts ...string) []string {
	if !so {
		return nil
	}
	return texts
}

// reorder returns what swaps the frames of two events for some.
func reorder(whom func(subscriber int) bool) func(int, int, string) []string {
	held := map[int]string{}
	return func(s, n int, frame string) []string {
		switch {
		case n == 3 && whom(s):
			held[s] = frame
			return []string{""}
		case n == 4 && whom(s):
			return []string{frame, held[s]}
		}
		return nil
	}
}

// An event must not reach somebody to whom it does not belong.
func TestAnotherOwnersEventIsAnError(t *testing.T) {
	t.Parallel()
	var first string
	h := newHub(t, func(h *hub) {
		h.wrong = func(_, n int, frame string) []string {
			if n == 1 {
				first = frame
			}
			return only(n == 2, first)
		}
	})
	o := options(h)
	o.Scenario, o.Publishers = load.Owners, 1
	if _, err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "arrived at a subscriber of owner") {
		t.Errorf("got %v", err)
	}
}

func TestARefusalSaysWhy(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(h *hub) { h.refuse = 429 })
	if _, err := load.Run(t.Context(), options(h)); err == nil || !strings.Contains(err.Error(), "status 429: no more of you") {
		t.Errorf("streams: got %v", err)
	}
	o := options(newHub(t))
	o.PublishURL = "/nowhere"
	if _, err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "status 404") {
		t.Errorf("publishing: got %v", err)
	}
	o.Server = "http://127.0.0.1:1"
	if _, err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("nobody there: got %v", err)
	}
	o.Server = "ftp://127.0.0.1"
	if _, err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "want an address such as") {
		t.Errorf("no server of this kind: got %v", err)
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	o := options(newHub(t))
	o.Duration = time.Hour
	if _, err := load.Run(ctx, o); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

func TestAHerdGetsWhatItIsOwed(t *testing.T) {
	t.Parallel()
	o := options(newHub(t))
	o.Scenario, o.Owed, o.Warmup = load.Herd, 30, 50*time.Millisecond
	r := run(t, o)
	if r.Deliveries != 20*30 || r.Herd.Seconds <= 0 || r.Herd.Usual == nil {
		t.Errorf("%d deliveries, %+v", r.Deliveries, r.Herd)
	}
	o = options(newHub(t, func(h *hub) { h.pieces = true }))
	o.Scenario, o.Owed, o.Connections, o.Warmup = load.Herd, 30, 200, 50*time.Millisecond
	if r := run(t, o); r.Deliveries != 200*30 {
		t.Errorf("in pieces: %d deliveries", r.Deliveries)
	}
	o = options(newHub(t, func(h *hub) { h.forgets = 5 }))
	o.Scenario, o.Owed, o.Patience = load.Herd, 30, 300*time.Millisecond
	if _, err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a hub that forgets: got %v", err)
	}
}

// Readers that stall are not waited for, and their end is seen although they do
// not read it.
func TestStalledReadersAreCut(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(h *hub) { h.deadline = 1500 * time.Millisecond })
	o := options(h)
	o.Scenario, o.Stalled, o.Size, o.Rate, o.Duration = load.Stalled, 5, 100_000, 10, 3500*time.Millisecond
	r := run(t, o)
	if r.Stalled.Readers != 5 || r.Stalled.Cut != 5 || r.Stalled.First < 1.5 || r.Stalled.Last < r.Stalled.First {
		t.Errorf("%+v", r.Stalled)
	}
	if events, _ := h.counts(); r.Deliveries < 15 || r.Deliveries > 15*events {
		t.Errorf("%d deliveries of %d events to 15", r.Deliveries, events)
	}
}

func TestIdleConnectionsAndWhatTheServerUses(t *testing.T) {
	t.Parallel()
	o := options(newHub(t))
	o.Scenario, o.PIDs = load.Idle, []int{os.Getpid()}
	r := run(t, o)
	if r.Owners != 20 || r.Deliveries != 0 || r.Server == nil || r.Server.RSS <= 0 {
		t.Errorf("%+v, %+v", r, r.Server)
	}
	o.Scenario, o.PIDs = load.Broadcast, []int{os.Getpid(), os.Getpid()}
	r = run(t, o)
	if cpu := r.Server.PerDelivery * float64(r.Deliveries) / 1e6 / r.Seconds; cpu < r.Server.CPU*.99 || cpu > r.Server.CPU*1.01 || cpu <= 0 {
		t.Errorf("%.3g µs for each of %d deliveries are %.3g of a CPU, not %.3g", r.Server.PerDelivery, r.Deliveries, cpu, r.Server.CPU)
	}
	o.PIDs = []int{1 << 30}
	if _, err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), fmt.Sprint(1<<30)) {
		t.Errorf("a process that is not there: %v", err)
	}
}
