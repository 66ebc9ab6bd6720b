package tidings_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
)

func TestNoisySessionDoesNotEvictItsSiblings(t *testing.T) {
	for name, retain := range map[string]tidings.Retention{
		"by count": {Events: 20},
		"by bytes": {Bytes: 20_000},
		"by total": {Total: 60_000},
	} {
		t.Run(name, func(t *testing.T) {
			hub := newHub(t, smallLog(t, retain), nil)
			publishNumbers(t, hub, "u", "quiet", 0, 9)
			publishNumbers(t, hub, "calm", "s", 10, 19)
			for range 2000 {
				publishOne(t, hub, event("u", "noisy", payload200))
			}
			for _, sel := range []tidings.Selector{{User: "u", Sessions: []string{"quiet"}}, {User: "calm"}} {
				sub := subscribe(t, hub, sel, tidings.Oldest)
				if got := readAll(t, sub); len(got) != 10 {
					t.Errorf("%+v: got %v, want ten events", sel, got)
				}
			}
			if got := hub.Rings("u")["noisy"]; got == 0 || got > 100 {
				t.Errorf("the noisy session has %d events", got)
			}
			if lie := hub.Audit(); lie != "" {
				t.Errorf("wrong account: %s", lie)
			}
		})
	}
}

func TestBudgetHoldsUnderAMillionSessions(t *testing.T) {
	const budget = million * 32
	hub := newHub(t, smallLog(t, tidings.Retention{Total: budget}), nil)
	before := heap()
	for i := range million {
		publishOne(t, hub, event(fmt.Sprint("u", i%(million/5)), fmt.Sprint("s", i), payload200))
	}
	if used := heap() - before; used > budget*5/4 {
		t.Errorf("%d bytes of heap for a budget of %d", used, budget)
	}
	if s := hub.Stats(); s.Bytes > budget || s.Events == 0 {
		t.Errorf("%d bytes accounted for %d events", s.Bytes, s.Events)
	}
	if lie := hub.Audit(); lie != "" {
		t.Errorf("wrong account: %s", lie)
	}
}

func TestIdleTopicsAreFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil, nil)
		defer hub.Close()
		publishOne(t, hub, event("u", "s", payload200))
		before := heap()
		for i := range million {
			user := fmt.Sprint("u", i)
			sub := subscribed(hub, tidings.Selector{User: user, Sessions: []string{"s"}})
			if i%10 == 0 {
				publishOne(t, hub, event(user, "s", payload200))
			}
			sub.Close()
		}
		time.Sleep(25 * time.Hour) // what was published is too old now
		synctest.Wait()
		if s := hub.Stats(); s.Users > 0 || s.Sessions > 0 || s.Events > 0 || s.Bytes > 0 {
			t.Errorf("still there: %+v", s)
		}
		if after := heap(); after > before*11/10 {
			t.Errorf("heap grew from %d to %d", before, after)
		}
	})
}

func TestOldEventsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, smallLog(t, tidings.Retention{Age: time.Minute}), nil)
		defer hub.Close()
		first := publishOne(t, hub, event("u", "s", "0")).ID
		time.Sleep(40 * time.Second)
		publishNumbers(t, hub, "u", "s", 1, 2)
		time.Sleep(40 * time.Second)
		synctest.Wait()
		if got := hub.Stats().Events; got != 2 {
			t.Errorf("%d events, want the 2 that are younger than a minute", got)
		}
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.After(first))
		defer sub.Close()
		if got, want := readAll(t, sub), numbers(1, 2); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := hub.Stats().Events; got != 0 {
			t.Errorf("%d events, want none", got)
		}
	})
}

// TestWindowAgainstAModel does random things and holds every view against a
// plain list.
func TestWindowAgainstAModel(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		limit := 1 + rng.IntN(40)
		hub := newHub(t, smallLog(t, tidings.Retention{Events: limit}), nil)
		model := map[[2]string][]string{}
		for i := range 2000 {
			user, session := fmt.Sprint("u", rng.IntN(3)), fmt.Sprint("s", rng.IntN(5)*rng.IntN(3))
			publishOne(t, hub, event(user, session, fmt.Sprint(i)))
			ring := append(model[[2]string{user, session}], fmt.Sprint(i))
			model[[2]string{user, session}] = ring[max(0, len(ring)-limit):]
		}
		for key, want := range model {
			sel := tidings.Selector{User: key[0], Sessions: []string{key[1]}}
			if got := readAll(t, subscribe(t, hub, sel, tidings.Oldest)); !slices.Equal(got, want[len(want)-len(got):]) || len(got) == 0 {
				t.Errorf("seed %d, %v: got %v, want %v", seed, key, got, want)
			}
			if got, want := hub.Rings(key[0])[key[1]], len(want); got != want {
				t.Errorf("seed %d, %v: %d retained, want %d", seed, key, got, want)
			}
		}
		if lie := hub.Audit(); lie != "" {
			t.Errorf("seed %d: wrong account: %s", seed, lie)
		}
	}
}

func TestLargestOwnerPaysFirst(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Total: 100_000}), nil)
	publishNumbers(t, hub, "small", "s", 0, 9)
	for i := range 1000 {
		publishOne(t, hub, event("large", fmt.Sprint(i%10), payload200))
	}
	if got := hub.Rings("small")["s"]; got != 10 {
		t.Errorf("the small owner has %d of 10 events", got)
	}
	rings := hub.Rings("large")
	for session, n := range rings {
		if n < 5 {
			t.Errorf("session %s of the large owner has %d events beside %v", session, n, rings)
		}
	}
}

// TestOldestIsTheFloorOfTheView reads from the start without a notice.
func TestOldestIsTheFloorOfTheView(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 3}), nil)
	publishNumbers(t, hub, "u", "s", 0, 9)
	for _, sel := range []tidings.Selector{
		{User: "u"}, {User: "u", Sessions: []string{"s"}}, {User: "u", Sessions: []string{"s", "t"}}, {Everyone: true},
	} {
		if got, want := readAll(t, subscribe(t, hub, sel, tidings.Oldest)), numbers(7, 9); !slices.Equal(got, want) {
			t.Errorf("%+v: got %v, want %v", sel, got, want)
		}
	}
}

func TestThoseWhoWaitDoNotUseUpTheBudget(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Total: 20_000}), nil)
	var subs []*tidings.Subscription
	for i := range 100 {
		subs = append(subs, subscribe(t, hub, tidings.Selector{User: fmt.Sprint("u", i), Sessions: []string{"s"}}, tidings.Live))
	}
	for i, sub := range subs[:10] {
		publishNumbers(t, hub, fmt.Sprint("u", i), "s", i, i)
		if got, want := readAll(t, sub), numbers(i, i); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if lie := hub.Audit(); lie != "" {
		t.Errorf("wrong account: %s", lie)
	}
}
