package tidings_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings"
)

func TestReplayThenLiveUnderConcurrentPublishing(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		const subscribers = 10_000
		const events = subscribers + 500
		ids := make([]tidings.ID, events)
		published := make(chan int, 50)
		var publisher sync.WaitGroup
		publisher.Go(func() {
			defer close(published)
			for i := range events {
				ids[i] = publish(t, hub, event("u", fmt.Sprint("s", i%7), fmt.Sprint(i)))[0].ID
				published <- i
			}
		})
		rng := rand.New(rand.NewPCG(1, 2))
		for range subscribers {
			latest := <-published
			from := max(0, latest-rng.IntN(100))
			follow(t, hub, ids[from], from+1, latest+2)
		}
		for range published { // let the publisher finish
		}
		publisher.Wait()
	})
}

// follow subscribes after a position and expects the events first..last.
func follow(t *testing.T, hub *tidings.Hub, after tidings.ID, first, last int) {
	t.Helper()
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(after))
	defer sub.Close()
	got := read(t, sub, last-first+1)
	if want := numbers(first, last); !slices.Equal(got, want) {
		t.Fatalf("after %s: got %v, want %v", after, got, want)
	}
}

func TestEverySubscriberSeesTheSameOrder(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		const publishers, each = 1000, 5
		selectors := []tidings.Selector{
			{Everyone: true}, {User: "u"}, {User: "u", Sessions: []string{"s1", "s2"}}, {User: "u", Sessions: []string{"s3"}},
			{User: "u", Types: []string{"CUSTOM"}}, {User: "u", Channels: []tidings.Channel{tidings.AGUI}},
		}
		var subs []*tidings.Subscription
		for _, sel := range selectors {
			subs = append(subs, subscribe(t, hub, sel, tidings.Live))
		}
		var wg sync.WaitGroup
		for p := range publishers {
			wg.Go(func() {
				for i := range each {
					publish(t, hub, event("u", fmt.Sprint("s", p%5), fmt.Sprint(p*each+i)))
				}
			})
		}
		wg.Wait()
		snapshot, err := hub.Snapshot(t.Context(), selectors[0], publishers*each)
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, snapshot.Events, publishers, each)
		for i, sub := range subs {
			var want []string
			for _, e := range snapshot.Events {
				if selectors[i].Matches(&e) {
					want = append(want, string(e.Data))
				}
			}
			if got := read(t, sub, len(want)); !slices.Equal(got, want) {
				t.Errorf("%+v: sees another order", selectors[i])
			}
		}
	})
}

// checkOrder expects each publisher's events in their order, and IDs that
// increase.
func checkOrder(t *testing.T, events []tidings.Event, publishers, each int) {
	t.Helper()
	if len(events) != publishers*each {
		t.Fatalf("got %d events, want %d", len(events), publishers*each)
	}
	next := make([]int, publishers)
	for i, e := range events {
		var n int
		fmt.Sscan(string(e.Data), &n)
		if next[n/each] != n%each {
			t.Fatalf("publisher %d: got its event %d, want %d", n/each, n%each, next[n/each])
		}
		next[n/each]++
		if i > 0 && e.ID.Compare(events[i-1].ID) <= 0 {
			t.Fatalf("%s comes after %s", e.ID, events[i-1].ID)
		}
	}
}

func TestSnapshotContinuesWithoutGapOrOverlap(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		const events = 2000
		var publisher sync.WaitGroup
		publisher.Go(func() {
			for i := range events {
				publish(t, hub, event("u", "s", fmt.Sprint(i)))
			}
		})
		for next := 0; next < events; {
			snapshot, err := hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, events)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range snapshot.Events {
				got = append(got, string(e.Data))
			}
			next = len(got)
			sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(snapshot.Cursor))
			got = append(got, read(t, sub, min(3, events-next))...)
			sub.Close()
			if want := numbers(0, len(got)-1); !slices.Equal(got, want) {
				t.Fatalf("snapshot of %d and what follows: got %v", next, got)
			}
			if snapshot.Cursor.IsZero() {
				t.Fatal("no cursor")
			}
		}
		publisher.Wait()
	})
}

func TestSnapshotKeepsTheNewest(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		for i := range 700 {
			publish(t, hub, event("u", fmt.Sprint(i%2), fmt.Sprint(i)), event("other", "0", "1"))
		}
		for _, c := range []struct {
			sel   tidings.Selector
			limit int
			want  string
		}{
			{tidings.Selector{User: "u"}, 3, "[697 698 699]"},
			{tidings.Selector{User: "u", Sessions: []string{"1"}}, 2, "[697 699]"},
			{tidings.Selector{User: "u", Types: []string{"none"}}, 2, "[]"},
			{tidings.Selector{User: "nobody"}, 2, "[]"},
			{tidings.Selector{Everyone: true}, 4, "[698 1 699 1]"},
		} {
			snapshot, err := hub.Snapshot(t.Context(), c.sel, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, e := range snapshot.Events {
				got = append(got, string(e.Data))
			}
			if got := fmt.Sprint(got); got != c.want {
				t.Errorf("%+v: got %s, want %s", c.sel, got, c.want)
			}
		}
		snapshot, _ := hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, 0)
		if got := len(snapshot.Events); got != 500 {
			t.Errorf("got %d events by default, want 500", got)
		}
	})
}
